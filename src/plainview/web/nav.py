"""The navigation of every page: one row for each place, shown to members who may open it.

Owns the order. It must never show a row whose page the member's roles do not permit.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from plainview.casework.models import Member
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.pages import ACCESS


@dataclass(frozen=True, slots=True)
class Place:
    """One link: its label, and the name of its page; pages below that address belong to it."""

    label: str
    url_name: str


PLACES = (
    Place("Home", "home"),
    Place("New search", "prepare"),
    Place("Cases", "cases"),
    Place("Videos", "videos"),
    Place("Examinations", "examinations"),
    Place("Verify", "verifications"),
    Place("Leads", "leads"),
    Place("Alerts", "alerts"),
    Place("Shared", "shared"),
    Place("Approvals", "approvals"),
    Place("Galleries", "galleries"),
    Place("Feeds", "feeds"),
    Place("Requests", "rights-requests"),
    Place("Members", "members"),
    Place("Proposals", "proposals"),
    Place("Flags", "flags"),
    Place("Retention", "retention"),
    Place("Reports", "reports"),
    Place("Log", "log"),
    Place("Webhooks", "webhooks"),
    Place("Status", "status"),
    Place("Register", "register"),
    Place("Samples", "samples"),
    Place("Reviews", "exonerations"),
    Place("Disclosed to you", "disclosures"),
)
"""The main navigation, in order; the table of pages says who sees a row."""

OWN = (
    Place("My record", "me"),
    Place("Proficiency", "proficiency"),
    Place("Rules", "policy"),
    Place("Sign-in", "mfa_index"),
    Place("Sessions", "sessions"),
    Place("Tokens", "tokens"),
)
"""Places of the member's own."""


def places(request: HttpRequest, rows: tuple[Place, ...]) -> list[dict[str, object]]:
    """Return the places that this member may open, and whether the current page belongs to each."""
    member = request.user
    if not isinstance(member, Member):
        return []
    return [
        {"label": place.label, "url_name": place.url_name, "here": _is_here(request.path, reverse(place.url_name))}
        for place in rows
        if _open_to(member, place.url_name)
    ]


def _is_here(path: str, start: str) -> bool:
    return path == start if start == "/" else path.startswith(start)


def _open_to(member: Member, url_name: str) -> bool:
    if url_name == "home" and holds(member.roles, Permission.DISCLOSURE_READ):
        return False  # the defence sees only what is disclosed to it
    need = ACCESS[url_name]
    return holds(member.roles, need) if isinstance(need, Permission) else True
