"""Answers of the API: examination; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict

from plainview.client.types.searches import Caution


class Examination(TypedDict):
    """An examination."""

    id: str
    search: str
    rank: int
    by: str
    conclusion: str
    recorded_at: str
    status: str


class Examinations(TypedDict):
    """A part of the list of examinations."""

    items: list[Examination]
    next: str | None


class Pair(TypedDict):
    """A candidate beside the probe: the two faces upright and at one scale, as JPEG in base64."""

    search: str
    rank: int
    picture: str
    pictures: list[str]
    probe: str
    candidate: str
    cautions: list[Caution]
    recorded: str | None


class VerificationRow(TypedDict):
    """A verification that is assigned to you."""

    id: str
    assigned_at: str


class Verifications(TypedDict):
    """Your verifications."""

    items: list[VerificationRow]
    next: str | None


class BlindFace(TypedDict):
    """One face, as JPEG in base64."""

    position: int
    jpeg: str
    more: list[str]


class Blind(TypedDict):
    """All that a verifier sees."""

    id: str
    probe: str
    faces: list[BlindFace]


class Recorded(TypedDict):
    """A recorded verification."""

    id: str
    state: str
