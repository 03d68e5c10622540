"""What the top of every page offers: one row for each place, shown to whom may open it.

Owns the order. A row appears only if its page exists and the member's roles grant its permission.
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
    """One link: its words, and the name of its page, below whose address its other pages are."""

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
    Place("Requests", "rights-requests"),
    Place("Members", "members"),
    Place("Flags", "flags"),
    Place("Retention", "retention"),
    Place("Reports", "reports"),
    Place("Log", "log"),
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
)
"""What is the member's own."""


def places(request: HttpRequest, rows: tuple[Place, ...]) -> list[dict[str, object]]:
    """The rows that this member may open, each with whether the page is one of its own."""
    member = request.user
    if not isinstance(member, Member):
        return []
    return [
        {"label": row.label, "url_name": row.url_name, "here": _is_here(request.path, reverse(row.url_name))}
        for row in rows
        if _open_to(member, row.url_name)
    ]


def _is_here(path: str, start: str) -> bool:
    return path == start if start == "/" else path.startswith(start)


def _open_to(member: Member, url_name: str) -> bool:
    if url_name == "home" and holds(member.roles, Permission.DISCLOSURE_READ):
        return False  # what is disclosed is all that they have
    need = ACCESS[url_name]
    return holds(member.roles, need) if isinstance(need, Permission) else True
