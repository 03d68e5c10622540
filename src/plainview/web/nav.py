"""The navigation of every page: at most six places, those of the member's roles; everything else is one page away.

Owns the order and which pages belong to a place. It must never show a row whose page the member's roles do not permit.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from plainview.casework.models import Member
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role, holds
from plainview.web.pages import ACCESS

MOST = 6
"""Places in the header at most: what fits beside the search field at 1280 pixels, and in one glance."""

_ALL = frozenset(Role)
_WORKS = frozenset({Role.EXAMINER, Role.SUPERVISOR})
_LOOKS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR, Role.OUTSIDE_AUDITOR})


@dataclass(frozen=True, slots=True)
class Place:
    """One link.

    Attributes:
        label: its text.
        url_name: its page; pages below that address belong to it.
        of: the roles that have it in their header.
        also: names of further pages that belong to it.
        below: beginnings of further addresses that belong to it.
        about: what it is for, on the page of everything; empty for a place of the header alone.
    """

    label: str
    url_name: str
    of: frozenset[Role] = frozenset()
    also: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    about: str = ""


PLACES = (
    Place("Tasks", "home", _ALL - {Role.DEFENCE}, ("prepare", "verifications", "approvals", "news")),
    Place("Disclosed searches", "disclosures", frozenset({Role.DEFENCE})),
    Place("Cases", "cases", _WORKS, ("videos",), ("/searches/", "/examinations/", "/stills/")),
    Place("Leads", "leads", _WORKS),
    Place("Alerts", "alerts", frozenset({Role.EXAMINER})),
    Place("Log", "log", frozenset({Role.AUDITOR, Role.OUTSIDE_AUDITOR})),
    Place("Evidence", "cases", frozenset({Role.AUDITOR, Role.OUTSIDE_AUDITOR})),
    Place("Galleries", "galleries", frozenset({Role.ADMINISTRATOR}), ("feeds",)),
    Place("My figures", "proficiency", frozenset({Role.VERIFIER})),
    Place(
        "Oversight",
        "oversight",
        _LOOKS,
        (
            "proposals",
            "reports",
            "retention",
            "holds",
            "flags",
            "samples",
            "shared",
            "exonerations",
            "webhooks",
            "status",
        ),
    ),
    Place("People", "members", _LOOKS),
    Place("Rules", "policy", frozenset({Role.ADMINISTRATOR})),
    Place("Requests", "rights-requests", frozenset({Role.ADMINISTRATOR})),
)
"""The header, in order."""

EVERYTHING = (
    Place("Cases", "cases", about="Every case with its searches, videos, leads and alerts"),
    Place("Videos", "videos", about="Uploaded videos and the people found in them"),
    Place("Examinations", "examinations", about="Every examination and its status"),
    Place("Verifications", "verifications", about="Verifications assigned to you"),
    Place("Leads", "leads", about="Released leads, their outcomes, and candidates waiting for a decision"),
    Place("Alerts", "alerts", about="Saved probes that are compared with new references"),
    Place("Approvals", "approvals", about="Searches waiting for a supervisor"),
    Place("Shared searches", "shared", about="Agreements with other agencies, and their requests"),
    Place("Exoneration reviews", "exonerations", about="Reviews that the defence asked for"),
    Place("Galleries", "galleries", about="Reference pictures and their legal basis"),
    Place("Feeds", "feeds", about="Lists that publishers keep, and galleries follow"),
    Place("Requests", "rights-requests", about="People who ask what you have about them"),
    Place("Reports", "reports", about="Activity, conclusions and error rates of a period"),
    Place("Proficiency", "proficiency", about="How often each verifier is right, on known pairs"),
    Place("Retention", "retention", about="What is due for erasure, and proofs of what was erased"),
    Place("Holds", "holds", about="What may not be erased, and until when"),
    Place("Flags", "flags", about="Searches that a misuse rule noticed"),
    Place("Samples", "samples", about="Random samples of searches for the auditor"),
    Place("Log", "log", about="Every act and every refusal, with its proof"),
    Place("Proposals", "proposals", about="Changes of power that need a second person"),
    Place("Members", "members", about="Accounts, roles and training"),
    Place("Rules", "policy", about="Your agency's policy in plain words"),
    Place("Webhooks", "webhooks", about="Signed messages to your own systems"),
    Place("Status", "status", about="The worker, the disk, backups and witnesses"),
    Place("Public register", "register", about="What the public sees of your agency's use"),
)
"""What the page of everything lists, as far as the member may open it."""

OWN = (
    Place("My record", "me"),
    Place("My figures", "proficiency"),
    Place("Rules", "policy"),
    Place("Notifications", "alert-preference"),
    Place("Sign-in", "mfa_index"),
    Place("Sessions", "sessions"),
    Place("Tokens", "tokens"),
    Place("Everything", "oversight"),
    Place("Register", "register"),
)
"""Places of the member's own."""


def places(request: HttpRequest) -> list[dict[str, object]]:
    """Return the places of this member's header, and whether the current page belongs to each."""
    member = request.user
    if not isinstance(member, Member):
        return []
    roles = {Role(role) for role in member.roles}
    shown: dict[str, Place] = {}
    for place in PLACES:
        if place.of & roles and _open_to(member, place.url_name):
            shown.setdefault(place.url_name, place)
    here = next((place for place in shown.values() if _is_here(request.path, place)), None)
    return [
        {"label": place.label, "url_name": place.url_name, "here": place is here}
        for place in list(shown.values())[:MOST]
    ]


def own_places(request: HttpRequest) -> list[Place]:
    """Return the places of the member's own menu."""
    member = request.user
    return [place for place in OWN if isinstance(member, Member) and _open_to(member, place.url_name)]


def everything(member: Member) -> list[Place]:
    """Return every place that this member may open, header or not."""
    return [place for place in EVERYTHING if _open_to(member, place.url_name)]


def may_search(request: HttpRequest) -> bool:
    """Say whether the header has the button of a new search."""
    return isinstance(request.user, Member) and holds(request.user.roles, Permission.SEARCH_RUN)


def _is_here(path: str, place: Place) -> bool:
    starts = (reverse(place.url_name), *(reverse(name) for name in place.also), *place.below)
    return any(path == start if start == "/" else path.startswith(start) for start in starts)


def _open_to(member: Member, url_name: str) -> bool:
    if url_name in ("home", "oversight") and holds(member.roles, Permission.DISCLOSURE_READ):
        return False  # the defence sees only what is disclosed to it
    need = ACCESS[url_name]
    return holds(member.roles, need) if isinstance(need, Permission) else True
