"""How the canaries of each gallery stand: in use, checked when, overdue, which alarms are open.

What `plainview doctor` and the pages show, and what says that a check is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from plainview.casework.models import Agency, Canary, CanaryAlarm, CanaryCheck, Gallery
from plainview.casework.people.read import binding

_LATE = 1.5
"""Intervals after which a check counts as overdue: one may be late because the machine was off for a while."""


@dataclass(frozen=True, slots=True)
class GalleryState:
    """How the canaries of a gallery stand.

    Attributes:
        gallery, agency: their names.
        canaries: how many are in use.
        checked_at: its newest check, None when there was none.
        overdue: the newest check is older than policy allows, or the first one is late.
        alarms: its open alarms, oldest first.
    """

    gallery: str
    agency: str
    canaries: int
    checked_at: datetime | None
    overdue: bool
    alarms: tuple[CanaryAlarm, ...]


def state(agency: Agency | None = None) -> list[GalleryState]:
    """Every gallery whose passport has not ended, of one agency or of all, for the operator."""
    rows = Gallery.objects.filter(expires_on__gte=timezone.now().date()).select_related("agency")
    if agency is not None:
        rows = rows.filter(agency=agency)
    return [_state(gallery) for gallery in rows.order_by("agency__name", "name")]


def _state(gallery: Gallery) -> GalleryState:
    in_use = Canary.objects.filter(gallery=gallery, retired_at=None).order_by("pk")
    newest = CanaryCheck.objects.filter(gallery=gallery).order_by("-at").first()
    first = in_use.first()
    late = False
    if first is not None:
        counted_from = newest.at if newest is not None else first.added_at
        late = timezone.now() - counted_from > _LATE * interval(gallery)
    still_open = CanaryAlarm.objects.filter(gallery=gallery, acknowledged_at=None).order_by("pk")
    return GalleryState(
        gallery.name,
        gallery.agency.name,
        in_use.count(),
        newest.at if newest else None,
        late,
        tuple(still_open),
    )


def interval(gallery: Gallery) -> timedelta:
    """Time between two checks of the gallery, by its agency's policy."""
    _, policy = binding(gallery.agency)
    return timedelta(hours=policy.canary_hours)


def due(gallery: Gallery) -> bool:
    """True when the gallery's next check has come."""
    newest = CanaryCheck.objects.filter(gallery=gallery).order_by("-at").first()
    return newest is None or timezone.now() - newest.at >= interval(gallery)
