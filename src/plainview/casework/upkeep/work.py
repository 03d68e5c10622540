"""The worker's own record: which step is due, which fails, and that a worker lives; `life` reads it.

Owns the rows of both. A step that fails is an entry in the log, at first and once a day, and an alarm until it works
again. It must never let one step's failure reach another step.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plainview.casework.log.write import write_entry
from plainview.casework.models import WorkerLife, WorkerStep

BEAT = timedelta(seconds=10)
"""Time between two signs of life."""

_LEASE = timedelta(hours=1)  # a step is not begun again before this, unless it ended: none takes as long
_AGAIN = timedelta(hours=1)  # a failed step that is due rarely is tried again after this
_FARTHEST = timedelta(days=1, hours=1)  # due after this: written under a clock that ran ahead, so due now
_RECORD = timedelta(days=1)  # a step that keeps failing is an entry this often
_REMEMBERED = timedelta(days=7)  # for which the lives of ended workers are kept


def due(names: Collection[str]) -> set[str]:
    """Return which of these steps are due; new steps are due at once.

    It only reads: a worker looks twice a second, and each claim would take the lock for writing, which people wait for.
    """
    waiting = set(WorkerStep.objects.exclude(_due(timezone.now())).values_list("name", flat=True))
    return set(names) - waiting


def claim(name: str) -> bool:
    """Take a step if it is due, so that no other worker does it at the same time; new steps are due at once."""
    now = timezone.now()
    WorkerStep.objects.get_or_create(name=name, defaults={"due_at": now})
    return bool(WorkerStep.objects.filter(_due(now), name=name).update(due_at=now + _LEASE, began_at=now))


def _due(now: datetime) -> Q:
    return Q(due_at__lte=now) | Q(due_at__gt=now + _FARTHEST)


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
