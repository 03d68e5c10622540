"""Reads alerts, the candidates they raised and notification settings, always of the member's agency."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from plainview.casework.models import Alert, AlertPreference, Candidate, Member, Search
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds


def alerts(member: Member, *, own: bool = False) -> list[Alert]:
    """Return the alerts of the member's agency, or only the member's own, newest first."""
    rows = Alert.objects.filter(case__agency=member.agency)
    if own:
        rows = rows.filter(member=member)
    return list(rows.select_related("case", "member").prefetch_related("follows__gallery").order_by("-pk"))


def state_of(alert: Alert) -> str:
    """Return the state in one word: open, muted, expired or closed."""
    if alert.closed_at is not None:
        return "expired" if alert.closed_why == "expired" else "closed"
    if alert.expires_at <= timezone.now():
        return "expired"
    return "muted" if alert.muted_at is not None else "open"


@dataclass(frozen=True, slots=True)
class Raised:
    """One candidate that an alert raised, with its search."""

    search: Search
    candidate: Candidate
    seen: bool


def raised_count(alert: Alert) -> int:
    """Return how many candidates an alert raised that were not erased since."""
    rows = Candidate.objects.filter(search__alert=alert, search__erased_at=None)
    return rows.exclude(reference__template=b"").count()


def raised_for(alert: Alert, member: Member) -> list[Raised]:
    """Return the candidates of an alert that the member may see in a list, where no view is recorded.

    Who may have to verify one of them blind sees those of their own alerts only.
    """
    return [] if kept_blind(alert, member) else raised_by(alert)


def kept_blind(alert: Alert, member: Member) -> bool:
    """Return whether the member may have to verify a candidate of the alert, and so sees none without a record of it."""
    return alert.member_id != member.pk and holds(member.roles, Permission.VERIFICATION_RECORD)


def raised_by(alert: Alert) -> list[Raised]:
    """Return the candidates that an alert raised, newest first, without those erased since."""
    rows = Candidate.objects.filter(search__alert=alert, search__erased_at=None).select_related(
        "search__seen", "search__gallery", "reference"
    )
    return [
        Raised(candidate.search, candidate, hasattr(candidate.search, "seen"))
        for candidate in rows.order_by("-search_id", "rank")
        if candidate.reference.template
    ]


def unseen(member: Member) -> list[Search]:
    """Return the searches that the member's own alerts raised and nobody has viewed, oldest first."""
    return list(_UNSEEN(member.pk))


_UNSEEN = Prepared(
    lambda member: (
        Search.objects.filter(alert__member=member, seen=None, erased_at=None)
        .select_related("case", "gallery", "alert")
        .order_by("pk")
    ),
    int,
)


def preference_of(member: Member) -> AlertPreference:
    """Return the member's notification settings; the default is at once, at any hour."""
    return AlertPreference.objects.filter(member=member).first() or AlertPreference(member=member)
