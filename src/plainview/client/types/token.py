"""Answers of the API: token; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Me(TypedDict):
    """The token, and the member for whom it stands."""

    member: str
    email: str
    agency: str
    roles: list[str]
    token: str
    service: str
    scopes: list[str]
    expires: str
