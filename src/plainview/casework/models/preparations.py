"""Drafts of searches: a probe being prepared under a case by one person. The original is a blob, edits are words."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Case
from plainview.casework.models.people import Member, public_id
from plainview.policy.agency import DEFAULT_LIST


def _preparation_id() -> str:
    return public_id("D")


class Preparation(models.Model):
    """A member's probe under a case, as prepared so far. Erased when it is discarded or not changed for some time."""

    public_id = models.CharField(max_length=16, unique=True, default=_preparation_id)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    blob = models.CharField(max_length=64, db_index=True)
    file_name = models.TextField()
    original_size = models.JSONField()
    edits = models.JSONField(default=list)
    size = models.JSONField()
    faces = models.JSONField()
    face = models.PositiveSmallIntegerField(null=True)
    # What decoding changed or left out, in sentences.
    notes = models.JSONField(default=list)
    origin = models.CharField(max_length=40, blank=True)
    purpose = models.TextField(blank=True)
    galleries = models.JSONField(default=list)
    top = models.PositiveSmallIntegerField(default=DEFAULT_LIST)
    urgent_reason = models.TextField(blank=True)
    provenance = models.JSONField(default=dict)
    review = models.ForeignKey("casework.ExonerationReview", on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "preparation"
        indexes = (models.Index(fields=["member", "discarded_at"], name="preparation_own"),)

    def __str__(self) -> str:
        return self.public_id


class PreparationPhotograph(models.Model):
    """A further photograph of the same person in a draft, as its member says; erased with the draft."""

    preparation = models.ForeignKey(Preparation, on_delete=models.CASCADE, related_name="photographs")
    number = models.PositiveSmallIntegerField()
    blob = models.CharField(max_length=64, db_index=True)
    file_name = models.TextField()
    size = models.JSONField()
    faces = models.JSONField()
    face = models.PositiveSmallIntegerField(null=True)
    notes = models.JSONField(default=list)

    class Meta:
        db_table = "preparation_photograph"
        constraints = (models.UniqueConstraint(fields=["preparation", "number"], name="preparation_photograph_once"),)

    def __str__(self) -> str:
        return f"{self.preparation_id} photograph {self.number}"
