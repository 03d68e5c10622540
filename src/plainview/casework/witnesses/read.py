"""What the witnesses of this workspace's log vouch for: for the status page, the rule of searches and the register.

Owns which part of the log is covered. It believes no row: a cosignature is checked against its key, and its checkpoint
against the log, each time. It only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from plainview.audit.checkpoint import BadCheckpoint, parse
from plainview.audit.cosignature import WitnessKey, cosignatures
from plainview.audit.quorum import WitnessPolicy
from plainview.casework.log.read import newest_entry, root_at
from plainview.casework.models import LogEntry, LogWitness
from plainview.casework.workspace.services import services
from plainview.policy.witnesses import Witnessing


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest checkpoint that a witness cosigned.

    Attributes:
        size: number of entries.
        at: when, by the clock of the witness.
        note: the checkpoint with the witness's cosignature.
    """

    size: int
    at: datetime
    note: str


def newest_of(key: WitnessKey) -> Newest | None:
    """Return the newest valid cosignature of a witness on this log, or None."""
    note = LogWitness.objects.filter(vkey=key.text).values_list("note", flat=True).first()
    return checked(note, key) if note else None


def checked(note: str, key: WitnessKey) -> Newest | None:
    """Return what a cosigned checkpoint says, None if the key did not cosign it or the log does not extend it."""
    try:
        checkpoint, signed = parse(note), cosignatures(note, [key])
    except BadCheckpoint:
        return None
    ours = checkpoint.origin == services().origin and checkpoint.size <= newest_entry() + 1
    if not signed or not ours or root_at(checkpoint.size) != checkpoint.root:
        return None
    return Newest(checkpoint.size, datetime.fromtimestamp(max(cosignature.at for cosignature in signed), UTC), note)


def covered(policy: WitnessPolicy) -> int:
    """Return how many entries, from the first, enough witnesses have cosigned; 0 if none is needed."""
    if not policy.least():
        return 0
    sizes = {key: newest.size for key in policy.keys if (newest := newest_of(key)) is not None}
    for size in sorted(set(sizes.values()), reverse=True):
        if policy.satisfied([key for key, reached in sizes.items() if reached >= size]):
            return size
    return 0


def witnessing() -> Witnessing:
    """Return the facts for the rule of searches."""
    policy = services().workspace.witness_policy
    stop_after = services().workspace.stop_after_hours
    if not policy.least():
        return Witnessing(stop_after_hours=stop_after)
    return Witnessing(policy.least(), _waiting_hours(covered(policy)), stop_after)


def witnesses_state() -> list[dict[str, Any]]:
    """Return each trusted witness with what it cosigned and how it last answered; for the status of the deployment."""
    policy = services().workspace.witness_policy
    rows = {known.vkey: known for known in LogWitness.objects.all()}
    state = []
    for witness in policy.witnesses:
        known, newest = rows.get(witness.key.text), newest_of(witness.key)
        state.append(
            {
                "name": witness.key.name,
                "url": witness.url,
                "size": newest.size if newest else 0,
                "at": newest.at.isoformat(timespec="seconds") if newest else None,
                "answer": known.answer if known else "",
                "alarm": known.alarm if known else "",
            }
        )
    return state


def in_public() -> dict[str, Any]:
    """Return what the public register says about the witnesses of the log."""
    policy = services().workspace.witness_policy
    needed = policy.least()
    return {
        "needed": needed,
        "names": sorted(key.name for key in policy.keys),
        "keys": sorted(key.text for key in policy.keys),
        "stop_after_hours": services().workspace.stop_after_hours if needed else None,
    }


def _waiting_hours(size: int) -> float:
    """Return the hours since the entry with number `size` was written, or 0.0 if the log does not reach it."""
    written = LogEntry.objects.filter(seq=size).values_list("at", flat=True).first()
    if written is None:
        return 0.0
    age = timezone.now() - datetime.fromisoformat(written.replace("Z", "+00:00"))
    return max(0.0, age.total_seconds() / 3600)
