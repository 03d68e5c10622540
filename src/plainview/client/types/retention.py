"""Answers of the API: retention; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Due(TypedDict):
    """What a retention rule will reach."""

    rule: str
    place: str
    count: int
    first: str
    on_hold: int
    says: str


class Upcoming(TypedDict):
    """What is due now and in the next 90 days."""

    now: int
    on_hold: int
    items: list[Due]


class Rules(TypedDict):
    """The agency's retention rules."""

    version: int
    text: str
    says: list[str]


class Event(TypedDict):
    """A recorded event."""

    kind: str
    happened_on: str
    case: str | None
    reference: str | None
    recorded_by: str
    recorded_at: str


class Events(TypedDict):
    """A part of the list of events."""

    items: list[Event]
    next: str | None


class EventRecorded(TypedDict):
    """How many events were recorded; 0 when all of them were recorded before."""

    new: int


class Imported(TypedDict):
    """A court's list, recorded whole. Nothing is erased by it."""

    rows: int
    new: int
    known: int
    erased: int
    notes: list[str]


class Run(TypedDict):
    """A list of things to be erased."""

    id: str
    state: str
    day: str
    digest: str
    proposed_by: str | None
    proposed_at: str


class Runs(TypedDict):
    """A part of the lists."""

    items: list[Run]
    next: str | None


class Item(TypedDict):
    """One line of a list."""

    number: int
    kind: str
    id: str
    place: str
    rule: str
    due_on: str
    state: str
    holds: list[str]
    entry: int | None


class Items(TypedDict):
    """A part of a list's lines."""

    items: list[Item]
    next: str | None


class Hold(TypedDict):
    """A hold."""

    id: str
    on: str
    reason: str
    authority: str
    placed_by: str
    placed_at: str
    review_on: str | None
    ended_by: str | None
    ended_at: str | None
    end_reason: str


class Holds(TypedDict):
    """A part of the list of holds."""

    items: list[Hold]
    next: str | None
