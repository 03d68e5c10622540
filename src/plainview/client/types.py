"""What the API answers, as types; tests/unit/api/test_client.py compares them with the OpenAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NotRequired, TypedDict


class Case(TypedDict):
    """A case."""

    id: int
    number: str
    offence: str
    jurisdiction: str
    state: str
    opened_by: str
    opened_at: str
    closed_at: str | None


class Calibration(TypedDict):
    """How often a stranger reaches a score in this gallery."""

    once_in: float | None
    low: float | None
    high: float | None
    own_gallery: bool | None
    text: str


class Candidate(TypedDict):
    """One row of a candidate list. The score is a cosine, never a probability of identity."""

    rank: int
    score: float
    adjusted_score: float
    reference_id: str
    source_url: str
    page_url: str
    captured_on: str | None
    quality: int | None
    subject: str | None
    pictures: list[dict[str, Any]]
    calibration: Calibration


class Caution(TypedDict):
    """A caution about a list or one of its rows."""

    id: str
    rank: int | None
    text: str


class Search(TypedDict):
    """An answered search, as `plainview search --json` prints it."""

    search_id: str
    probe: dict[str, Any]
    gallery_size: int | None
    gallery_pictures: int | None
    incomplete: dict[str, Any] | None
    ordered_by: str
    likelihood_ratio: float | None
    candidates: list[Candidate]
    warnings: list[Caution]
    model: dict[str, str]
    audit: dict[str, Any]
    authorise_by: str | None
    shared_request: str | None
    for_agency: str | None
    sample: bool


class Reference(TypedDict):
    """One enrolled face with its origin."""

    id: str
    gallery: str
    face: int
    box: list[float]
    quality: int
    sha256: str
    file_name: str
    source_url: str
    page_url: str
    captured_on: str | None
    provenance: dict[str, Any]


class Failure(TypedDict):
    """A picture that could not be enrolled."""

    path: str
    code: str
    why: str


class Enrolled(TypedDict):
    """What an enrolment did."""

    enrolled: int
    duplicates: int
    references: list[Reference]
    failed: list[Failure]


class Result(TypedDict):
    """The result for one picture of a bulk enrolment."""

    line: int
    id: str
    outcome: str
    why: str
    references: list[str]


class Picture(TypedDict):
    """One picture of a bulk enrolment: a path or bytes, and where it comes from."""

    image: str | Path | bytes
    id: NotRequired[str]
    name: NotRequired[str]
    source_url: NotRequired[str]
    page_url: NotRequired[str]
    captured_on: NotRequired[str]
