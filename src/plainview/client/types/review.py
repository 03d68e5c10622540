"""Answers of the API: review; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Aside(TypedDict):
    """A candidate that was set aside."""

    rank: int
    reason: str


class Review(TypedDict):
    """Your own review of a candidate list."""

    search: str
    aside: list[Aside]
    examined: list[int]
    none_of_these: str | None
