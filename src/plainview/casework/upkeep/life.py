"""Whether a worker lives, and which of its steps fail: what the status page and `plainview doctor` show.

Owns when silence is a worker that is gone. It must never write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from plainview.casework.models import WorkerLife, WorkerStep

SILENCE = timedelta(seconds=60)
"""Silence after which a worker counts as gone: six beats, as for the lease of a job."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A step that fails: its name, since when, how often in a row, and the kind of the last error."""

    step: str
    since: datetime
    failures: int
    error: str


def alarms() -> list[Alarm]:
    """Return the steps that fail now, longest first."""
    steps = WorkerStep.objects.exclude(failing_since=None).order_by("failing_since")
    return [Alarm(step.name, step.failing_since, step.failures, step.error) for step in steps if step.failing_since]


def living() -> list[WorkerLife]:
    """Return the workers that live: not ended, and heard of lately."""
    return list(WorkerLife.objects.filter(ended_at=None, beat_at__gt=timezone.now() - SILENCE).order_by("began_at"))


def last_heard() -> datetime | None:
    """Return the last sign of life of any worker, None if there never was one."""
    newest = WorkerLife.objects.order_by(F("beat_at").desc()).first()
    return newest.beat_at if newest else None
