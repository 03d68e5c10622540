"""The worker: its steps by the clock, and its signs of life."""

from __future__ import annotations

from django.db import models


class WorkerStep(models.Model):
    """A step that the worker does by the clock: when it is due, and whether it fails."""

    name = models.CharField(max_length=60, unique=True)
    due_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "worker_step"

    def __str__(self) -> str:
        return f"{self.name} due {self.due_at:%Y-%m-%d %H:%M:%S}"


class WorkerLife(models.Model):
    """A worker process: since when it runs, and its last sign of life."""

    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "worker_life"

    def __str__(self) -> str:
        return f"worker {self.pid} on {self.host}"
