"""Reads canaries and alarms, and which references to keep out of every candidate list.

Owns the list of hidden references. It must never return a canary's picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q

from plainview.casework.models import Agency, Canary, CanaryAlarm, Gallery, Member, Search
from plainview.casework.workspace.prepared import Prepared
from plainview.index.base import Scored
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds


@dataclass(frozen=True, slots=True)
class Hidden:
    """The references of a gallery's canaries.

    Attributes:
        keys: primary keys of all that it ever had: an index may still have one that was retired a moment ago.
        present: those that were in the gallery at the requested row of its log.
    """

    keys: frozenset[int]
    present: frozenset[int]

    def left_out(self, answer: list[Scored], top: int) -> list[Scored]:
        """Return the `top` best, without canaries, of an answer with `len(keys)` extra rows."""
        return [scored for scored in answer if scored.reference not in self.keys][:top]


def hidden(gallery_id: int, seq: int) -> Hidden:
    """Return the references that a search of the gallery at row `seq` of its log must not show."""
    # Plain SQL: every search runs this.
    with connection.cursor() as cursor:
        cursor.execute("SELECT reference_id, added_seq, retired_seq FROM canary WHERE gallery_id = %s", [gallery_id])
        lifetimes = cursor.fetchall()
    present = {key for key, added, retired in lifetimes if added <= seq and (retired is None or retired > seq)}
    return Hidden(frozenset(key for key, _, _ in lifetimes), frozenset(present))


def canaries(member: Member) -> list[Canary]:
    """Return the canaries of the member's agency, those in use first, then newest first."""
    rows = Canary.objects.filter(gallery__agency=member.agency).select_related("gallery", "added_by")
    return sorted(rows.order_by("-pk"), key=lambda canary: canary.retired_at is not None)


def alarms(member: Member, *, open_only: bool = False) -> list[CanaryAlarm]:
    """Return the alarms of the member's agency, newest first."""
    rows = CanaryAlarm.objects.filter(gallery__agency=member.agency)
    if open_only:
        rows = rows.filter(acknowledged_at=None)
    return list(rows.select_related("gallery", "acknowledged_by").order_by("-pk"))


_OPEN_ALARMS = Prepared(
    lambda gallery: CanaryAlarm.objects.filter(gallery=gallery, acknowledged_at=None).values_list("pk")[:1], int
)


def alarm_open(gallery: Gallery, *, at: datetime | None = None) -> bool:
    """Say whether an alarm of the gallery is open now, or was at a moment."""
    if at is None:
        return _OPEN_ALARMS.first(gallery.pk) is not None
    rows = CanaryAlarm.objects.filter(gallery=gallery)
    later = Q(acknowledged_at=None) | Q(acknowledged_at__gt=at)
    return rows.filter(later, raised_at__lte=at).exists()


def in_doubt(search: Search) -> CanaryAlarm | None:
    """Return the newest alarm that casts doubt on an answered search.

    An alarm casts doubt from the last check that passed until its acknowledgement, so an alarm that was raised after
    the search may concern it too.
    """
    rows = CanaryAlarm.objects.filter(gallery_id=search.gallery_id)
    begun = Q(since=None) | Q(since__lte=search.answered_at)
    lasting = Q(acknowledged_at=None) | Q(acknowledged_at__gt=search.answered_at)
    return rows.filter(begun, lasting).order_by("-pk").first()


def alarm_recipients(agency: Agency) -> list[Member]:
    """Return the recipients of alarms about the agency's galleries: its administrators and auditors."""
    members = Member.objects.filter(agency=agency, is_active=True).order_by("email")
    return [member for member in members if holds(member.roles, Permission.CANARY_ACKNOWLEDGE)]
