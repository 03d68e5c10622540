"""Requests of the people in the pictures, the findings, and the answers. Everything that names a person is sealed."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.galleries import Reference
from plainview.casework.models.people import Agency, Member, public_id
from plainview.casework.models.rows import Recorded

RECEIVED, CONFIRMED, ANSWERED, REFUSED = "received", "confirmed", "answered", "refused"


def _request_id() -> str:
    return public_id("N")


class SubjectRequest(Recorded):
    """A request. `sealed`: name, contact and content (JSON), empty once erased; `code_sha256`: hash of the secret code.

    `searched`: one row per searched gallery: its name, references compared, faces listed, entry.
    `filed_by`: the member who was signed in when it was sent; `searched_by`, `asked_at`: who last began a search, and when.
    `tell`: the letter that is still due to the person; `outcome`: the outcome, in one word.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_request_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    wishes = models.JSONField()
    state = models.CharField(max_length=12, default=RECEIVED)
    code_sha256 = models.CharField(max_length=64)
    sealed = models.BinaryField()
    received_at = models.DateTimeField()
    due_on = models.DateField()
    entry = models.BigIntegerField()
    confirmed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_how = models.TextField(blank=True)
    extended_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    extended_at = models.DateTimeField(null=True)
    extended_why = models.TextField(blank=True)
    filed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    searched_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True)
    searched_at = models.DateTimeField(null=True)
    searched = models.JSONField(default=list)
    closed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    ground = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    tell = models.CharField(max_length=12, blank=True)
    warned_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "subject_request"
        indexes = (models.Index(fields=["agency", "state"], name="subject_request_open"),)

    def __str__(self) -> str:
        return self.public_id


class SubjectPhoto(models.Model):
    """The sealed photograph of the person who asks; deleted once the request is answered or refused."""

    request = models.OneToOneField(SubjectRequest, on_delete=models.PROTECT, related_name="photo")
    sealed = models.BinaryField()

    class Meta:
        db_table = "subject_photo"

    def __str__(self) -> str:
        return f"photo of {self.request_id}"


class SubjectFinding(models.Model):
    """A reference that may show the person: listed by the search, or named by the person; a member decides.

    `rank` and `score` are of older versions: neither is written any longer.

    `sealed`: the stored facts about a reference of the person, for the letter, which an erasure must not empty first.
    Once the request is answered, only references of the person remain, without score and facts. `outcome` is "" if the
    request was for access only, else "erased" with the log's `entry`, or "kept" with the `rule`, reason and remedy.
    """

    request = models.ForeignKey(SubjectRequest, on_delete=models.PROTECT, related_name="findings")
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(null=True)
    score = models.DecimalField(max_digits=8, decimal_places=6, null=True)
    is_named = models.BooleanField(default=False)
    sealed = models.BinaryField(default=bytes)
    is_person = models.BooleanField(null=True)
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True)
    rule = models.CharField(max_length=64, blank=True)
    why = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "subject_finding"
        constraints = (models.UniqueConstraint(fields=["request", "reference"], name="subject_finding_once"),)

    def __str__(self) -> str:
        return f"{self.request_id} {self.reference_id}"


class SubjectAnswer(models.Model):
    """The sealed letter (PDF) of an answered or refused request, and its hash in the log."""

    request = models.OneToOneField(SubjectRequest, on_delete=models.PROTECT, related_name="answer")
    sealed = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "subject_answer"

    def __str__(self) -> str:
        return f"answer to {self.request_id}"
