"""Scheduled reports: how often, to whom, and up to which day they were sent."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Agency, Member, public_id


def _schedule_id() -> str:
    return public_id("G")


class ReportSchedule(models.Model):
    """An agency's standing order for a report. `sent_until` is the last day that a sent report covered."""

    public_id = models.CharField(max_length=16, unique=True, default=_schedule_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    every = models.CharField(max_length=10)
    recipients = models.ManyToManyField(Member, related_name="+", db_table="report_recipient")
    made_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    sent_until = models.DateField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "report_schedule"

    def __str__(self) -> str:
        return self.public_id
