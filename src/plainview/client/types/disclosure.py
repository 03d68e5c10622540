"""Answers of the API: disclosure; `make openapi` writes this file."""

from __future__ import annotations

from typing import Any, TypedDict


class Download(TypedDict):
    """A download of a package."""

    by: str
    at: str
    entry: int


class Package(TypedDict):
    """A package that the server makes and keeps."""

    id: str
    pictures: str
    reason: str
    asked_by: str
    asked_at: str
    made_at: str | None
    manifest_sha256: str
    items: int
    bytes: int
    entry: int | None
    downloads: list[Download]


class Grant(TypedDict):
    """Access of a person of the defence."""

    id: str
    email: str
    name: str
    pictures: str
    reason: str
    granted_by: str
    granted_at: str
    until: str
    revoked_at: str | None
    revoked_because: str


class Disclosure(TypedDict):
    """The disclosures of a search."""

    search: str
    packages: list[Package]
    grants: list[Grant]


class Granted(TypedDict):
    """A new grant."""

    grant: Grant
    code: str


class Exoneration(TypedDict):
    """A review."""

    id: str
    search: str
    state: str
    requester: str
    body: str
    reason: str
    charged_rank: int | None
    asked_at: str
    accepted: bool | None
    decided_because: str
    searches: list[str]
    answer: dict[str, Any] | None


class Exonerations(TypedDict):
    """A part of the list of reviews."""

    items: list[Exoneration]
    next: str | None
