"""The proof of a retention run: its list, the outcome of each line, and the log entries that show it.

Owns the content; `recheck.retention` owns the form and the check. It must never name a person: it has ids only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plainview.audit.checkpoint import parse
from plainview.casework import find
from plainview.casework.log.explorer import entry_proof
from plainview.casework.log.guard import acting
from plainview.casework.log.read import keys_of_log
from plainview.casework.log.write import newest_checkpoint, write_entry
from plainview.casework.models import LogEntry, Member, RetentionRun
from plainview.casework.retention.read import items_of, rules_of_run
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.recheck.retention import FORM


def proof_of_run(
    public_id: str, *, deliver: Callable[[dict[str, Any]], None] = lambda _: None, acting_member: Member
) -> dict[str, Any]:
    """Return the proof of a finished run as plain values for JSON, and log that it was exported.

    Args:
        public_id: the run.
        deliver: writes the proof, before the entry that says so counts.
        acting_member: the reader.

    Raises:
        Refused: no permission, unknown, or not done.
    """
    with acting("retention.prove", Permission.RETENTION_READ, acting_member):
        run = find.retention_run(public_id, acting_member)
        if run.state != RetentionRun.State.DONE:
            raise Refused(
                "retention.not_done",
                "No proof made",
                f"The run is {run.state}.",
                "Wait until the run is done.",
                act=Permission.RETENTION_READ,
            )
        write_entry(
            "retention.proved",
            {"agency": run.agency.public_id, "run": run.public_id},
            acting_member=acting_member,
        )
        checkpoint = newest_checkpoint()
        proof = _proof(run, checkpoint)
        deliver(proof)
    return proof


def _proof(run: RetentionRun, checkpoint: str) -> dict[str, Any]:
    signed = parse(checkpoint)
    items = items_of(run)
    steps = {"proposed": run.proposed_entry, "approved": run.approved_entry, "done": run.ended_entry}
    named = (*steps.values(), *(item.entry for item in items))
    numbers = sorted({number for number in named if number is not None})
    return {
        "type": FORM,
        "log": services().origin,
        "vkey": keys_of_log()[-1].text,
        "agency": run.agency.name,
        "run": run.public_id,
        "day": run.day.isoformat(),
        "rules": {
            "version": run.rules.number if run.rules else 0,
            "says": {name: rule.says for name, rule in rules_of_run(run).items()},
        },
        "steps": steps,
        "items": [
            {
                "number": item.number,
                "what": item.what,
                "subject": item.subject,
                "rule": item.rule,
                "due_on": item.due_on.isoformat(),
                "planned": item.planned,
                "holds": item.holds,
                "state": item.state,
                "held_by": item.held_by,
                "entry": item.entry,
            }
            for item in items
        ],
        "entries": [_included(number, signed.size) for number in numbers],
        "size": signed.size,
        "root": signed.root.hex(),
        "checkpoint": checkpoint,
    }


def _included(number: int, size: int) -> dict[str, Any]:
    canonical = LogEntry.objects.values_list("canonical", flat=True).get(seq=number)
    return {
        "entry": number,
        "canonical": bytes(canonical).decode(),
        "proof": [step.hex() for step in entry_proof(number, size)],
    }
