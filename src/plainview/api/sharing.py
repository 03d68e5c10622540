"""Searches for other agencies: a request, its authorisation, its search, its answer and its outcome.

Owns their fields on the API. Each side sees what its page shows it, and every view names both agencies in the log.
"""

from __future__ import annotations

import base64

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api import approvals
from plainview.api.common import Because, Cut, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.casework.models import Member, SharedRequest
from plainview.casework.pictures import face_jpeg
from plainview.casework.sharing import ends, read, requests
from plainview.casework.sharing import search as acts
from plainview.policy.agency import DEFAULT_LIST, MIN_LIST
from plainview.policy.examination import OUTCOMES
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError

_SIDE = 320  # pixels of a face, as on the page


class AskIn(In):
    """What another agency is asked."""

    agreement: Short = Field(description="Id of an agreement in force.")
    gallery: Short = Field(description="Name of a gallery of the other agency.")
    purpose: Text
    authority: Text = Field(description="The law, warrant or order that you act under.")
    top: int = Field(default=DEFAULT_LIST, ge=MIN_LIST, le=9_999, description="Length of the candidate list.")


class SharedOutcomeIn(In):
    """The outcome of a lead that another agency gave."""

    lead: Short = Field(description="Id of the lead.")
    outcome: Short = Field(description=f"One of: {', '.join(OUTCOMES)}.")
    reason: Text = ""


class SharedRow(Out):
    """A request in a list."""

    id: str
    side: str = Field(description="made or received")
    other_agency: str
    state: str
    gallery: str
    offence: str
    until: Moment
    result: str


class SharedListOut(Out):
    """A part of the requests."""

    items: list[SharedRow]
    next: str | None


class SharedCandidateOut(Out):
    """A candidate of an answer: similar, not identified."""

    rank: int
    score: float
    meaning: str
    reference_id: str
    source_url: str
    lead: str | None
    outcome: str


class SharedOut(SharedRow):
    """A request, as your agency sees it."""

    agreement: str
    case: str
    by: str = Field(description="Name of the member who asks.")
    purpose: str
    authority: str
    origin: str
    quality: int
    edits: list[str]
    probe: str | None = Field(description="The probe's face as JPEG in base64, for those to whom it is shown.")
    further: list[str] = Field(description="The faces of the probe's further photographs, as `probe`.")
    search: str | None = Field(description="Id of its search, for the agency that searches.")
    closed_because: str
    candidates: list[SharedCandidateOut]


class SharedSearchOut(Out):
    """The search of a request."""

    request: str
    search: str


def _facts(view: read.Shown) -> dict[str, object]:
    shared = view.request
    other = shared.agreement.holder if view.asked_by_us else shared.agreement.asker
    return {
        "id": shared.public_id,
        "side": "made" if view.asked_by_us else "received",
        "other_agency": other.name,
        "state": view.state,
        "gallery": shared.gallery.name,
        "offence": shared.case.offence,
        "until": shared.expires_at,
        "result": shared.result,
    }


def _listed(view: read.Shown) -> SharedRow:
    return SharedRow.model_validate(_facts(view))


def _short(shared: SharedRequest, member: Member) -> SharedRow:
    return _listed(read.shown(shared, member))


def _faces(shared: SharedRequest, member: Member) -> list[str]:
    """Return the face of each of the probe's pictures; none where they are not shown, or damaged."""
    if not read.probe_shown(shared, member):
        return []
    shown = [(shared.probe_blob, shared.box, shared.edits)]
    shown += [(frame["blob"], frame["provenance"]["box"], frame["provenance"]["edits"]) for frame in shared.further]
    try:
        return [base64.b64encode(face_jpeg(blob, box, _SIDE, edits)).decode() for blob, box, edits in shown]
    except (BadMedia, StorageError):
        return []


def shared_list(request: HttpRequest, page: Cut) -> object:
    """List the requests that your agency made, then those that it received; open ones first."""
    member = member_of(request)
    rows = [*read.requests(member, asked_by_us=True), *read.requests(member, asked_by_us=False)]
    return slice_of(rows, page, _listed)


def shared_show(request: HttpRequest, id: str) -> SharedOut:  # noqa: A002  the name in the path
    """Return a request with its answer; the view is an entry of the log of both agencies."""
    member = member_of(request)
    shared = requests.view_request(id, acting_member=member)
    view, faces = read.shown(shared, member), _faces(shared, member)
    facts = _facts(view) | {
        "agreement": shared.agreement.public_id,
        "case": shared.case.number,
        "by": shared.member.name,
        "purpose": shared.purpose,
        "authority": shared.authority,
        "origin": shared.origin,
        "quality": shared.quality,
        "edits": shared.edits,
        "probe": faces[0] if faces else None,
        "further": faces[1:],
        "search": view.search.public_id if view.search else None,
        "closed_because": shared.closed_why,
        "candidates": [
            SharedCandidateOut(
                rank=answer.candidate.rank,
                score=float(answer.candidate.score),
                meaning=answer.meaning.text,
                reference_id=answer.candidate.reference.public_id,
                source_url=answer.candidate.reference.source_link,
                lead=answer.lead.public_id if answer.lead else None,
                outcome=answer.outcome,
            )
            for answer in read.candidates_given(shared)
        ],
    }
    return SharedOut.model_validate(facts)


def shared_ask(request: HttpRequest, id: str, wanted: Body[AskIn]) -> SharedRow:  # noqa: A002
    """Ask another agency to search with a prepared probe; a supervisor of yours authorises it first."""
    member = member_of(request)
    wish = requests.Wish(wanted.agreement, wanted.gallery, wanted.purpose, wanted.authority, wanted.top)
    return _short(requests.make_request(id, wish, acting_member=member), member)


def shared_authorise(request: HttpRequest, id: str, because: Body[Because]) -> SharedRow:  # noqa: A002
    """Authorise a colleague's request; the other agency sees it from now on."""
    member = member_of(request)
    return _short(requests.authorise_request(id, reason=because.reason, acting_member=member), member)


def shared_refuse(request: HttpRequest, id: str, because: Body[Because]) -> SharedRow:  # noqa: A002
    """Decide that a colleague's request is not sent."""
    member = member_of(request)
    return _short(ends.refuse_authorisation(id, reason=because.reason, acting_member=member), member)


def shared_take_back(request: HttpRequest, id: str, because: Body[Because]) -> SharedRow:  # noqa: A002
    """Take a request of your agency back; it is neither searched nor answered from now on."""
    member = member_of(request)
    return _short(ends.take_back(id, reason=because.reason, acting_member=member), member)


def shared_take(request: HttpRequest, id: str) -> SharedRow:  # noqa: A002
    """Take another agency's request; a case of your agency mirrors theirs."""
    member = member_of(request)
    return _short(requests.take(id, acting_member=member), member)


def shared_decline(request: HttpRequest, id: str, because: Body[Because]) -> SharedRow:  # noqa: A002
    """Decline another agency's request; that agency reads the reason."""
    member = member_of(request)
    return _short(ends.decline(id, reason=because.reason, acting_member=member), member)


def shared_approval(request: HttpRequest, id: str) -> approvals.ApprovalOut:  # noqa: A002
    """Ask your own supervisors to approve the search of a request, where your policy needs it."""
    return approvals.shown(requests.ask_approval(id, acting_member=member_of(request)))


def shared_search(request: HttpRequest, id: str) -> SharedSearchOut:  # noqa: A002
    """Search as another agency asked: its probe, its purpose, its gallery."""
    search = acts.search_shared(id, acting_member=member_of(request))
    return SharedSearchOut(request=id, search=search.public_id)


def shared_answer(request: HttpRequest, id: str) -> SharedRow:  # noqa: A002
    """Answer a request as the agreement says: released leads, the candidate list, or that nothing was found."""
    member = member_of(request)
    return _short(acts.answer_request(id, acting_member=member), member)


def shared_outcome(request: HttpRequest, id: str, report: Body[SharedOutcomeIn]) -> SharedRow:  # noqa: A002
    """Report the outcome of a lead that another agency gave."""
    member = member_of(request)
    acts.report_shared_outcome(id, report.lead, report.outcome, reason=report.reason, acting_member=member)
    return _short(requests.view_request(id, acting_member=member), member)
