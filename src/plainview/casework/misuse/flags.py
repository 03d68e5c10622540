"""Flags: findings for the auditor, and the auditor's decision. inspection.py says what the rules look at.

Owns that a finding is sealed. It must never tell the member whom it is about.
"""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.read import closed_attempts, lookups_by_enrolment
from plainview.casework.models import Enrolment, Flag, Member, Search
from plainview.casework.workspace.services import services
from plainview.policy import joining, misuse, rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

OUTCOMES = ("upheld", "dismissed")


def inspect_closed(member: Member) -> None:
    """Inspect a search that was refused because its case is closed: repeated attempts are a sign of misuse."""
    now = timezone.now()
    attempts = closed_attempts(member, since=now - timedelta(days=misuse.LIMITS.closed_days))
    finding = misuse.closed_case(now, attempts)
    if finding is not None:
        with transaction.atomic():
            raise_flag(finding, member, None)


def inspect_near_duplicates(run: Enrolment) -> None:
    """Inspect, in the running transaction, an enrolment that ended: a few pictures at a time may be questions."""
    now, member, most = timezone.now(), run.member, misuse.LIMITS.near_pictures
    if run.images > most or not 0 < run.near_duplicates <= most:
        return
    finding = misuse.near_duplicates(
        now, lookups_by_enrolment(member, since=now - timedelta(days=misuse.LIMITS.near_days))
    )
    if finding is not None:
        raise_flag(finding, member, None)


def raise_flag(finding: misuse.Finding, member: Member, search: Search | None) -> Flag:
    """Store a finding for the auditor, in the running transaction."""
    flag = Flag(
        agency=member.agency,
        rule=finding.rule_id,
        member=member,
        search=search,
        raised_at=timezone.now(),
        sealed=b"",
    )
    finding_json = json.dumps({"says": finding.says, "evidence": dict(finding.evidence)}).encode()
    flag.sealed = services().openings.seal(finding_json, f"flag:{flag.public_id}".encode())
    flag.save()
    write_entry(
        "flag.raised",
        {"flag": flag.public_id, "agency": member.agency.public_id, "rule": finding.rule_id},
        # The member stays sealed: a flag is a question, not a finding of guilt.
        {"member": member.public_id, "search": search.public_id if search else None},
        acting_member=None,
    )
    return flag


def view_flag(public_id: str, *, acting_member: Member) -> tuple[Flag, dict[str, object]]:
    """Show a flag with its evidence; the view is an entry.

    Raises:
        Refused: no permission, unknown, or about the acting member.
    """
    with acting("flag.view", Permission.FLAG_READ, acting_member):
        flag = find.flag(public_id, acting_member)
        rules.require(joining.another_person(acting_member.public_id, flag.member.public_id, "View"))
        opened = services().openings.open(bytes(flag.sealed), f"flag:{flag.public_id}".encode())
        write_entry("flag.viewed", {"flag": flag.public_id}, acting_member=acting_member)
    evidence: dict[str, object] = json.loads(opened)
    return flag, evidence


def decide_flag(public_id: str, outcome: str, reason: str, *, acting_member: Member) -> Flag:
    """Decide on a flag, with a reason.

    Raises:
        Refused: no permission, unknown, about the acting member, already decided, or no reason.
    """
    with acting("flag.decide", Permission.FLAG_DECIDE, acting_member):
        flag = find.flag(public_id, acting_member)
        rules.require(
            joining.another_person(acting_member.public_id, flag.member.public_id, "Decision"),
            explained(reason, "The reason"),
        )
        if outcome not in OUTCOMES:
            raise Refused(
                "flag.outcome",
                "Flag not decided",
                f"There is no outcome {outcome!r}.",
                f"Choose one of: {', '.join(OUTCOMES)}.",
            )
        if flag.outcome:
            raise Refused(
                "flag.decided",
                "Flag not decided",
                "This flag has already been decided.",
                "Open the flag to read the decision.",
                act=Permission.FLAG_READ,
            )
        flag.outcome, flag.note, flag.decided_by, flag.decided_at = (
            outcome,
            reason.strip(),
            acting_member,
            timezone.now(),
        )
        flag.save(update_fields=["outcome", "note", "decided_by", "decided_at"])
        write_entry(
            "flag.decided",
            {"flag": flag.public_id, "agency": flag.agency.public_id, "rule": flag.rule, "outcome": outcome},
            {"note": flag.note},
            acting_member=acting_member,
        )
    return flag
