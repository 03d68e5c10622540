"""Answers of the API: leads; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict

from plainview.client.types.searches import Caution


class Lead(TypedDict):
    """A lead: never grounds for arrest by itself."""

    id: str
    case: str
    search: str
    rank: int
    examination: str
    released_by: str
    released_at: str
    line_up: str
    outcome: str | None


class Verdict(TypedDict):
    """A verifier's answer on the candidate."""

    by: str
    conclusion: str
    agrees: bool
    answered_at: str


class DecisionDue(TypedDict):
    """An examined candidate, as the supervisor who decides on it sees it; pictures are JPEG in base64."""

    examination: str
    case: str
    search: str
    rank: int
    score: float
    meaning: str
    examiner: str
    conclusion: str
    verdicts: list[Verdict]
    state: str
    cautions: list[Caution]
    probe: str | None
    candidate: str | None


class Withheld(TypedDict):
    """A decision not to release."""

    examination: str
    state: str


class Leads(TypedDict):
    """A part of the list of leads."""

    items: list[Lead]
    next: str | None
