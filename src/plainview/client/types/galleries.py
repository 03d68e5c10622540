"""Answers of the API: galleries; `make openapi` writes this file."""

from __future__ import annotations

from typing import Any, TypedDict


class Contents(TypedDict):
    """The content of a gallery in numbers: what its page draws."""

    references: int
    pictures: int
    expunged: int
    subjects: int
    of_subjects: int
    quality: list[int]
    years: dict[str, int]
    undated: int
    calibrated_at: str | None
    changed_since: int


class Unusable(TypedDict):
    """A picture that could not be enrolled."""

    number: int
    path: str
    why: str
    viewable: bool


class Advice(TypedDict):
    """An enrolled face that may be hard to compare."""

    reference: str
    advice: list[str]


class Manifest(TypedDict):
    """How a manifest was read, and how its rows met their pictures."""

    name: str
    rows: int
    rows_without_picture: int
    pictures_without_row: int
    sentences: list[str]


class Enrolment(TypedDict):
    """An enrolment, with its outcome so far."""

    number: int
    gallery: str
    job: str | None
    name: str
    by: str
    started_at: str
    finished_at: str | None
    enrolled: int
    duplicates: int
    near_duplicates: int
    unusable: int
    failed: list[Unusable]
    kept_until: str | None
    doubtful: list[Advice]
    manifest: Manifest | None


class Enrolments(TypedDict):
    """A part of the list of enrolments."""

    items: list[Enrolment]
    next: str | None


class Gallery(TypedDict):
    """A gallery with its passport."""

    id: int
    name: str
    references: int
    basis: str
    source: str
    owner: str
    expires: str
    offences: list[str]
    created_at: str


class Galleries(TypedDict):
    """A part of the list of galleries."""

    items: list[Gallery]
    next: str | None


class Reference(TypedDict):
    """A reference: one enrolled face with its origin."""

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


class Failed(TypedDict):
    """A picture that could not be enrolled."""

    path: str
    code: str
    why: str


class Enrolled(TypedDict):
    """What an enrolment did."""

    enrolled: int
    duplicates: int
    references: list[Reference]
    failed: list[Failed]


class References(TypedDict):
    """A part of the list of references."""

    items: list[Reference]
    next: str | None


class Subject(TypedDict):
    """A person of a gallery; never a name."""

    subject: str
    number: str
    pictures: int
    first: str | None
    last: str | None


class Subjects(TypedDict):
    """A part of the people of a gallery."""

    items: list[Subject]
    next: str | None


class Changed(TypedDict):
    """What was changed."""

    subject: str
    changed: int
    pictures: int
    entry: int


class Erased(TypedDict):
    """An erased reference."""

    id: str
    erased: bool
    entry: int
