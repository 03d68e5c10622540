"""Answers of the API: agreements; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Terms(TypedDict):
    """A version of an agreement."""

    version: int
    galleries: list[str]
    starts_on: str
    ends_on: str
    offences: list[str]
    purposes: list[str]
    askers: list[str]
    gives: str
    answer_days: int
    accepted: bool


class Agreement(TypedDict):
    """An agreement."""

    id: str
    searches: str
    asks: str
    state: str
    in_force: bool
    version: int | None
    to_accept: int | None
    versions: list[Terms]
    withdrawn_because: str


class Agreements(TypedDict):
    """A part of the list of agreements."""

    items: list[Agreement]
    next: str | None
