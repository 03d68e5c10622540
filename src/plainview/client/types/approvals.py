"""Answers of the API: approvals; `make openapi` writes this file."""

from __future__ import annotations

from typing import Any, TypedDict


class Approval(TypedDict):
    """An approval: asked for, granted or denied."""

    id: str
    case: str
    by: str
    purpose: str
    requested_at: str
    expires_at: str | None
    granted: bool | None


class Urgent(TypedDict):
    """An urgent search that waits to be authorised."""

    search: str
    case: str
    by: str
    reason: str
    authorise_by: str


class Waiting(TypedDict):
    """Requests that a supervisor has to decide."""

    approvals: list[Approval]
    urgent: list[Urgent]


class Authorised(TypedDict):
    """An authorised search."""

    search: str
    state: str


class Lapsed(TypedDict):
    """An urgent search that nobody authorised in time, as an auditor sees it until it is erased."""

    search: str
    by: str
    until: str
    evidence: dict[str, Any]
    probe: str | None
