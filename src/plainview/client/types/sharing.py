"""Answers of the API: sharing; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class SharedRow(TypedDict):
    """A request in a list."""

    id: str
    side: str
    other_agency: str
    state: str
    gallery: str
    offence: str
    until: str
    result: str


class SharedList(TypedDict):
    """A part of the requests."""

    items: list[SharedRow]
    next: str | None


class SharedCandidate(TypedDict):
    """A candidate of an answer: similar, not identified."""

    rank: int
    score: float
    meaning: str
    reference_id: str
    source_url: str
    lead: str | None
    outcome: str


class Shared(TypedDict):
    """A request, as your agency sees it."""

    id: str
    side: str
    other_agency: str
    state: str
    gallery: str
    offence: str
    until: str
    result: str
    agreement: str
    case: str
    by: str
    purpose: str
    authority: str
    origin: str
    quality: int
    edits: list[str]
    probe: str | None
    further: list[str]
    search: str | None
    closed_because: str
    candidates: list[SharedCandidate]


class SharedSearch(TypedDict):
    """The search of a request."""

    request: str
    search: str
