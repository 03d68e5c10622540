"""Releasing a lead, unlocking it for a line-up, and reporting what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
from plainview.casework.models import Examination, Lead, Member, Outcome
from plainview.casework.queries.examination import lead_numbered, verdicts
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
        Refused: no permission, unknown, erased, released already, not verified, or a contradiction is unanswered.
    """
    with acting("lead.release", Permission.LEAD_RELEASE, acting_member):
        rows = Examination.objects.select_related("candidate__search__member", "member")
        row = rows.filter(public_id=examination_id.strip(), member__agency=acting_member.agency).first()
        if row is None or row.candidate.search.erased_at is not None:
            raise Refused(
                "examination.unknown", "Lead not released", "There is no such examination.", "Check its id."
            )
        if Lead.objects.filter(examination=row).exists():
            raise Refused(
                "lead.twice", "Nothing released", "It is released already.", "See `plainview lead list`."
            )
        answers = verdicts(row)
        worked = [row.member.public_id, row.candidate.search.member.public_id, *(who for who, _ in answers)]
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
        write_entry(
            "lead.released",
            {
                "lead": lead.public_id, "agency": acting_member.agency.public_id, "examination": row.public_id,
                "search": row.candidate.search.public_id, "rank": row.candidate.rank, "override": bool(override),
                "statement": looking.STATEMENT,
            },
            {"contradictions": dict(contradictions)} | ({"override_why": override.strip()} if override else {}),
            acting_member=acting_member,
        )  # fmt: skip
    return lead


def record_evidence(lead_id: str, evidence: str, *, acting_member: Member) -> Lead:
    """Record evidence that does not rest on the candidate list; only then may a witness be shown the person.

    Raises:
        Refused: no permission, unknown, unlocked already, or no evidence in words.
    """
    with acting("lead.evidence", Permission.LEAD_RELEASE, acting_member):
        lead = lead_numbered(lead_id, acting_member)
        if lead.evidence_at is not None:
            raise Refused("lead.unlocked", "Nothing done", "Evidence is on record.", "Nothing is needed.")
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


def report_outcome(lead_id: str, outcome: str, *, note: str = "", acting_member: Member) -> Outcome:
    """Report what came of a lead; a later report counts and the older stay.

    Raises:
        Refused: no permission, unknown lead or outcome.
    """
    with acting("outcome.report", Permission.OUTCOME_REPORT, acting_member):
        lead = lead_numbered(lead_id, acting_member)
        rules.require(looking.outcome_known(outcome))
        row = Outcome.objects.create(lead=lead, outcome=outcome, note=note.strip(), reported_by=acting_member)
        write_entry(
            "outcome.reported",
            {"lead": lead.public_id, "agency": acting_member.agency.public_id, "outcome": outcome},
            {"note": row.note} if row.note else {},
            acting_member=acting_member,
        )
    return row
