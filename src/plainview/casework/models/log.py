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


class LogWitness(models.Model):
    """What a trusted witness of this log cosigned last, and when it is asked again.

    `note` is the checkpoint with its cosignature, checked again whenever it counts; `at` is by the witness's own clock.
    """

    vkey = models.CharField(max_length=300, unique=True)
    size = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    note = models.TextField(default="")
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    answer = models.CharField(max_length=200, default="")
    alarm = models.CharField(max_length=10, default="")

    class Meta:
        db_table = "log_witness"

    def __str__(self) -> str:
        return self.vkey


class WitnessRule(models.Model):
    """A rule that was in force: the witnesses, how many are needed, after how many hours searches stop."""

    rule = models.JSONField()
    entry = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "witness_rule"

    def __str__(self) -> str:
        return f"entry {self.entry}"


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
