"""Reviewing a candidate list: set a candidate aside, conclude the list, and take either back.

A page with a script sends one request a key and stays; without one the form comes back to the list.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from plainview.casework.search.candidates import answered, candidates_of
from plainview.casework.triage import aside as acts
from plainview.casework.triage.read import review_of
from plainview.casework.triage.sheet import make_list
from plainview.policy.decision import Refused
from plainview.web.tasks import forget
from plainview.web.views.common import member_of


@require_POST
def aside(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Set a candidate aside with its reason; with `undo`, take that back."""
    member = member_of(request)
    try:
        if "undo" in request.POST:
            acts.take_back(public_id, rank, acting_member=member)
        else:
            acts.set_aside(public_id, rank, request.POST.get("reason", ""), acting_member=member)
    except Refused as refused:
        return _refused(request, refused)
    return _done(request, public_id, f"#rank-{rank}")


@require_POST
def none(request: HttpRequest, public_id: str) -> HttpResponse:
    """Conclude that no candidate of the list is the person; with `undo`, take that back."""
    member = member_of(request)
    try:
        if "undo" in request.POST:
            acts.take_none_back(public_id, acting_member=member)
        else:
            statement = request.POST.get("statement", "")
            acts.none_of_these(public_id, statement, _seen(request), acting_member=member)
    except Refused as refused:
        return _refused(request, refused)
    return _done(request, public_id)


@require_GET
def sheet(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the candidate list as PDF."""
    answer = HttpResponse(make_list(public_id, acting_member=member_of(request)), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="candidates-{public_id}.pdf"'
    return answer


def _seen(request: HttpRequest) -> set[int]:
    """Return the ranks that were on the screen: told by the script, or stated for all by a box of the form."""
    if "looked_at_all" in request.POST:
        search = answered(request.POST.get("search", ""), member_of(request))
        return {candidate.rank for candidate in candidates_of(search)}
    return {int(word) for word in request.POST.get("seen", "").split(",") if word.isascii() and word.isdigit()}


def _done(request: HttpRequest, public_id: str, where: str = "") -> HttpResponse:
    member = member_of(request)
    forget(member)
    if "application/json" not in request.headers.get("Accept", ""):
        there = redirect("search", public_id)
        there["Location"] += where
        return there
    search = answered(public_id, member)
    ranks = [candidate.rank for candidate in candidates_of(search)]
    review = review_of(search, member)
    return JsonResponse({"done": review.done(ranks), "total": len(ranks)})


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    if "application/json" not in request.headers.get("Accept", ""):
        raise refused
    return JsonResponse({"why": f"{refused.why} {refused.next_step}", "rule": refused.rule_id}, status=403)
