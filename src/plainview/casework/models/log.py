"""The log's own rows, from which the public folder is published. Never updated, never deleted."""

from __future__ import annotations

from django.db import models


class LogEntry(models.Model):
    """One entry in canonical form, its leaf hash, and the tree after it (see plainview.audit).

    `at` is when it was written (`Entry.time`): while the log is ahead of the clock, earlier than the entry's own `at`.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.CharField(max_length=23)
    canonical = models.BinaryField()
    leaf = models.BinaryField()
    frontier = models.BinaryField()

    class Meta:
        db_table = "log_entry"

    def __str__(self) -> str:
        return f"entry {self.seq}"


class LogOpening(models.Model):
    """The opening of a sealed commitment in an entry. Deleting it erases the value and leaves the tree valid."""

    entry = models.ForeignKey(LogEntry, on_delete=models.PROTECT)
    name = models.CharField(max_length=64)
    sealed = models.BinaryField()

    class Meta:
        db_table = "log_opening"
        constraints = (models.UniqueConstraint(fields=["entry", "name"], name="log_opening_once"),)

    def __str__(self) -> str:
        return f"{self.entry_id}:{self.name}"


class LogKey(models.Model):
    """A signing key that an entry of the log introduced; the first key has no row.

    `checkpoint` is signed by the previous key, for the log ending with that entry: the previous key is destroyed, so
    nobody can sign it again.
    """

    entry = models.OneToOneField(LogEntry, primary_key=True, on_delete=models.PROTECT)
    vkey = models.TextField()
    checkpoint = models.TextField()

    class Meta:
        db_table = "log_key"

    def __str__(self) -> str:
        return self.vkey


class LogReview(models.Model):
    """An auditor's review of the log up to an entry."""

    agency = models.ForeignKey("casework.Agency", on_delete=models.PROTECT)
    member = models.ForeignKey("casework.Member", on_delete=models.PROTECT)
    first = models.BigIntegerField()
    up_to = models.BigIntegerField()
    note = models.TextField()
    entry = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "log_review"

    def __str__(self) -> str:
        return f"review of {self.first} to {self.up_to}"
