"""Answers of the API: rights; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Rights(TypedDict):
    """A request of a person about themselves."""

    id: str
    state: str
    due_on: str
    overdue: bool
    outcome: str
    wishes: list[str]


class RightsList(TypedDict):
    """A part of the requests."""

    items: list[Rights]
    next: str | None


class Looked(TypedDict):
    """A gallery that was searched for the person."""

    gallery: str
    compared: int
    listed: int
    entry: int


class Face(TypedDict):
    """A face that the search listed, or a reference that the person named."""

    face: int
    named: bool
    jpeg: str | None
    is_person: bool | None
    reference: str | None
    gallery: str | None
    source_url: str | None
    outcome: str
    rule: str
    entry: int | None


class RightsShown(TypedDict):
    """A request with what the person wrote, for those who confirm or answer; empty texts for everybody else."""

    id: str
    state: str
    due_on: str
    overdue: bool
    outcome: str
    wishes: list[str]
    name: str
    email: str
    post: str
    about: str
    named: list[str]
    photo: str | None
    identity_checked: str
    ground: str
    reason: str
    searched: list[Looked]
    faces: list[Face]
    answers: bool
    confirms: bool


class Faces(TypedDict):
    """The faces of a request."""

    faces: list[Face]
