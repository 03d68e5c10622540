"""A supervisor's decision on an examined candidate, unlocking a lead for a line-up, and the lead's outcome."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.guard import still_agreed
from plainview.casework.agreements.read import both
from plainview.casework.examination.read import verdicts
from plainview.casework.leads.read import lead_shown
from plainview.casework.log.guard import acting
from plainview.casework.log.write import saved_with, write_entry
from plainview.casework.models import Examination, Lead, Member, Outcome, Withheld
from plainview.casework.news.tell import tell
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
        examination_id: the examination of the candidate.
        contradictions: the answer to each of `CONTRADICTIONS`.
        override: why it is released although a check contradicts or the verifiers disagreed; else "".
        acting_member: a supervisor who did not search, examine or verify.

    Raises:
        Refused: no permission, unknown, erased, already released, not verified, a contradiction is unanswered, or the
            agreement with the agency that it was searched for has ended.
    """
    with acting("lead.release", Permission.LEAD_RELEASE, acting_member):
        examination = find.examination(examination_id, acting_member)
        _undecided(examination)
        still_agreed(examination.candidate.search)
        answers = verdicts(examination)
        worked = _worked(examination, [who for who, _ in answers])
        if override:
            rules.require(looking.explained(override, "The reason"))
        rules.require(
            looking.verifier_independent(acting_member.public_id, worked),
            looking.verified(examination.conclusion, [verdict for _, verdict in answers], bool(override)),
            looking.contradictions_answered(contradictions),
            looking.contradiction_explained(contradictions, override),
        )
        lead = Lead(
            examination=examination,
            released_by=acting_member,
            contradictions=dict(contradictions),
            override=override.strip(),
        )
        write_entry(
            "lead.released",
            {
                "lead": lead.public_id,
                "agency": acting_member.agency.public_id,
                "examination": examination.public_id,
                "search": examination.candidate.search.public_id,
                "rank": examination.candidate.rank,
                "override": bool(override),
                "statement": looking.STATEMENT,
                **both(examination.candidate.search),
            },
            {"contradictions": dict(contradictions)} | ({"override_why": override.strip()} if override else {}),
            acting_member=acting_member,
            rows=lambda entry: saved_with(lead, entry),
        )
        tell("released", lead.public_id, [examination.member])
    return lead


def withhold(examination_id: str, reason: str, *, acting_member: Member) -> Withheld:
    """Withhold an examined candidate; another examiner may examine it again.

    Raises:
        Refused: no permission, unknown, erased, already decided, the supervisor's own work, or no reason in words.
    """
    with acting("lead.withhold", Permission.LEAD_RELEASE, acting_member):
        examination = find.examination(examination_id, acting_member)
        _undecided(examination)
        who = [who for who, _ in verdicts(examination)]
        rules.require(
            looking.verifier_independent(acting_member.public_id, _worked(examination, who)),
            looking.explained(reason, "The reason"),
        )
        if examination.conclusion != looking.POTENTIAL:
            raise Refused(
                "lead.not_examined",
                "Lead not released",
                "The examination did not conclude that this is a potential candidate.",
                "No decision is needed.",
            )
        withheld = Withheld.objects.create(examination=examination, decided_by=acting_member, reason=reason.strip())
        write_entry(
            "lead.withheld",
            {
                "agency": acting_member.agency.public_id,
                "examination": examination.public_id,
                "search": examination.candidate.search.public_id,
                "rank": examination.candidate.rank,
                **both(examination.candidate.search),
            },
            {"reason": withheld.reason},
            acting_member=acting_member,
            rows=[withheld],
        )
        tell("withheld", examination.public_id, [examination.member])
    return withheld


def view_decision(examination_id: str, *, acting_member: Member) -> Examination:
    """Return an examination to the supervisor who decides on it, and log the view.

    Raises:
        Refused: no permission, unknown or erased.
    """
    with acting("lead.decide_view", Permission.LEAD_RELEASE, acting_member):
        examination = find.examination(examination_id, acting_member)
        write_entry(
            "lead.decision_viewed",
            {"agency": acting_member.agency.public_id, "examination": examination.public_id},
            acting_member=acting_member,
        )
    return examination


def view_waiting(examinations: Collection[str], *, acting_member: Member) -> None:
    """Record that a supervisor sees the faces of these candidates in the list of tasks, one entry for each.

    Args:
        examinations: ids of the examinations whose faces are about to be shown.
        acting_member: the supervisor.

    Raises:
        Refused: no permission, unknown or erased.
    """
    with acting("lead.decide_view", Permission.LEAD_RELEASE, acting_member):
        for public_id in examinations:
            examination = find.examination(public_id, acting_member)
            write_entry(
                "lead.decision_viewed",
                {"agency": acting_member.agency.public_id, "examination": examination.public_id},
                acting_member=acting_member,
            )


def view_lead(lead_id: str, *, acting_member: Member) -> Lead:
    """Return a lead and log the view.

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


def _worked(examination: Examination, verifiers: list[str]) -> list[str]:
    return [examination.member.public_id, examination.candidate.search.member.public_id, *verifiers]


def _undecided(examination: Examination) -> None:
    if Lead.objects.filter(examination=examination).exists():
        raise Refused(
            "lead.twice",
            "Lead not released",
            "The lead has already been released.",
            "Open the existing lead.",
            act=Permission.LEAD_LIST,
        )
    if Withheld.objects.filter(examination=examination).exists():
        raise Refused(
            "lead.withheld",
            "Lead not released",
            "A supervisor decided to withhold the lead.",
            "Ask another examiner to examine the candidate.",
            act=Permission.EXAMINATION_RECORD,
        )


def record_evidence(lead_id: str, evidence: str, *, acting_member: Member) -> Lead:
    """Record evidence that is independent of the candidate list; only then may a witness be shown the person.

    Raises:
        Refused: no permission, unknown, already unlocked, or no evidence in words.
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
            rows=[lead],
        )
    return lead


def report_outcome(lead_id: str, outcome: str, *, reason: str = "", acting_member: Member) -> Outcome:
    """Report the outcome of a lead; the newest report counts, and older ones stay on record.

    Raises:
        Refused: no permission, unknown lead or outcome.
    """
    with acting("outcome.report", Permission.OUTCOME_REPORT, acting_member):
        lead = find.lead(lead_id, acting_member)
        rules.require(looking.outcome_known(outcome))
        report = Outcome.objects.create(lead=lead, outcome=outcome, note=reason.strip(), reported_by=acting_member)
        write_entry(
            "outcome.reported",
            {
                "lead": lead.public_id,
                "agency": acting_member.agency.public_id,
                "outcome": outcome,
                **both(lead.examination.candidate.search),
            },
            {"note": report.note} if report.note else {},
            acting_member=acting_member,
            rows=[report],
        )
    return report
