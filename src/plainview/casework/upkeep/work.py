"""The worker's own record: which step is due, which fails, and whether a worker lives.

Owns the rows of both. A step that fails is an entry in the log, at first and once a day, and an alarm until it works
again. It must never let one step's failure reach another step.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from plainview.casework.log.write import write_entry
from plainview.casework.models import WorkerLife, WorkerStep

BEAT = timedelta(seconds=10)
"""Time between two signs of life."""

SILENCE = timedelta(seconds=60)
"""Silence after which a worker counts as gone: six beats, as for the lease of a job."""

_LEASE = timedelta(hours=1)  # a step is not begun again before this, unless it ended: none takes as long
_AGAIN = timedelta(hours=1)  # a failed step that is due rarely is tried again after this
_RECORD = timedelta(days=1)  # a step that keeps failing is an entry this often
_REMEMBERED = timedelta(days=7)  # for which the lives of ended workers are kept


@dataclass(frozen=True, slots=True)
class Alarm:
    """A step that fails: its name, since when, how often in a row, and the kind of the last error."""

    step: str
    since: datetime
    failures: int
    error: str


def claim(name: str) -> bool:
    """Take a step if it is due, so that no other worker does it at the same time; new steps are due at once."""
    now = timezone.now()
    WorkerStep.objects.get_or_create(name=name, defaults={"due_at": now})
    due = WorkerStep.objects.filter(name=name, due_at__lte=now)
    return bool(due.update(due_at=now + _LEASE, began_at=now))


def succeeded(name: str, every: timedelta) -> None:
    """Record that a step worked; if it failed before, that is an entry too."""
    with transaction.atomic():
        step = WorkerStep.objects.select_for_update().get(name=name)
        if step.failing_since is not None:
            write_entry("worker.step_works", {"step": name, "failures": step.failures}, acting_member=None)
        step.done_at, step.due_at = timezone.now(), _next(step, every)
        step.failures, step.failing_since, step.recorded_at, step.error = 0, None, None, ""
        step.save()


def failed(name: str, every: timedelta, error: Exception) -> None:
    """Record that a step failed; it is tried again when it is due, at the latest in an hour."""
    now = timezone.now()
    with transaction.atomic():
        step = WorkerStep.objects.select_for_update().get(name=name)
        step.failures, step.failing_since = step.failures + 1, step.failing_since or now
        step.error, step.due_at = type(error).__name__[:100], _next(step, min(every, _AGAIN))
        if step.recorded_at is None or now - step.recorded_at >= _RECORD:
            step.recorded_at = now
            write_entry(
                "worker.step_failed", {"step": name, "error": step.error, "failures": step.failures}, acting_member=None
            )
        step.save()


def _next(step: WorkerStep, every: timedelta) -> datetime:
    return max((step.began_at or timezone.now()) + every, timezone.now())


def alarms() -> list[Alarm]:
    """Return the steps that fail now, longest first."""
    failing = WorkerStep.objects.exclude(failing_since=None).order_by("failing_since")
    return [Alarm(step.name, step.failing_since, step.failures, step.error) for step in failing if step.failing_since]


def begin_life() -> WorkerLife:
    """Record that this process works."""
    now = timezone.now()
    WorkerLife.objects.filter(beat_at__lt=now - _REMEMBERED).delete()
    return WorkerLife.objects.create(host=socket.gethostname()[:100], pid=os.getpid(), began_at=now, beat_at=now)


def beat(life: WorkerLife) -> None:
    """Give a sign of life."""
    WorkerLife.objects.filter(pk=life.pk).update(beat_at=timezone.now())


def end_life(life: WorkerLife) -> None:
    """Record that this process ended as it was told to."""
    WorkerLife.objects.filter(pk=life.pk).update(beat_at=timezone.now(), ended_at=timezone.now())


def living() -> list[WorkerLife]:
    """Return the workers that live: not ended, and heard of lately."""
    return list(WorkerLife.objects.filter(ended_at=None, beat_at__gt=timezone.now() - SILENCE).order_by("began_at"))


def last_heard() -> datetime | None:
    """Return the last sign of life of any worker, None if there never was one."""
    newest = WorkerLife.objects.order_by(F("beat_at").desc()).first()
    return newest.beat_at if newest else None
