"""Galleries with their passport, the references in them, and the ordered log that every index follows."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Agency, Member, public_id


def _reference_id() -> str:
    return public_id("R")


class Gallery(models.Model):
    """A set of references under one passport: legal basis, source, owner and expiry, all required."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    name = models.CharField(max_length=100)
    legal_basis = models.TextField()
    source = models.TextField()
    owner = models.CharField(max_length=200)
    expires_on = models.DateField()
    offences = models.JSONField(default=list)
    created_by = models.ForeignKey(Member, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    log_head = models.BigIntegerField(default=0)

    class Meta:
        db_table = "gallery"
        constraints = (
            models.UniqueConstraint(fields=["agency", "name"], name="gallery_name_once"),
            models.CheckConstraint(
                condition=~models.Q(legal_basis="") & ~models.Q(source="") & ~models.Q(owner=""),
                name="gallery_passport_complete",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    """One run of enrolment into a gallery, with what came of it."""

    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    images = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    failed = models.JSONField(default=list)

    class Meta:
        db_table = "enrolment"

    def __str__(self) -> str:
        return f"enrolment {self.pk}"


class Reference(models.Model):
    """One enrolled face: its picture (a blob by content hash), where it came from, and its sealed template."""

    public_id = models.CharField(max_length=16, unique=True, default=_reference_id)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT)
    blob = models.CharField(max_length=64)
    face_number = models.PositiveSmallIntegerField()
    box = models.JSONField()
    points = models.JSONField()
    quality = models.PositiveSmallIntegerField()
    quality_detail = models.JSONField()
    file_name = models.TextField()
    source_url = models.TextField(blank=True)
    page_url = models.TextField(blank=True)
    captured_on = models.DateField(null=True)
    pack = models.CharField(max_length=100)
    template = models.BinaryField()

    class Meta:
        db_table = "reference"
        constraints = (
            models.UniqueConstraint(fields=["gallery", "blob", "face_number"], name="reference_face_once"),
        )

    def __str__(self) -> str:
        return self.public_id


class GalleryChange(models.Model):
    """One row of a gallery's ordered log: gap-free from 1, the truth that every index catches up with."""

    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    seq = models.BigIntegerField()
    is_add = models.BooleanField()
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT)

    class Meta:
        db_table = "gallery_change"
        constraints = (models.UniqueConstraint(fields=["gallery", "seq"], name="gallery_change_in_order"),)

    def __str__(self) -> str:
        return f"{self.gallery_id}:{self.seq}"


class GalleryCalibration(models.Model):
    """What scores mean in a gallery, as it was at one point of its ordered log; the newest of a pack counts.

    `data` is of cosines, `adjusted` of the scores that order lists where these differ; `cohort`: reference numbers.
    """

    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    pack = models.CharField(max_length=100)
    seq = models.BigIntegerField()
    size = models.BigIntegerField()
    data = models.TextField()
    adjusted = models.TextField(blank=True)
    cohort = models.JSONField(default=list)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "gallery_calibration"
        indexes = (models.Index(fields=["gallery", "pack", "seq"], name="calibration_newest"),)

    def __str__(self) -> str:
        return f"{self.gallery_id} at {self.seq}"
