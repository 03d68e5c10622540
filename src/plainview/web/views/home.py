"""The tasks of a member, what they handed on; and the page of everything they may open."""

from __future__ import annotations

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from plainview.casework.leads.decide import view_waiting
from plainview.casework.people import desk
from plainview.casework.people.attempts import of_today
from plainview.casework.proposals.read import about
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.signing_in import MAX_FAILURES
from plainview.web.handed import handed_by
from plainview.web.tasks import remember, tasks_of
from plainview.web.views.common import member_of, shown


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show the member's tasks."""
    member = member_of(request)
    if holds(member.roles, Permission.DISCLOSURE_READ):
        return redirect("disclosures")  # a defence account has nothing else
    began = time.monotonic()
    tasks = tasks_of(member)
    remember(member, len(tasks), began)
    seen = shown(request)
    new = [task.shows for task in tasks if task.shows and task.shows not in seen]
    if new:  # the list shows both faces of a candidate to decide on: who has seen them is in the log
        view_waiting(new, acting_member=member)
        for public_id in new:
            shown(request, public_id)
    context = {
        "member": member,
        "blocked": desk.in_the_way(member),
        "attempts": of_today(member),
        "many": MAX_FAILURES,
        "about": about(member),
        "tasks": tasks,
        "handed": handed_by(member),
        "hands_on": holds(member.roles, Permission.EXAMINATION_RECORD),
        "begins": holds(member.roles, Permission.SEARCH_RUN),
    }
    return render(request, "home.html", context)


@require_GET
def oversight(request: HttpRequest) -> HttpResponse:
    """List every page that the member may open; the context of every page knows them."""
    return render(request, "oversight.html")
