"""Leads: released or withheld by a supervisor, their evidence and their outcome."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import Cut, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.casework.examination.read import leads
from plainview.casework.leads.decide import record_evidence, release, report_outcome, view_lead, withhold
from plainview.casework.models import Lead
from plainview.policy.examination import CONTRADICTIONS, OUTCOMES


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
