"""Disclosures of searches to outsiders, and requests for an exoneration review. None is ever deleted."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Search
from plainview.casework.models.people import Agency, Member, public_id


def _grant_id() -> str:
    return public_id("G")


def _package_id() -> str:
    return public_id("B")


def _review_id() -> str:
    return public_id("E")


class DisclosureGrant(models.Model):
    """Access to one search for one person outside the agency, up to and including a day.

    The address identifies the person, so that several searches reach one account, even before the person joins.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_grant_id)
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="grants")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    email = models.EmailField()
    name = models.CharField(max_length=200)
    pictures = models.CharField(max_length=10)
    pictures_reason = models.TextField(blank=True)
    granted_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)
    ends_on = models.DateField()
    revoked_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.TextField(blank=True)

    class Meta:
        db_table = "disclosure_grant"
        indexes = (models.Index(fields=["agency", "email"], name="disclosure_of_a_person"),)

    def __str__(self) -> str:
        return self.public_id


class DisclosurePackage(models.Model):
    """A package that the server made and stores, sealed, so that everyone receives the same file."""

    public_id = models.CharField(max_length=16, unique=True, default=_package_id)
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="packages")
    pictures = models.CharField(max_length=10)
    pictures_reason = models.TextField(blank=True)
    asked_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    made_at = models.DateTimeField(null=True)
    blob = models.CharField(max_length=64, blank=True, db_index=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    items = models.PositiveIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "disclosure_package"

    def __str__(self) -> str:
        return self.public_id


class DisclosureDownload(models.Model):
    """A download of a package by a person."""

    package = models.ForeignKey(DisclosurePackage, on_delete=models.PROTECT, related_name="downloads")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    entry = models.BigIntegerField()

    class Meta:
        db_table = "disclosure_download"

    def __str__(self) -> str:
        return f"{self.package_id} by {self.member_id}"


class ExonerationReview(models.Model):
    """A request of the defence or of a review body to search again, with the decision and the outcome.

    `charged_rank` is the rank of the person charged in the list of the reviewed search, None if they are not in it.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_review_id)
    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="reviews")
    asked_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    requester = models.CharField(max_length=200)
    body = models.CharField(max_length=200)
    why = models.TextField()
    charged_rank = models.PositiveSmallIntegerField(null=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    accepted = models.BooleanField(null=True)
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    answered_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.JSONField(null=True)

    class Meta:
        db_table = "exoneration_review"

    def __str__(self) -> str:
        return self.public_id
