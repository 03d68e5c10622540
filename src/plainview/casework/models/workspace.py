"""What the workspace knows of itself: its keys, whether it was served, its backups, and when its clock was wrong."""

from __future__ import annotations

from django.db import models


class WorkspaceState(models.Model):
    """The only row about the workspace as a whole; entries of the log say the same.

    `keys`: name -> fingerprint of every key in force. `served_entry`: entry of the first start of the server.
    `version`: the Plainview that made or upgraded the tables.
    """

    keys = models.JSONField()
    served_entry = models.BigIntegerField(null=True)
    version = models.CharField(max_length=80)

    class Meta:
        db_table = "workspace_state"

    def __str__(self) -> str:
        return self.version


class BackupRecord(models.Model):
    """A backup that this workspace made, or could not make (`failure`), and what its last rehearsal found."""

    backup = models.CharField(max_length=32, unique=True)
    failure = models.TextField(blank=True)
    path = models.TextField()
    scheduled = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    entries = models.BigIntegerField(default=0)
    pictures = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    rehearsed_at = models.DateTimeField(null=True)
    rehearsal_ok = models.BooleanField(null=True)
    rehearsal = models.TextField(blank=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "backup_record"

    def __str__(self) -> str:
        return self.path


class ClockFault(models.Model):
    """A time in which the log was ahead of the clock: entry `first` said so. Two people close it."""

    first = models.BigIntegerField(unique=True)
    ahead = models.CharField(max_length=23)
    clock = models.CharField(max_length=23)
    noticed_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(null=True)
    explained_by = models.ForeignKey("casework.Member", on_delete=models.PROTECT, null=True, related_name="+")
    explanation = models.TextField(blank=True)
    wrong = models.CharField(max_length=12, blank=True)
    closed_entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "clock_fault"

    def __str__(self) -> str:
        return f"the log was ahead at entry {self.first}"
