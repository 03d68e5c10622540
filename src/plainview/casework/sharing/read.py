"""Reads requests for searches: those that the member's agency made, and those that it received.

Owns the state of a request in words, and which parts of an answer the requesting agency sees.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.read import binding_version
from plainview.casework.models import (
    Approval,
    Candidate,
    Examination,
    Lead,
    Member,
    Search,
    SharedRequest,
)
from plainview.casework.people.read import binding
from plainview.casework.search.meaning import Meaning, meanings
from plainview.casework.workspace.prepared import Prepared
from plainview.policy import examination as looking
from plainview.policy.decision import Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.sharing import LEAD, answerable


@dataclass(frozen=True, slots=True)
class Shown:
    """A request as a page shows it to one of the two agencies.

    Attributes:
        request: with both agencies.
        asked_by_us: the member's agency made the request.
        state: its state, in words.
        turn: the permission of the next act; None when the request is over.
        ours: the next act is for the member's agency.
        search: the search for it that was not withheld, only for the searching agency.
    """

    request: SharedRequest
    asked_by_us: bool
    state: str
    turn: Permission | None
    ours: bool
    search: Search | None


def shown(request: SharedRequest, member: Member) -> Shown:
    """Return a request as the member's agency sees it."""
    asked_by_us = request.agreement.asker_id == member.agency_id
    search = live_search(request)
    state, turn = _state(request, search)
    by_asker = turn is Permission.SHARED_AUTHORISE
    return Shown(
        request, asked_by_us, state, turn, turn is not None and by_asker == asked_by_us, None if asked_by_us else search
    )


def _state(request: SharedRequest, search: Search | None) -> tuple[str, Permission | None]:
    if request.closed_as:
        return (f"{request.closed_as}: {request.result}" if request.result else request.closed_as), None
    if request.expires_at <= timezone.now():
        return "expired", None
    if request.authorised_at is None:
        return "waiting for a supervisor's authorisation", Permission.SHARED_AUTHORISE
    if request.taken_at is None:
        return "waiting for an examiner", Permission.SHARED_ANSWER
    if search is None or search.answered_at is None:
        return "taken", Permission.SHARED_ANSWER
    return "searched, being examined", Permission.SHARED_ANSWER


def requests(member: Member, *, asked_by_us: bool) -> list[Shown]:
    """Return the requests that the member's agency made, or received: open ones first, by expiry."""
    side = "agreement__asker" if asked_by_us else "agreement__holder"
    rows = find.shared_request.rows(member).filter(**{side: member.agency})
    still = [shown(request, member) for request in rows.filter(closed_at=None).order_by("expires_at")]
    return still + [shown(request, member) for request in rows.exclude(closed_at=None).order_by("-closed_at")[:200]]


def waiting(member: Member, turn: Permission) -> list[Shown]:
    """Return open requests on which this member can act with this permission, except a colleague's and their own."""
    open_requests = [shown(request, member) for request in _OPEN(member.pk, member.agency_id)]
    return [request for request in open_requests if request.turn is turn and request.ours]


def _open(member: int, agency: int) -> QuerySet[SharedRequest]:
    rows = find.shared_request.rows(Member(pk=member, agency_id=agency))
    return (
        rows.filter(Q(taken_by=None) | Q(taken_by=member), closed_at=None).exclude(member=member).order_by("expires_at")
    )


_OPEN = Prepared(_open, int, int)


def live_search(request: SharedRequest) -> Search | None:
    """Return the search for a request, unless it was withheld or erased."""
    rows = Search.objects.filter(shared_request=request, withheld_at=None, erased_at=None)
    return rows.select_related("case", "gallery", "member").order_by("-pk").first()


def withheld_searches(request: SharedRequest) -> list[Search]:
    """Return searches for a request whose answer was withheld because its ground no longer held."""
    return list(Search.objects.filter(shared_request=request).exclude(withheld_at=None).order_by("pk"))


def leads_of(request: SharedRequest) -> list[Lead]:
    """Return the leads that were released from the search of a request."""
    rows = Lead.objects.filter(examination__candidate__search__shared_request=request)
    return list(rows.select_related("examination__candidate").order_by("pk"))


@dataclass(frozen=True, slots=True)
class Looked:
    """Progress of a request's search: candidates on the list, examined, and potential without a decision."""

    listed: int
    examined: int
    undecided: int


def looked_at(request: SharedRequest) -> Looked:
    """Return the progress of the candidates of a request's search."""
    search = live_search(request)
    rows = Examination.objects.filter(candidate__search=search)
    open_still = rows.filter(conclusion=looking.POTENTIAL, lead=None, withheld=None)
    return Looked(
        search.candidate_set.count() if search else 0,
        rows.values("candidate").distinct().count() if search else 0,
        open_still.count() if search else 0,
    )


def answer_of(request: SharedRequest) -> Decision:
    """Decide whether the state of its candidates allows a request to be answered."""
    search, version, looked = live_search(request), binding_version(request.agreement), looked_at(request)
    return answerable(
        search is not None and search.answered_at is not None,
        version.gives if version else LEAD,
        listed=looked.listed,
        examined=looked.examined,
        leads=len(leads_of(request)),
        undecided=looked.undecided,
    )


@dataclass(frozen=True, slots=True)
class GivenCandidate:
    """A candidate of an answer: similar, not identified. `lead` is None if the answer is a candidate list."""

    candidate: Candidate
    meaning: Meaning
    lead: Lead | None
    outcome: str


def candidates_given(request: SharedRequest) -> list[GivenCandidate]:
    """Return the candidates of the answer: those of the leads, or the whole list if the agreement gives it."""
    search = live_search(request)
    if not request.result or search is None:
        return []
    rows = list(Candidate.objects.filter(search=search).select_related("reference").order_by("rank"))
    leads = {
        answer.lead.examination.candidate_id: answer.lead
        for answer in request.leads.select_related("lead__examination")
    }
    with_meanings = zip(rows, meanings(search, rows), strict=True)
    return [
        GivenCandidate(candidate, meaning, leads.get(candidate.pk), _outcome(leads.get(candidate.pk)))
        for candidate, meaning in with_meanings
        if request.version.gives != LEAD or candidate.pk in leads
    ]


def _outcome(lead: Lead | None) -> str:
    newest = lead.outcomes.order_by("-pk").first() if lead else None
    return newest.outcome if newest else ""


def given_candidate(request: SharedRequest, rank: int) -> Candidate:
    """Return a candidate of the answer.

    Raises:
        Refused: candidate.unknown, or reference.expunged.
    """
    candidate = next((answer.candidate for answer in candidates_given(request) if answer.candidate.rank == rank), None)
    if candidate is None:
        raise Refused(
            "candidate.unknown",
            "Not found",
            f"The answer contains no candidate {rank}.",
            "Choose a candidate of the answer.",
            act=Permission.SHARED_READ,
        )
    if not candidate.reference.template:
        raise Refused(
            "reference.expunged",
            "Nothing shown",
            "This reference was erased from its gallery.",
            "Its picture no longer exists.",
        )
    return candidate


def probe_shown(request: SharedRequest, member: Member) -> bool:
    """Say whether the member's agency may see the probe: the requesting one until it is erased, the searching one while it
    works on it.
    """
    if request.is_erased:
        return False
    if request.agreement.asker_id == member.agency_id:
        return True
    return not request.closed_as or live_search(request) is not None


def approval_state(request: SharedRequest, member: Member) -> str:
    """Return the state of the searching agency's own approval: "" (not needed), "wanted", "asked" or "granted"."""
    _, policy = binding(member.agency)
    needed = policy.needs_approval(request.case.offence) or request.quality < policy.quality_floor
    if not needed or request.mirror is None:
        return "wanted" if needed else ""
    rows = Approval.objects.filter(case=request.mirror, member=member, expires_at__gt=timezone.now()).exclude(
        granted=False
    )
    newest = rows.order_by("-pk").first()
    if newest is None:
        return "wanted"
    return "granted" if newest.granted else "asked"
