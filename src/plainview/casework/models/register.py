"""Sources of the public register besides the log: attested months without use, and published registers."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.people import Agency, Member


class Attestation(models.Model):
    """An office's statement that its agency ran no search from month `first` to month `last`. Never changed."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    office = models.CharField(max_length=100)
    first = models.CharField(max_length=7)
    last = models.CharField(max_length=7)
    made_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    entry = models.BigIntegerField(unique=True)

    class Meta:
        db_table = "attestation"

    def __str__(self) -> str:
        return f"{self.agency_id} {self.first} to {self.last}"


class PublishedRegister(models.Model):
    """A month's published register, byte for byte; each names the SHA-256 of the previous one. Never changed."""

    month = models.CharField(max_length=7, unique=True)
    data = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    checkpoint = models.TextField()
    entry = models.BigIntegerField(unique=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "published_register"

    def __str__(self) -> str:
        return self.month
