"""Inspecting every search for signs of misuse, and the auditor's decision.

Owns the inspection that follows a search. It must never tell the searcher anything, nor lose their answer: a failure
here is an entry of its own.
"""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.read import closed_attempts, facts_before
from plainview.casework.models import Flag, Member, ProbeTemplate, Search, Tripwire
from plainview.casework.workspace.insert import insert
from plainview.casework.workspace.services import services
from plainview.policy import joining, misuse, rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.recognition.types import Vector
from plainview.scores.same_face import TRIPWIRE, same_faces

OUTCOMES = ("upheld", "dismissed")
_TRIPWIRE_ONCE_IN = "100,000 pairs"  # FMR 1e-5, see scores.same_face.TRIPWIRE
_LOOK_BACK = timedelta(days=365)


def inspect(search: Search, template: Vector, picture_width: int) -> None:
    """Inspect an answered search; findings become flags. The steps are the same whether or not there is a finding.

    Args:
        search: with its case and member.
        template: of its probe.
        picture_width: width of the probe's picture after its edits, pixels.
    """
    try:
        with transaction.atomic():
            sealed = services().templates.seal(template.tobytes(), f"probe:{search.public_id}".encode())
            insert(ProbeTemplate(search=search, sealed=sealed))
            share = search.box[2] / picture_width
            for finding in [*_by_history(search, template, share), *_tripwires(search, template)]:
                raise_flag(finding, search.member, search)
    except Exception as error:  # in any case the member keeps the answer, and the auditor learns of the failure
        with transaction.atomic():
            write_entry(
                "flag.inspection_failed",
                {
                    "agency": search.case.agency.public_id,
                    "search": search.public_id,
                    "error": type(error).__name__,
                },
                acting_member=None,
            )


def _by_history(search: Search, template: Vector, share: float) -> list[misuse.Finding]:
    before, templates = facts_before(search, since=timezone.now() - _LOOK_BACK)
    # Templates of this case only: other cases need no comparison of faces.
    faces = same_faces(np.stack([*templates.values(), template])) if templates else [0]
    of_search = dict(zip(templates, faces, strict=False))
    facts = [
        misuse.SearchFact(
            earlier.public_id,
            earlier.member_public,
            str(earlier.case_id),
            earlier.at,
            of_search.get(earlier.pk, -1 - earlier.pk),
        )
        for earlier in before
    ]
    new = misuse.SearchFact(
        search.public_id,
        search.member.public_id,
        str(search.case_id),
        search.requested_at,
        faces[-1],
        search.origin,
        search.quality,
        share,
    )
    return misuse.findings(new, facts)


def _tripwires(search: Search, template: Vector) -> list[misuse.Finding]:
    rows = list(Tripwire.objects.filter(owner__agency_id=search.case.agency_id).order_by("pk"))
    if not rows:
        return []
    opened = [
        np.frombuffer(services().templates.open(bytes(wire.sealed), f"tripwire:{wire.public_id}".encode()), np.float32)
        for wire in rows
    ]
    scores = np.stack(opened) @ template
    return [
        misuse.tripwire(wire.public_id, float(score), _TRIPWIRE_ONCE_IN)
        for wire, score in zip(rows, scores, strict=True)
        if score >= TRIPWIRE
    ]


def inspect_closed(member: Member) -> None:
    """Inspect a search that was refused because its case is closed: repeated attempts are a sign of misuse."""
    now = timezone.now()
    attempts = closed_attempts(member, since=now - timedelta(days=misuse.LIMITS.closed_days))
    finding = misuse.closed_case(now, attempts)
    if finding is not None:
        with transaction.atomic():
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
