"""Random samples of searches for review: how they were drawn, and the auditor's findings. None is ever deleted."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Search
from plainview.casework.models.people import Agency, Member, public_id


def _sample_id() -> str:
    return public_id("L")


class AuditSample(models.Model):
    """A draw, with everything needed to draw it again from the log.

    `asked_entry` states it; the root of the log that ends with that entry is the half of the seed that nobody chose.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_sample_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    wanted = models.PositiveIntegerField()
    since = models.DateField(null=True)
    stratified = models.BooleanField(default=False)
    nonce = models.CharField(max_length=200)
    seed = models.CharField(max_length=64)
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    population = models.PositiveIntegerField()
    asked_entry = models.BigIntegerField()
    entry = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "audit_sample"

    def __str__(self) -> str:
        return self.public_id


class AuditSampleItem(models.Model):
    """A drawn search and its finding; `finding` is empty until the auditor records it."""

    sample = models.ForeignKey(AuditSample, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="+")
    finding = models.CharField(max_length=20, blank=True)
    note = models.TextField(blank=True)
    found_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    found_at = models.DateTimeField(null=True)
    entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "audit_sample_item"
        constraints = (
            models.UniqueConstraint(fields=["sample", "position"], name="audit_sample_in_place"),
            models.UniqueConstraint(fields=["sample", "search"], name="audit_sample_search_once"),
        )

    def __str__(self) -> str:
        return f"{self.sample_id}.{self.position}"
