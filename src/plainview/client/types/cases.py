"""Answers of the API: cases; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


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


class Cases(TypedDict):
    """A part of the list of cases."""

    items: list[Case]
    next: str | None
