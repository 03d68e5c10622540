"""Answers of the API: oversight; `make openapi` writes this file."""

from __future__ import annotations

from typing import Any, TypedDict


class FlagRow(TypedDict):
    """A flag in a list."""

    id: str
    rule: str
    raised_at: str
    outcome: str


class Flags(TypedDict):
    """A part of the list of flags."""

    items: list[FlagRow]
    next: str | None


class Flag(TypedDict):
    """A flag with its evidence."""

    id: str
    rule: str
    raised_at: str
    outcome: str
    by: str
    search: str | None
    says: str
    evidence: Any
    note: str


class Entry(TypedDict):
    """An entry of the log: its public part, and the leaf of the tree."""

    number: int
    at: str
    action: str
    actor: str
    who: str
    subject: dict[str, Any]
    leaf: str


class Entries(TypedDict):
    """A part of the log, the newest first."""

    items: list[Entry]
    next: int | None


class Proof(TypedDict):
    """An entry with its proof that the log contains it; null if the newest checkpoint does not cover it yet."""

    entry: Entry
    proof: dict[str, Any] | None


class Checkpoint(TypedDict):
    """The newest signed head of the log, and the keys that sign it: keep both."""

    checkpoint: str
    keys: list[str]


class Consistency(TypedDict):
    """Proof that the log of one size is the beginning of the log of another (RFC 9162, section 2.1.4)."""

    first: int
    second: int
    proof: list[str]


class StatusPart(TypedDict):
    """The state of one part; it may have further figures."""

    ok: bool | None
    says: str


class Status(TypedDict):
    """The state of the deployment, with one entry for each part."""

    ok: bool
    version: str


class Report(TypedDict):
    """A report: the file that `plainview report check` reads, its SHA-256, and the entry of the log that has it."""

    report: dict[str, Any]
    sha256: str
    entry: int


class Schedule(TypedDict):
    """A schedule of reports."""

    id: str
    every: str
    emails: list[str]
    made_by: str
    sent_until: str
    stopped_at: str | None


class Schedules(TypedDict):
    """A part of the list of schedules."""

    items: list[Schedule]
    next: str | None


class Attested(TypedDict):
    """An attestation, which the register shows."""

    first: str
    last: str
    office: str
    entry: int


class Month(TypedDict):
    """The register of a month that is over, as it was published."""

    month: str
    sha256: str
    previous_sha256: str
    entry: int
    url: str


class Months(TypedDict):
    """A part of the registers of past months."""

    items: list[Month]
    next: str | None
