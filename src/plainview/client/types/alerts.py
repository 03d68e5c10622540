"""Answers of the API: alerts; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Raised(TypedDict):
    """A candidate that an alert raised."""

    search_id: str
    rank: int
    reference_id: str
    source_url: str
    score: float
    seen: bool


class Alert(TypedDict):
    """An alert with its candidates."""

    id: str
    case: str
    by: str
    state: str
    expires: str
    candidates: list[Raised]


class Alerts(TypedDict):
    """A part of the list of alerts."""

    items: list[Alert]
    next: str | None
