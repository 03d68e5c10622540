"""What the top of every page offers: one row for each place, shown to whom may open it.

Owns the order. A row appears only if its page exists and the member's roles grant its permission.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from plainview.casework.models import Member
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.pages import ACCESS


@dataclass(frozen=True, slots=True)
class Place:
    """One link: its words, the name of its URL, and the beginning of the addresses that belong to it."""

    label: str
    url_name: str
    prefix: str


PLACES = (
    Place("Home", "home", "/"),
    Place("New search", "prepare", "/prepare/"),
    Place("Cases", "cases", "/cases/"),
    Place("Videos", "videos", "/videos/"),
    Place("Examinations", "examinations", "/examinations/"),
    Place("Verify", "verifications", "/verifications/"),
    Place("Leads", "leads", "/leads/"),
    Place("Alerts", "alerts", "/alerts/"),
    Place("Shared", "shared", "/shared/"),
    Place("Approvals", "approvals", "/approvals/"),
    Place("Galleries", "galleries", "/galleries/"),
    Place("Requests", "subjects", "/requests/"),
    Place("Members", "members", "/members/"),
    Place("Flags", "flags", "/flags/"),
    Place("Retention", "retention", "/retention/"),
    Place("Reports", "reports", "/reports/"),
    Place("Log", "log", "/log/"),
    Place("Register", "register", "/register/"),
    Place("Samples", "samples", "/samples/"),
    Place("Reviews", "exonerations", "/exonerations/"),
    Place("Disclosed to you", "disclosures", "/disclosures/"),
)
"""The main navigation, in order; the access table says who sees a row."""

OWN = (
    Place("My record", "me", "/me/"),
    Place("Proficiency", "proficiency", "/proficiency/"),
    Place("Rules", "policy", "/policy/"),
    Place("Sign-in", "mfa_index", "/accounts/2fa/"),
    Place("Sessions", "sessions", "/sessions/"),
)
"""What is the member's own."""


def places(request: HttpRequest, rows: tuple[Place, ...]) -> list[dict[str, object]]:
    """The rows that this member may open, each with whether the page is one of its own."""
    member = request.user
    if not isinstance(member, Member):
        return []
    return [
        {
            "label": row.label,
            "url_name": row.url_name,
            "here": request.path == row.prefix if row.prefix == "/" else request.path.startswith(row.prefix),
        }
        for row in rows
        if _open_to(member, row.url_name)
    ]


def _open_to(member: Member, url_name: str) -> bool:
    if url_name == "home" and holds(member.roles, Permission.DISCLOSURE_READ):
        return False  # what is disclosed is all that they have
    need = ACCESS[url_name]
    return holds(member.roles, need) if isinstance(need, Permission) else True
