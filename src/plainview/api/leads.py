"""Leads: released or withheld by a supervisor, their evidence and their outcome."""

from __future__ import annotations

import base64
from contextlib import suppress

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import Cut, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.api.searches import CautionOut
from plainview.casework.examination.read import leads
from plainview.casework.leads.decide import (
    record_evidence,
    release,
    report_outcome,
    view_decision,
    view_lead,
    withhold,
)
from plainview.casework.leads.read import due, face_of, facts_about
from plainview.casework.models import Candidate, Lead
from plainview.policy.examination import CONTRADICTIONS, OUTCOMES
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError


class LeadOut(Out):
    """A lead: never grounds for arrest by itself."""

    id: str
    case: str
    search: str
    rank: int
    examination: str
    released_by: str
    released_at: Moment
    line_up: str = Field(description="locked until independent evidence is on record, then open")
    outcome: str | None


class LeadsOut(Out):
    """A part of the list of leads."""

    items: list[LeadOut]
    next: str | None


class ReleaseIn(In):
    """A supervisor's release."""

    contradictions: dict[Short, Short] = Field(max_length=50, description=f"Answers: {', '.join(CONTRADICTIONS)}.")
    override: Text = Field(default="", description="Why it is released although verifiers disagreed.")


class Withholding(In):
    """Why an examined candidate is not released."""

    reason: Text


class WithheldOut(Out):
    """A decision not to release."""

    examination: str
    state: str


class VerdictOut(Out):
    """A verifier's answer on the candidate."""

    by: str
    conclusion: str
    agrees: bool
    answered_at: Moment


class DecisionDue(Out):
    """An examined candidate, as the supervisor who decides on it sees it; pictures are JPEG in base64."""

    examination: str
    case: str
    search: str
    rank: int
    score: float
    meaning: str = Field(description="How often strangers score this high in this gallery.")
    examiner: str
    conclusion: str
    verdicts: list[VerdictOut]
    state: str = Field(description="ready, divided (a release needs a reason) or waiting (for a verification)")
    cautions: list[CautionOut]
    probe: str | None
    candidate: str | None


class EvidenceIn(In):
    """Evidence that is independent of the candidate list."""

    evidence: Text


class OutcomeIn(In):
    """The outcome of a lead."""

    outcome: Short = Field(description=f"One of: {', '.join(OUTCOMES)}.")
    reason: Text = ""


def _shown(lead: Lead) -> LeadOut:
    search = lead.examination.candidate.search
    outcomes = sorted(lead.outcomes.all(), key=lambda outcome: outcome.pk)
    return LeadOut(
        id=lead.public_id,
        case=search.case.number,
        search=search.public_id,
        rank=lead.examination.candidate.rank,
        examination=lead.examination.public_id,
        released_by=lead.released_by.email,
        released_at=lead.released_at,
        line_up="open" if lead.evidence_at else "locked",
        outcome=outcomes[-1].outcome if outcomes else None,
    )


def lead_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's leads and their outcomes."""
    return slice_of(leads(member_of(request)), page, _shown)


def lead_show(request: HttpRequest, id: str) -> LeadOut:  # noqa: A002  the name in the path
    """Return a lead; the view is an entry of the log."""
    return _shown(view_lead(id, acting_member=member_of(request)))


def release_show(request: HttpRequest, id: str) -> DecisionDue:  # noqa: A002
    """Show an examined candidate to the supervisor who decides on it; the view is an entry of the log."""
    examination = view_decision(id, acting_member=member_of(request))
    waiting, facts = due(examination), facts_about(examination)
    return DecisionDue(
        examination=examination.public_id,
        case=facts.search.case.number,
        search=facts.search.public_id,
        rank=facts.candidate.rank,
        score=float(facts.candidate.score),
        meaning=facts.meaning.text,
        examiner=examination.member.email,
        conclusion=examination.conclusion,
        verdicts=[
            VerdictOut(by=v.verifier.email, conclusion=v.conclusion, agrees=v.agrees, answered_at=v.answered_at)
            for v in waiting.verdicts
        ],
        state=waiting.state,
        cautions=[CautionOut(id=c.id, rank=c.rank, text=c.text) for c in facts.cautions],
        probe=_face(facts.candidate, "probe"),
        candidate=_face(facts.candidate, "candidate"),
    )


def _face(candidate: Candidate, which: str) -> str | None:
    with suppress(BadMedia, StorageError):
        data = face_of(candidate, which)
        return base64.b64encode(data).decode() if data else None
    return None


def lead_release(request: HttpRequest, id: str, wanted: Body[ReleaseIn]) -> LeadOut:  # noqa: A002
    """Release an examined and verified candidate as a lead."""
    member = member_of(request)
    return _shown(release(id, contradictions=wanted.contradictions, override=wanted.override, acting_member=member))


def lead_withhold(request: HttpRequest, id: str, wanted: Body[Withholding]) -> WithheldOut:  # noqa: A002
    """Decide that an examined candidate is not released."""
    withhold(id, wanted.reason, acting_member=member_of(request))
    return WithheldOut(examination=id, state="withheld")


def lead_evidence(request: HttpRequest, id: str, wanted: Body[EvidenceIn]) -> LeadOut:  # noqa: A002
    """Record evidence that is independent of the candidate list; only then may a witness be shown the person."""
    return _shown(record_evidence(id, wanted.evidence, acting_member=member_of(request)))


def lead_outcome(request: HttpRequest, id: str, wanted: Body[OutcomeIn]) -> LeadOut:  # noqa: A002
    """Report the outcome of a lead."""
    member = member_of(request)
    report_outcome(id, wanted.outcome, reason=wanted.reason, acting_member=member)
    return _shown(view_lead(id, acting_member=member))
