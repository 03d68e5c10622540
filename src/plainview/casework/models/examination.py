"""What people saw: examinations, blind verifications, leads and what came of them. None is ever changed or deleted."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.cases import Candidate
from plainview.casework.models.galleries import Reference
from plainview.casework.models.people import Member, public_id


def _examination_id() -> str:
    return public_id("E")


def _verification_id() -> str:
    return public_id("V")


def _lead_id() -> str:
    return public_id("L")


class Examination(models.Model):
    """One person's one-to-one comparison of a candidate with the probe."""

    public_id = models.CharField(max_length=16, unique=True, default=_examination_id)
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    components = models.JSONField()
    conclusion = models.CharField(max_length=30)
    notes = models.TextField(blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "examination"
        constraints = (
            models.UniqueConstraint(fields=["candidate", "member"], name="examination_once_a_member"),
        )

    def __str__(self) -> str:
        return self.public_id


class Verification(models.Model):
    """A second person's task: the probe and some faces, of which one is the candidate; `answered_at` ends it."""

    public_id = models.CharField(max_length=16, unique=True, default=_verification_id)
    examination = models.ForeignKey(Examination, on_delete=models.PROTECT, related_name="verifications")
    verifier = models.ForeignKey(Member, on_delete=models.PROTECT)
    assigned_at = models.DateTimeField(auto_now_add=True)
    shown_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "verification"
        constraints = (
            models.UniqueConstraint(fields=["examination", "verifier"], name="verification_once_a_member"),
        )

    def __str__(self) -> str:
        return self.public_id


class VerificationItem(models.Model):
    """One face of a verification, at its place in the random order."""

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT)
    is_candidate = models.BooleanField()
    conclusion = models.CharField(max_length=30, blank=True)
    components = models.JSONField(default=dict)

    class Meta:
        db_table = "verification_item"
        constraints = (
            models.UniqueConstraint(fields=["verification", "position"], name="verification_item_in_place"),
        )

    def __str__(self) -> str:
        return f"{self.verification_id}.{self.position}"


class Lead(models.Model):
    """A candidate that a supervisor released. Locked for line-ups until independent evidence is on record."""

    public_id = models.CharField(max_length=16, unique=True, default=_lead_id)
    examination = models.OneToOneField(Examination, on_delete=models.PROTECT)
    released_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(auto_now_add=True)
    contradictions = models.JSONField()
    override = models.TextField(blank=True)
    evidence = models.TextField(blank=True)
    evidence_at = models.DateTimeField(null=True)
    entry = models.BigIntegerField(null=True, unique=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lead"

    def __str__(self) -> str:
        return self.public_id


class Withheld(models.Model):
    """A supervisor's decision that an examined candidate is not released, with the reason."""

    examination = models.OneToOneField(Examination, on_delete=models.PROTECT)
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField()

    class Meta:
        db_table = "withheld"

    def __str__(self) -> str:
        return f"withheld {self.examination_id}"


class Outcome(models.Model):
    """What came of a lead, as reported; the newest counts and the older stay."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="outcomes")
    outcome = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    reported_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "outcome"

    def __str__(self) -> str:
        return self.outcome
