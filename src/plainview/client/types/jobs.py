"""Answers of the API: jobs; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Job(TypedDict):
    """A job."""

    id: str
    kind: str
    state: str
    done: int
    total: int | None
    note: str
    asked_at: str
    finished_at: str | None


class Jobs(TypedDict):
    """A part of the list of jobs."""

    items: list[Job]
    next: str | None
