"""Notifications: the page of all of them, and the answer to an open page that asks every two seconds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from plainview.casework.models import Examination, Member, News
from plainview.casework.news.read import KINDS, newest, unseen
from plainview.casework.news.read import news as news_of
from plainview.casework.news.tell import mark_seen
from plainview.serving.front import NEWS
from plainview.web.tasks import count, forget
from plainview.web.views.common import member_of

_PAGES = {
    "verification": "verification",
    "alert": "search",
    "released": "lead",
    "verified": "release",
}


@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """Show what the member was told, and note that they have seen it."""
    member = member_of(request)
    rows = [
        {
            "text": KINDS.get(item.kind, item.kind),
            "about": item.about,
            "url": _address(item, member),
            "at": item.due_at,
            "new": item.seen_at is None,
        }
        for item in news_of(member)
    ]
    mark_seen(member)
    return render(request, "news/list.html", {"rows": rows})


@require_GET
def now(request: HttpRequest) -> HttpResponse:
    """Return the counts, the newest notification, and a form token of the running session.

    The token is for a page whose member signed in again in another tab: its own is of the session that ended.
    """
    member = member_of(request)
    item = newest(member)
    since = request.GET.get("since", "")
    if item is not None and since and str(item.pk) != since:
        forget(member)
        request.META[NEWS] = True
    return JsonResponse(
        {
            "unseen": unseen(member),
            "tasks": count(member),
            "newest": item.pk if item else 0,
            "text": KINDS.get(item.kind, item.kind) if item else "",
            "url": _address(item, member) if item else "",
            "token": get_token(request),
        }
    )


def _address(item: News, member: Member) -> str:
    if item.kind in _PAGES:
        return reverse(_PAGES[item.kind], args=[item.about])
    if item.kind == "approval.requested":
        return reverse("approvals")
    if item.kind == "withheld":
        examination = Examination.objects.filter(public_id=item.about, member=member).first()
        if examination is not None:
            candidate = examination.candidate
            return reverse("examine", args=[candidate.search.public_id, candidate.rank])
    return reverse("home")
