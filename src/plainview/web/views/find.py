"""One search field: cases, ids, galleries and people that the member may open."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from plainview.casework import find as look_up_by
from plainview.casework.cases.read import find_cases
from plainview.casework.galleries.read import galleries
from plainview.casework.models import Member
from plainview.casework.people.read import members
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import member_of

_SHOWN = 20  # of each kind
_IDS: dict[str, tuple[str, Callable[[str, Member], object], Permission]] = {
    "S": ("search", look_up_by.search, Permission.CASE_READ),
    "L": ("lead", look_up_by.lead, Permission.LEAD_LIST),
    "M": ("member", look_up_by.member_by_id, Permission.MEMBER_LIST),
    "E": ("release", look_up_by.examination, Permission.LEAD_RELEASE),
}
"""First letter of an id -> the name of its page, the look-up, and who may open it."""


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """Open what was typed if it is one id or one case number, else list what matches."""
    member = member_of(request)
    text = " ".join(request.GET.get("q", "").split())[:100]
    rows = list(_matching(text, member)) if text else []
    if len(rows) == 1:
        return redirect(rows[0]["url"])
    return render(request, "find.html", {"sought": text, "rows": rows})


def _matching(text: str, member: Member) -> Iterator[dict[str, str]]:
    yield from _by_id(text.upper(), member)
    if holds(member.roles, Permission.CASE_READ):
        for case in find_cases(member, text)[:_SHOWN]:
            yield {
                "kind": "case",
                "title": f"Case {case.number}",
                "about": f"{case.offence}, {'closed' if case.closed_at else 'open'}",
                "url": reverse("case", args=[case.pk]),
            }
    if holds(member.roles, Permission.GALLERY_LIST):
        for gallery in [gallery for gallery in galleries(member) if text.lower() in gallery.name.lower()][:_SHOWN]:
            yield {
                "kind": "gallery",
                "title": gallery.name,
                "about": gallery.source,
                "url": reverse("gallery", args=[gallery.pk]),
            }
    if holds(member.roles, Permission.MEMBER_LIST):
        for other in members(member):
            if text.lower() in f"{other.name} {other.email}".lower():
                yield {
                    "kind": "member",
                    "title": other.name,
                    "about": ", ".join(other.roles),
                    "url": reverse("member", args=[other.public_id]),
                }


def _by_id(text: str, member: Member) -> Iterator[dict[str, str]]:
    if len(text) != 13 or text[0] not in _IDS:
        return
    page, look_up, may = _IDS[text[0]]
    if not holds(member.roles, may):
        return
    try:
        look_up(text, member)
    except Refused:
        return
    yield {"kind": page, "title": text, "about": "", "url": reverse(page, args=[text])}
