"""Answers of the API: searches; `make openapi` writes this file."""

from __future__ import annotations

from typing import Any, TypedDict


class SearchedProbe(TypedDict):
    """The probe of a search."""

    sha256: str
    edits: list[str]
    notes: list[str]
    face: int
    box: list[float]
    quality: int | None
    turned: int
    quality_detail: dict[str, Any]
    provenance: dict[str, Any]
    frames: list[dict[str, Any]]


class Incomplete(TypedDict):
    """Parts of the gallery's index, and the numbers, from 0, of those that were not compared."""

    parts: int
    missing: list[int]


class PictureOut(TypedDict):
    """One picture of a candidate, with its own score."""

    reference_id: str
    score: float
    captured_on: str | None
    source_url: str
    quality: int | None


class Calibration(TypedDict):
    """How often strangers score this high in this gallery."""

    once_in: float | None
    low: float | None
    high: float | None
    own_gallery: bool | None
    text: str


class Candidate(TypedDict):
    """One row of a candidate list. A score is a cosine, never the probability that two pictures show one person."""

    rank: int
    score: float
    adjusted_score: float
    reference_id: str
    source_url: str
    page_url: str
    captured_on: str | None
    quality: int | None
    subject: str | None
    pictures: list[PictureOut]
    calibration: Calibration


class Caution(TypedDict):
    """A caution about a list or one of its rows."""

    id: str
    rank: int | None
    text: str


class Model(TypedDict):
    """The model that compared."""

    pack: str
    sha256: str


class Receipt(TypedDict):
    """Where the log has the search."""

    entry: int
    root: str
    size: int
    answer_entry: int | None


class Search(TypedDict):
    """An answered search, as `plainview search --json` prints it."""

    search_id: str
    probe: SearchedProbe
    gallery_size: int | None
    gallery_pictures: int | None
    incomplete: Incomplete | None
    ordered_by: str
    likelihood_ratio: float | None
    candidates: list[Candidate]
    warnings: list[Caution]
    model: Model
    audit: Receipt
    authorise_by: str | None
    shared_request: str | None
    for_agency: str | None
    sample: bool


class SearchRow(TypedDict):
    """A search in a list."""

    id: str
    case: str
    gallery: str
    purpose: str
    by: str
    at: str
    answered: bool


class Searches(TypedDict):
    """A part of the list of searches."""

    items: list[SearchRow]
    next: str | None
