"""When each part of the deployment last did its work."""

from __future__ import annotations

from django.db import models


class Beat(models.Model):
    """A part's last sign of life: "worker", "server", "backup", "rehearsal"; `note` is for the status page."""

    part = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        db_table = "beat"

    def __str__(self) -> str:
        return f"{self.part} {self.at}"
