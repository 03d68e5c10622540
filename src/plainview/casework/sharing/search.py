"""Searching for another agency, answering it, and recording the outcome that it reports.

Owns the way from a taken request to its outcome. The five steps in between are done in the searching agency, under the
case that mirrors the other agency's. It must never shorten them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import IntegrityError
from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.guard import locked_request, require_agreed, withhold
from plainview.casework.agreements.read import binding_version, named
from plainview.casework.log.guard import acting, refusals_recorded
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Outcome, Search, SharedLead, SharedRequest
from plainview.casework.probes.probe import Probe, frames_of, further_again, probe_of
from plainview.casework.search.grounds import ForAnotherAgency
from plainview.casework.search.run import Request, authorise, run_search
from plainview.casework.sharing.ends import close
from plainview.casework.sharing.read import answer_of, leads_of, live_search
from plainview.casework.workspace.services import services
from plainview.policy import examination as looking
from plainview.policy import rules
from plainview.policy import sharing as words
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

ABANDONED = timedelta(minutes=10)
"""Time after which a search without an answer counts as interrupted and may be repeated: chosen, far above any search."""


def search_shared(public_id: str, *, acting_member: Member) -> Search:
    """Search as another agency asked: its probe, its purpose, its gallery. A second click returns the same search.

    Raises:
        Refused: no permission, unknown, not taken by this member, or a rule of either agency refuses; recorded. If the
            agreement ends while it runs, the search stays recorded and is not answered.
        BadMedia: the chosen face cannot be used.
    """
    with refusals_recorded("search", acting_member):
        request = find.shared_request(public_id, acting_member)
    before = live_search(request)
    if before is not None and before.answered_at is None:
        _cut_off(before, acting_member)
    elif before is not None and not request.closed_as:
        return before
    wanted = Request(
        request.mirror.number if request.mirror else "",
        request.purpose,
        request.gallery.name,
        request.top,
        request.origin,
        probe_sha256=request.probe_blob,
    )
    ground = ForAnotherAgency(request.public_id)
    authorise(wanted, ground, acting_member=acting_member)
    try:
        return run_search(_probe(request), wanted, ground, acting_member=acting_member).search
    except IntegrityError:
        running = live_search(request)
        if running is None:
            raise
        raise _running() from None


def _probe(request: SharedRequest) -> Probe:
    data = services().blobs.get(request.probe_blob)
    probe = probe_of(request.probe_name, data, request.face_number, edits=request.edits)
    return replace(probe, provenance=request.provenance, further=further_again(frames_of(request.further)))


def _cut_off(search: Search, acting_member: Member) -> None:
    """Record that an earlier search ended without an answer, so that it can be repeated; refuse while it may still run."""
    if search.requested_at > timezone.now() - ABANDONED or search.member_id != acting_member.pk:
        raise _running()
    ended = Refused(
        "shared.cut_off",
        "Request not answered",
        "The search was interrupted.",
        "Search again.",
        act=Permission.SHARED_ANSWER,
    )
    withhold(search, search.request_entry, ended, acting_member)


def _running() -> Refused:
    return Refused("shared.running", "Search refused", "The search is already running.", "Try again in a minute.")


def answer_request(public_id: str, *, acting_member: Member) -> SharedRequest:
    """Answer a request as the agreement says: with the released leads, the candidate list, or no result.

    Raises:
        Refused: no permission, unknown, not taken by this member, not searched or examined, the agreement is over, or
            a candidate is still waiting for a verifier or a supervisor.
    """
    with acting("shared.answer", Permission.SHARED_ANSWER, acting_member):
        request = locked_request(find.shared_request(public_id, acting_member).public_id)
        taker = request.taken_by.public_id if request.taken_by else ""
        require_agreed(request)
        rules.require(words.taken_by(taker, acting_member.public_id))
        version, search, leads = binding_version(request.agreement), live_search(request), leads_of(request)
        assert version is not None  # noqa: S101  require_agreed() raises otherwise
        rules.require(answer_of(request))
        SharedLead.objects.bulk_create(SharedLead(request=request, lead=lead) for lead in leads)
        request.version = version
        request.result = words.A_LEAD if leads else _without(version.gives, search)
        write_entry(
            "shared.answered",
            {
                **named(request),
                "search": search.public_id if search else None,
                "result": request.result,
                "version": version.number,
                "leads": [lead.public_id for lead in leads],
            },
            acting_member=acting_member,
        )
        close(request, words.ANSWERED, "", acting_member)
    return request


def _without(gives: str, search: Search | None) -> str:
    listed = gives == words.LIST and search is not None and search.candidate_set.exists()
    return words.A_LIST if listed else words.NOTHING


def report_shared_outcome(
    public_id: str, lead_id: str, outcome: str, *, reason: str = "", acting_member: Member
) -> Outcome:
    """Report the outcome of another agency's lead; it counts for both agencies.

    Raises:
        Refused: no permission, unknown request, lead or outcome, or the lead is not in an answer to the member's agency.
    """
    with acting("outcome.report", Permission.OUTCOME_REPORT, acting_member):
        request = find.shared_request(public_id, acting_member)
        answer = request.leads.select_related("lead").filter(lead__public_id=lead_id.strip()).first()
        if answer is None or request.agreement.asker_id != acting_member.agency_id:
            raise Refused(
                "lead.unknown",
                "Not found",
                f"Your agency was not given a lead {lead_id!r}.",
                "Check the answer to the request.",
                act=Permission.SHARED_READ,
            )
        rules.require(looking.outcome_known(outcome))
        report = Outcome.objects.create(
            lead=answer.lead, outcome=outcome, note=reason.strip(), reported_by=acting_member
        )
        write_entry(
            "outcome.reported",
            {**named(request), "lead": answer.lead.public_id, "outcome": outcome},
            {"note": report.note} if report.note else {},
            acting_member=acting_member,
            rows=[report],
        )
    return report
