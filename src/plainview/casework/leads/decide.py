"""A supervisor's decision on an examined candidate, unlocking a lead for a line-up, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.guard import still_agreed
from plainview.casework.agreements.read import both
from plainview.casework.examination.read import verdicts
from plainview.casework.leads.read import lead_shown
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Examination, Lead, Member, Outcome, Withheld
from plainview.policy import examination as looking
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def release(
    examination_id: str,
    *,
    contradictions: Mapping[str, str],
    override: str = "",
    acting_member: Member,
) -> Lead:
    """Release an examined and verified candidate as an investigative lead.

    Args:
        examination_id: the examination that it rests on.
        contradictions: what was checked of each of `CONTRADICTIONS`.
        override: why it is released although the verifiers disagreed; else "".
        acting_member: a supervisor who neither searched, examined nor verified.

    Raises:
        Refused: no permission, unknown, erased, released already, not verified, a contradiction is unanswered, or it
            was searched for another agency whose agreement is over.
    """
    with acting("lead.release", Permission.LEAD_RELEASE, acting_member):
        row = find.examination(examination_id, acting_member)
        _undecided(row)
        still_agreed(row.candidate.search)
        answers = verdicts(row)
        worked = _worked(row, [who for who, _ in answers])
        if override:
            rules.require(looking.explained(override, "The reason"))
        rules.require(
            looking.verifier_independent(acting_member.public_id, worked),
            looking.verified(row.conclusion, [verdict for _, verdict in answers], bool(override)),
            looking.contradictions_answered(contradictions),
        )
        lead = Lead.objects.create(
            examination=row,
            released_by=acting_member,
            contradictions=dict(contradictions),
            override=override.strip(),
        )
        receipt = write_entry(
            "lead.released",
            {
                "lead": lead.public_id,
                "agency": acting_member.agency.public_id,
                "examination": row.public_id,
                "search": row.candidate.search.public_id,
                "rank": row.candidate.rank,
                "override": bool(override),
                "statement": looking.STATEMENT,
                **both(row.candidate.search),
            },
            {"contradictions": dict(contradictions)} | ({"override_why": override.strip()} if override else {}),
            acting_member=acting_member,
        )
        lead.entry = receipt.entry
        lead.save(update_fields=["entry"])
    return lead


def withhold(examination_id: str, reason: str, *, acting_member: Member) -> Withheld:
    """Decide that an examined candidate is not released; another examiner may look again.

    Raises:
        Refused: no permission, unknown, erased, decided already, one's own work, or no reason in words.
    """
    with acting("lead.withhold", Permission.LEAD_RELEASE, acting_member):
        row = find.examination(examination_id, acting_member)
        _undecided(row)
        who = [who for who, _ in verdicts(row)]
        rules.require(
            looking.verifier_independent(acting_member.public_id, _worked(row, who)),
            looking.explained(reason, "The reason"),
        )
        if row.conclusion != looking.POTENTIAL:
            raise Refused(
                "lead.not_examined",
                "Lead not released",
                "The examination did not conclude that this is a potential candidate.",
                "No decision is needed.",
            )
        made = Withheld.objects.create(examination=row, decided_by=acting_member, reason=reason.strip())
        write_entry(
            "lead.withheld",
            {
                "agency": acting_member.agency.public_id,
                "examination": row.public_id,
                "search": row.candidate.search.public_id,
                "rank": row.candidate.rank,
                **both(row.candidate.search),
            },
            {"reason": made.reason},
            acting_member=acting_member,
        )
    return made


def view_decision(examination_id: str, *, acting_member: Member) -> Examination:
    """Show a supervisor what to decide on; the view is an entry.

    Raises:
        Refused: no permission, unknown or erased.
    """
    with acting("lead.decide_view", Permission.LEAD_RELEASE, acting_member):
        row = find.examination(examination_id, acting_member)
        write_entry(
            "lead.decision_viewed",
            {"agency": acting_member.agency.public_id, "examination": row.public_id},
            acting_member=acting_member,
        )
    return row


def view_lead(lead_id: str, *, acting_member: Member) -> Lead:
    """Show a lead; the view is an entry.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("lead.view", Permission.LEAD_LIST, acting_member):
        lead = lead_shown(lead_id, acting_member)
        write_entry(
            "lead.viewed",
            {"agency": acting_member.agency.public_id, "lead": lead.public_id},
            acting_member=acting_member,
        )
    return lead


def _worked(row: Examination, verifiers: list[str]) -> list[str]:
    return [row.member.public_id, row.candidate.search.member.public_id, *verifiers]


def _undecided(row: Examination) -> None:
    if Lead.objects.filter(examination=row).exists():
        raise Refused(
            "lead.twice",
            "Lead not released",
            "The lead has already been released.",
            "Open the existing lead.",
            act=Permission.LEAD_LIST,
        )
    if Withheld.objects.filter(examination=row).exists():
        raise Refused(
            "lead.withheld",
            "Lead not released",
            "A supervisor decided to withhold the lead.",
            "Ask another examiner to examine the candidate.",
            act=Permission.EXAMINATION_RECORD,
        )


def record_evidence(lead_id: str, evidence: str, *, acting_member: Member) -> Lead:
    """Record evidence that does not rest on the candidate list; only then may a witness be shown the person.

    Raises:
        Refused: no permission, unknown, unlocked already, or no evidence in words.
    """
    with acting("lead.evidence", Permission.LEAD_RELEASE, acting_member):
        lead = find.lead(lead_id, acting_member)
        if lead.evidence_at is not None:
            raise Refused(
                "lead.unlocked", "Nothing changed", "Other evidence is already on record.", "Nothing more is needed."
            )
        rules.require(looking.explained(evidence, "The evidence"))
        lead.evidence, lead.evidence_at = evidence.strip(), timezone.now()
        lead.save(update_fields=["evidence", "evidence_at"])
        write_entry(
            "lead.evidence_recorded",
            {"lead": lead.public_id},
            {"evidence": lead.evidence},
            acting_member=acting_member,
        )
    return lead


def report_outcome(lead_id: str, outcome: str, *, reason: str = "", acting_member: Member) -> Outcome:
    """Report what came of a lead; a later report counts and the older stay.

    Raises:
        Refused: no permission, unknown lead or outcome.
    """
    with acting("outcome.report", Permission.OUTCOME_REPORT, acting_member):
        lead = find.lead(lead_id, acting_member)
        rules.require(looking.outcome_known(outcome))
        row = Outcome.objects.create(lead=lead, outcome=outcome, note=reason.strip(), reported_by=acting_member)
        write_entry(
            "outcome.reported",
            {
                "lead": lead.public_id,
                "agency": acting_member.agency.public_id,
                "outcome": outcome,
                **both(lead.examination.candidate.search),
            },
            {"note": row.note} if row.note else {},
            acting_member=acting_member,
        )
    return row
