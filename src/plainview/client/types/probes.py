"""Answers of the API: probes; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class ProbeFace(TypedDict):
    """A face of the picture, after its edits."""

    number: int
    box: list[float]
    quality: int


class ProbePhotograph(TypedDict):
    """A further photograph of the same person, searched as one probe with the first."""

    number: int
    file_name: str
    sha256: str
    size: list[int]
    faces: list[ProbeFace]
    face: int | None
    notes: list[str]


class Probe(TypedDict):
    """A prepared probe."""

    id: str
    case: str
    file_name: str
    sha256: str
    size: list[int]
    edits: list[str]
    faces: list[ProbeFace]
    face: int | None
    origin: str
    purpose: str
    galleries: list[str]
    top: int
    notes: list[str]
    photographs: list[ProbePhotograph]
    changed_at: str
    used: bool


class Probes(TypedDict):
    """A part of the list of probes."""

    items: list[Probe]
    next: str | None


class Searched(TypedDict):
    """The searches of a probe, one for each gallery."""

    searches: list[str]
