"""Reads what a member was told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.db.models import QuerySet
from django.utils import timezone

from plainview.casework.models import Member, News

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "verification": "A verification was assigned to you",
        "approval.requested": "A search waits for your approval",
        "approval.granted": "Your search was approved",
        "approval.denied": "Your search was not approved",
        "verified": "A candidate is verified and waits for your decision",
        "released": "A candidate that you examined was released as a lead",
        "withheld": "A candidate that you examined was sent back",
        "alert": "One of your alerts raised a candidate",
        "policy": "A change of the policy waits for your decision",
    }
)
"""Kind -> its sentence on the page of notifications."""

_MOST = 100  # rows of the page


def news(member: Member) -> list[News]:
    """Return what the member was told, newest first."""
    return list(_due(member).order_by("-due_at", "-pk")[:_MOST])


def unseen(member: Member) -> int:
    """Return how much of it the member has not seen."""
    return _due(member).filter(seen_at=None).count()


def newest(member: Member) -> News | None:
    """Return the newest one that the member has not seen."""
    return _due(member).filter(seen_at=None).order_by("-due_at", "-pk").first()


def _due(member: Member) -> QuerySet[News]:
    return News.objects.filter(member=member, due_at__lte=timezone.now())
