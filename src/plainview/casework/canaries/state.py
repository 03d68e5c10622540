"""The state of each gallery's canaries: in use, last check, overdue, open alarms.

Owns what `plainview doctor` and the pages show, and when a check is due. It must never write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q
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
    galleries, now = list(rows.order_by("agency__name", "name")), timezone.now()
    of = Q(gallery__in=[gallery.pk for gallery in galleries])
    added: dict[int, list[datetime]] = {}
    in_use = Canary.objects.filter(of, retired_at=None).order_by("pk")
    for pk, at in in_use.values_list("gallery_id", "added_at"):
        added.setdefault(pk, []).append(at)
    checks = CanaryCheck.objects.filter(of, at__lte=now)  # one that lies ahead was made by a clock that was wrong
    newest = dict(checks.values_list("gallery_id").annotate(Max("at")))
    alarms: dict[int, list[CanaryAlarm]] = {}
    for alarm in CanaryAlarm.objects.filter(of, acknowledged_at=None).order_by("pk"):
        alarms.setdefault(alarm.gallery_id, []).append(alarm)
    late_after = {
        gallery.agency_id: _LATE * interval(gallery) for gallery in {g.agency_id: g for g in galleries}.values()
    }
    return [
        GalleryState(
            gallery.name,
            gallery.agency.name,
            len(begun := added.get(gallery.pk, [])),
            checked := newest.get(gallery.pk),
            bool(begun) and now - (checked or begun[0]) > late_after[gallery.agency_id],
            tuple(alarms.get(gallery.pk, ())),
        )
        for gallery in galleries
    ]


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
