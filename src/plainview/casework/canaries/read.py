"""Reading canaries and alarms; and what keeps their references out of every candidate list.

Nothing here hands out a canary's picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q

from plainview.casework.models import Agency, Canary, CanaryAlarm, Gallery, Member, Search
from plainview.index.base import Scored
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds


@dataclass(frozen=True, slots=True)
class Hidden:
    """The canaries' references of a gallery.

    Attributes:
        keys: primary keys of all that it ever had; an index may still hold one that was retired a moment ago.
        present: how many it held at the row of its log that was asked for.
    """

    keys: frozenset[int]
    present: int

    def left_out(self, answer: list[Scored], top: int) -> list[Scored]:
        """The `top` best of an answer that was asked for `len(keys)` more rows."""
        return [scored for scored in answer if scored.reference not in self.keys][:top]


def hidden(gallery_id: int, seq: int) -> Hidden:
    """What a search of the gallery at row `seq` of its log must not show."""
    # Plain SQL: every search asks this.
    with connection.cursor() as cursor:
        cursor.execute("SELECT reference_id, added_seq, retired_seq FROM canary WHERE gallery_id = %s", [gallery_id])
        lifetimes = cursor.fetchall()
    present = sum(added <= seq and (retired is None or retired > seq) for _, added, retired in lifetimes)
    return Hidden(frozenset(key for key, _, _ in lifetimes), present)


def canaries(member: Member) -> list[Canary]:
    """The canaries of the member's agency, those in use first, then newest first."""
    rows = Canary.objects.filter(gallery__agency=member.agency).select_related("gallery", "added_by")
    return sorted(rows.order_by("-pk"), key=lambda canary: canary.retired_at is not None)


def alarms(member: Member, *, open_only: bool = False) -> list[CanaryAlarm]:
    """The alarms of the member's agency, newest first."""
    rows = CanaryAlarm.objects.filter(gallery__agency=member.agency)
    if open_only:
        rows = rows.filter(acknowledged_at=None)
    return list(rows.select_related("gallery", "acknowledged_by").order_by("-pk"))


def alarm_open(gallery: Gallery, *, at: datetime | None = None) -> bool:
    """True when an alarm of the gallery is open now, or was at a moment."""
    rows = CanaryAlarm.objects.filter(gallery=gallery)
    if at is None:
        return rows.filter(acknowledged_at=None).exists()
    later = Q(acknowledged_at=None) | Q(acknowledged_at__gt=at)
    return rows.filter(later, raised_at__lte=at).exists()


def in_doubt(search: Search) -> CanaryAlarm | None:
    """The newest alarm that casts doubt on an answered search.

    It does so from the last check that found the gallery in order, before the search, until somebody
    acknowledged it; so an alarm that was raised after the search may be about it too.
    """
    rows = CanaryAlarm.objects.filter(gallery_id=search.gallery_id)
    begun = Q(since=None) | Q(since__lte=search.answered_at)
    lasting = Q(acknowledged_at=None) | Q(acknowledged_at__gt=search.answered_at)
    return rows.filter(begun, lasting).order_by("-pk").first()


def alarm_recipients(agency: Agency) -> list[Member]:
    """Whom an alarm of the agency's galleries is sent to: its administrators and auditors."""
    members = Member.objects.filter(agency=agency, is_active=True).order_by("email")
    return [member for member in members if holds(member.roles, Permission.CANARY_ACKNOWLEDGE)]
