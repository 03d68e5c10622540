"""Background work: its kind, progress and end. The queue has only numbers of jobs."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Agency, Member, public_id


def _job_id() -> str:
    return public_id("J")


class Job(models.Model):
    """A long task on one row of another table (`subject`, its primary key)."""

    class State(models.TextChoices):
        """Status; the last three are ends."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    public_id = models.CharField(max_length=16, unique=True, default=_job_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    subject = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    note = models.TextField(blank=True)
    tries = models.PositiveIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "job"
        indexes = (models.Index(fields=["state", "beat_at"], name="job_to_resume"),)
        constraints = (models.UniqueConstraint(fields=["kind", "subject"], name="job_once_a_subject"),)

    def __str__(self) -> str:
        return f"{self.public_id} {self.kind} {self.state}"

    @property
    def is_over(self) -> bool:
        """Say whether the job has ended in any way."""
        return self.finished_at is not None
