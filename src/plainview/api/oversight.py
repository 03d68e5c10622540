"""What lets others check: flags of likely misuse, the log with its proofs, and the state of the deployment.

Owns their fields on the API. An entry is shown to those who may see it on its page.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Query
from pydantic import BaseModel, ConfigDict, Field

from plainview.api.common import Cut, Day, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.audit.checkpoint import parse
from plainview.audit.merkle import consistency_proof_by
from plainview.casework.log import explorer
from plainview.casework.log.read import frontier_at, keys_of_log, leaf_at
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.misuse.flags import decide_flag, view_flag
from plainview.casework.misuse.read import flags
from plainview.casework.models import Flag
from plainview.casework.upkeep.read import status


class FlagRow(Out):
    """A flag in a list."""

    id: str
    rule: str
    raised_at: Moment
    outcome: str = Field(description="open, upheld or dismissed")


class FlagsOut(Out):
    """A part of the list of flags."""

    items: list[FlagRow]
    next: str | None


class FlagOut(FlagRow):
    """A flag with its evidence."""

    by: str = Field(description="E-mail address of the member whom it is about.")
    search: str | None
    says: str
    evidence: Any
    note: str


class FlagDecision(In):
    """An auditor's decision on a flag."""

    outcome: Short = Field(description="upheld or dismissed")
    reason: Text


def _brief(flag: Flag) -> dict[str, Any]:
    return {
        "id": flag.public_id,
        "rule": flag.rule,
        "raised_at": flag.raised_at,
        "outcome": flag.outcome or "open",
    }


def _flag(flag: Flag, content: dict[str, object]) -> FlagOut:
    return FlagOut(
        **_brief(flag),
        by=flag.member.email,
        search=flag.search.public_id if flag.search else None,
        says=str(content["says"]),
        evidence=content["evidence"],
        note=flag.note,
    )


def flag_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's flags, the newest first."""
    return slice_of(flags(member_of(request)), page, lambda flag: FlagRow(**_brief(flag)))


def flag_show(request: HttpRequest, id: str) -> FlagOut:  # noqa: A002  the name in the path
    """Return a flag with its evidence; the view is an entry of the log."""
    return _flag(*view_flag(id, acting_member=member_of(request)))


def flag_decide(request: HttpRequest, id: str, decision: Body[FlagDecision]) -> FlagRow:  # noqa: A002
    """Decide on a flag."""
    return FlagRow(**_brief(decide_flag(id, decision.outcome, decision.reason, acting_member=member_of(request))))


class EntryOut(Out):
    """An entry of the log: its public part, and the leaf of the tree."""

    number: int
    at: str
    action: str
    actor: str
    who: str
    subject: dict[str, Any]
    leaf: str = Field(description="Hash of the leaf (RFC 9162), hex.")


class EntriesOut(Out):
    """A part of the log, the newest first."""

    items: list[EntryOut]
    next: int | None = Field(description="Take it as `before` of the following request.")


class ProofOut(Out):
    """An entry with its proof that the log contains it; null if the newest checkpoint does not cover it yet."""

    entry: EntryOut
    proof: dict[str, Any] | None


class CheckpointOut(Out):
    """The newest signed head of the log, and the keys that sign it: keep both."""

    checkpoint: str = Field(description="C2SP signed note.")
    keys: list[str] = Field(description="Verifier keys, oldest first.")


class ConsistencyOut(Out):
    """Proof that the log of one size is the beginning of the log of another (RFC 9162, section 2.1.4)."""

    first: int
    second: int
    proof: list[str] = Field(description="Hashes, base64.")


class StatusPart(BaseModel):
    """The state of one part; it may have further figures."""

    model_config = ConfigDict(extra="allow")

    ok: bool | None = Field(description="Null: it is not known, or nothing to be well.")
    says: str


class StatusOut(BaseModel):
    """The state of the deployment, with one entry for each part."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, StatusPart]

    ok: bool
    version: str


class EntriesWanted(BaseModel):
    """A filter of entries."""

    model_config = ConfigDict(extra="forbid")

    action: Short = ""
    member: Short = ""
    since: Day | None = None
    until: Day | None = None
    before: int | None = Field(default=None, ge=0, le=2**62, description="Only entries with smaller numbers.")
    limit: int = Field(default=50, ge=1, le=100)


class Sizes(BaseModel):
    """Two sizes of the log."""

    model_config = ConfigDict(extra="forbid")

    first: int = Field(ge=1, le=2**62)
    second: int = Field(ge=1, le=2**62)


def _entry(shown: explorer.Shown) -> EntryOut:
    entry = shown.entry
    return EntryOut(
        number=entry.seq,
        at=entry.time,
        action=entry.action,
        actor=entry.actor,
        who=shown.who,
        subject=dict(entry.subject),
        leaf=entry.leaf().hex(),
    )


def log_entries(request: HttpRequest, wanted: Annotated[EntriesWanted, Query()]) -> EntriesOut:
    """List the entries of the agency's part of the log, the newest first."""
    asked = explorer.Wanted(wanted.action, (), wanted.member, wanted.since, wanted.until, wanted.before)
    entries, following = explorer.entries(member_of(request), asked, limit=wanted.limit)
    return EntriesOut(items=[_entry(entry) for entry in entries], next=following)


def log_entry(request: HttpRequest, number: int) -> ProofOut:
    """Return an entry with its inclusion proof, as `plainview audit inclusion --check` reads it."""
    shown = explorer.entry_numbered(number, member_of(request))
    return ProofOut(entry=_entry(shown), proof=explorer.proof_of(shown.entry, parse(newest_checkpoint()).size))


def log_checkpoint(request: HttpRequest) -> CheckpointOut:
    """Return the newest signed head of the log."""
    return CheckpointOut(checkpoint=newest_checkpoint(), keys=[key.text for key in keys_of_log()])


def log_consistency(request: HttpRequest, sizes: Annotated[Sizes, Query()]) -> ConsistencyOut:
    """Return the proof that nothing was changed or removed between two checkpoints."""
    newest = parse(newest_checkpoint()).size
    first, second = min(sizes.first, sizes.second, newest), min(max(sizes.first, sizes.second), newest)
    proof = consistency_proof_by(first, second, leaf_at, frontier_at) if 0 < first < second else []
    return ConsistencyOut(first=first, second=second, proof=[base64.b64encode(node).decode() for node in proof])


def status_show(request: HttpRequest) -> object:
    """Return the state of the deployment: worker, queue, disk, backup, mail, witness, clock."""
    return status()
