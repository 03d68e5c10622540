"""The state of each gallery's canaries: in use, last check, overdue, open alarms.

Owns what `plainview doctor` and the pages show, and when a check is due. It must never write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from plainview.casework.models import Agency, Canary, CanaryAlarm, CanaryCheck, Gallery
from plainview.casework.people.read import binding

_LATE = 1.5
"""Intervals after which a check counts as overdue: a check may be late because the machine was off."""


@dataclass(frozen=True, slots=True)
class GalleryState:
    """The state of a gallery's canaries.

    Attributes:
        gallery, agency: their names.
        canaries: number in use.
        checked_at: time of the newest check, None before the first.
        overdue: the newest check is older than policy allows, or the first check is late.
        alarms: its open alarms, oldest first.
    """

    gallery: str
    agency: str
    canaries: int
    checked_at: datetime | None
    overdue: bool
    alarms: tuple[CanaryAlarm, ...]


def state(agency: Agency | None = None) -> list[GalleryState]:
    """Return the state of every gallery whose passport has not ended, of one agency or (for the operator) of all."""
    rows = Gallery.objects.filter(expires_on__gte=timezone.now().date()).select_related("agency")
    if agency is not None:
        rows = rows.filter(agency=agency)
    return [_state(gallery) for gallery in rows.order_by("agency__name", "name")]


def _state(gallery: Gallery) -> GalleryState:
    in_use = Canary.objects.filter(gallery=gallery, retired_at=None).order_by("pk")
    newest = newest_check(gallery)
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
    """Return the time between two checks of the gallery, by its agency's policy."""
    _, policy = binding(gallery.agency)
    return timedelta(hours=policy.canary_hours)


def newest_check(gallery: Gallery) -> CanaryCheck | None:
    """Return the newest check of a gallery; one whose time lies ahead was made by a clock that was wrong."""
    return CanaryCheck.objects.filter(gallery=gallery, at__lte=timezone.now()).order_by("-at").first()


def due(gallery: Gallery) -> bool:
    """Say whether the gallery's next check is due."""
    newest = newest_check(gallery)
    return newest is None or timezone.now() - newest.at >= interval(gallery)
