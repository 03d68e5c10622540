"""Home: the member's tasks, by their roles; obstacles to their work come first."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from plainview.casework.alerts.read import unseen
from plainview.casework.erasure.read import reviews_due
from plainview.casework.examination.blind import waiting
from plainview.casework.leads.read import decisions, outcomes_due
from plainview.casework.misuse.read import flags
from plainview.casework.models import Member
from plainview.casework.models.subjects import RECEIVED
from plainview.casework.people import desk
from plainview.casework.people.attempts import of_today
from plainview.casework.people.read import policy_text
from plainview.casework.probes.approvals import approvals_waiting, urgent_waiting
from plainview.casework.probes.read import drafts
from plainview.casework.proposals import read as proposals
from plainview.casework.retention.read import to_approve
from plainview.casework.rights.read import requests_to_answer
from plainview.casework.sharing.read import waiting as shared_waiting
from plainview.casework.upkeep.clock import faults
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.signing_in import MAX_FAILURES
from plainview.web.views.common import member_of


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show the member's tasks."""
    member = member_of(request)
    if holds(member.roles, Permission.DISCLOSURE_READ):
        return redirect("disclosures")  # a defence account has nothing else
    return render(request, "home.html", {"member": member, "blocked": desk.in_the_way(member)} | _desk(member))


def _desk(member: Member) -> dict[str, Any]:
    """Return only what the member may act on: an empty section has no task, a missing one is not theirs."""
    context: dict[str, Any] = {
        "due": outcomes_due(member),
        "about": proposals.about(member),
        "to_decide": proposals.to_decide(member),
        "attempts": of_today(member),
        "many": MAX_FAILURES,
    }
    if holds(member.roles, Permission.CLOCK_SETTLE):
        context["faults"] = faults()
    if holds(member.roles, Permission.POLICY_CHANGE):
        context["undecided"] = policy_text(member.agency)[1]
    if holds(member.roles, Permission.SEARCH_RUN):
        context |= {
            "searches": desk.to_examine(member),
            "drafts": drafts(member),
            "cases": desk.own_cases(member),
            "searches_here": True,
        }
    if holds(member.roles, Permission.ALERT_CREATE):
        context["alerts"] = unseen(member)
    if holds(member.roles, Permission.VERIFICATION_RECORD):
        context |= {"tasks": waiting(member), "verifies_here": True}
    if holds(member.roles, Permission.LEAD_RELEASE):
        context |= {
            "ready": [decision for decision in decisions(member) if decision.state != "waiting"],
            "approvals": approvals_waiting(member),
            "urgent": urgent_waiting(member),
            "releases_here": True,
        }
    if holds(member.roles, Permission.GALLERY_CREATE):
        context |= {
            "galleries": desk.ending_galleries(member),
            "untrained": desk.untrained(member),
            "administers_here": True,
        }
    context["shared"] = [
        shared
        for turn in (Permission.SHARED_AUTHORISE, Permission.SHARED_ANSWER)
        if holds(member.roles, turn)
        for shared in shared_waiting(member, turn)
    ]
    if holds(member.roles, Permission.RETENTION_APPROVE):
        context |= {"lists": to_approve(member), "reviews": reviews_due(member)}
    if holds(member.roles, Permission.RIGHTS_ANSWER):
        context["rights"] = requests_to_answer(member)
    elif holds(member.roles, Permission.RIGHTS_CONFIRM):
        context["rights"] = [waiting for waiting in requests_to_answer(member) if waiting.request.state == RECEIVED]
    if holds(member.roles, Permission.FLAG_DECIDE):
        context |= {"flags": flags(member, undecided=True), "audits_here": True}
    return context
