"""What bulk enrolment sends and answers: lines of a stream, which the document of the API cannot describe."""

from __future__ import annotations

from pathlib import Path
from typing import NotRequired, TypedDict


class Result(TypedDict):
    """The result for one picture of a bulk enrolment."""

    line: int
    id: str
    outcome: str
    why: str
    references: list[str]


class Picture(TypedDict):
    """One picture of a bulk enrolment: a path or bytes, and where it comes from."""

    image: str | Path | bytes
    id: NotRequired[str]
    name: NotRequired[str]
    source_url: NotRequired[str]
    page_url: NotRequired[str]
    captured_on: NotRequired[str]
    subject: NotRequired[str]
