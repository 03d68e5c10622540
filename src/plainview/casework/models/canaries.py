"""Canaries: known pairs of pictures that prove a gallery's index and the model; the checks with them, and alarms.

A canary's reference is in the gallery's ordered log like any other, and no person is ever shown it.
"""

from __future__ import annotations

from django.db import models

from plainview.casework.models.galleries import Gallery, Reference
from plainview.casework.models.people import Member, public_id


def _canary_id() -> str:
    return public_id("C")


def _alarm_id() -> str:
    return public_id("Y")


class Canary(models.Model):
    """Two pictures of one person: a hidden reference, and the probe that must find it. Both templates are sealed."""

    public_id = models.CharField(max_length=16, unique=True, default=_canary_id)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    reference = models.OneToOneField(Reference, on_delete=models.PROTECT, related_name="canary")
    basis = models.TextField()
    probe_blob = models.CharField(max_length=64)
    probe_face = models.PositiveSmallIntegerField()
    probe_template = models.BinaryField()
    pack = models.CharField(max_length=100)
    pack_sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)
    added_seq = models.BigIntegerField()
    retired_at = models.DateTimeField(null=True)
    retired_seq = models.BigIntegerField(null=True)

    class Meta:
        db_table = "canary"

    def __str__(self) -> str:
        return self.public_id


class CanaryCheck(models.Model):
    """A check of a gallery by its canaries: how much was compared, and whether it passed."""

    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    at = models.DateTimeField()
    canaries = models.PositiveIntegerField()
    sampled = models.PositiveIntegerField()
    ok = models.BooleanField()
    entry = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "canary_check"
        indexes = (models.Index(fields=["gallery", "at"], name="canary_check_newest"),)

    def __str__(self) -> str:
        return f"{self.gallery_id} at {self.at}"


class CanaryAlarm(models.Model):
    """A fault that a check found. It is open until an administrator or auditor acknowledges it with a reason.

    `since` is the time of the last check that passed, None if none did: answers since then are in doubt.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_alarm_id)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    fault = models.CharField(max_length=20)
    says = models.TextField()
    since = models.DateTimeField(null=True)
    raised_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        db_table = "canary_alarm"
        constraints = (
            models.UniqueConstraint(
                fields=["gallery", "fault"],
                condition=models.Q(acknowledged_at__isnull=True),
                name="canary_alarm_open_once",
            ),
        )

    def __str__(self) -> str:
        return self.public_id
