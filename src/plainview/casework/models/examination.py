"""People's conclusions: examinations, blind verifications, leads and outcomes. None is ever changed or deleted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from plainview.casework.models.cases import Candidate
from plainview.casework.models.galleries import Reference
from plainview.casework.models.people import Agency, Member, public_id
from plainview.casework.models.rows import Recorded


def _examination_id() -> str:
    return public_id("E")


def _verification_id() -> str:
    return public_id("V")


def _proficiency_id() -> str:
    return public_id("Q")


def _lead_id() -> str:
    return public_id("L")


class Examination(Recorded):
    """A person's one-to-one comparison of a candidate with the probe.

    `pictures`: ids of the references that the examiner opened beside the probe; null where the candidate had one picture.
    `marks`: the same place on both faces, each {"probe": [x, y], "face": [x, y], "note": text} and, where the
    candidate had several pictures, "picture": id of the one it is on; x and y are shares of the side of the square of
    `pictures.aligned_jpeg`, from its left and its top, 0 to 1.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_examination_id)
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    components = models.JSONField()
    conclusion = models.CharField(max_length=30)
    notes = models.TextField(blank=True)
    acknowledged = models.JSONField(default=list)
    pictures = models.JSONField(null=True)
    marks = models.JSONField(default=list)
    entry = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "examination"
        constraints = (models.UniqueConstraint(fields=["candidate", "member"], name="examination_once_a_member"),)

    def __str__(self) -> str:
        return self.public_id


class ProficiencyItem(models.Model):
    """A probe and a face known to show the same person or not; assigned to verifiers among ordinary tasks."""

    public_id = models.CharField(max_length=16, unique=True, default=_proficiency_id)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    probe_blob = models.CharField(max_length=64)
    probe_box = models.JSONField()
    probe_points = models.JSONField()
    probe_reference = models.ForeignKey(Reference, on_delete=models.PROTECT, null=True, related_name="+")
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT, related_name="+")
    is_mated = models.BooleanField()
    basis = models.TextField()
    added_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "proficiency_item"

    def __str__(self) -> str:
        return self.public_id


class _InForce(models.Manager["Verification"]):
    """Verifications that were not withdrawn."""

    def get_queryset(self) -> models.QuerySet[Verification]:
        return super().get_queryset().filter(withdrawn_at=None)


class Verification(Recorded):
    """A second person's task: the probe and some faces, one of them the candidate; `answered_at` ends it.

    It belongs to an examination or to an item with a known answer; nothing else tells them apart. `withdrawn_at`: it was
    taken from a verifier who viewed the search that it is about; `told_at`: when they were told by letter.
    `objects` leaves these out; `everything` has them.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_verification_id)
    examination = models.ForeignKey(Examination, on_delete=models.PROTECT, null=True, related_name="verifications")
    proficiency = models.ForeignKey(ProficiencyItem, on_delete=models.PROTECT, null=True, related_name="verifications")
    verifier = models.ForeignKey(Member, on_delete=models.PROTECT)
    assigned_at = models.DateTimeField(default=timezone.now)
    shown_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    objects = _InForce()
    everything: ClassVar[models.Manager[Verification]] = models.Manager()

    class Meta:
        db_table = "verification"
        base_manager_name = "everything"
        constraints = (
            models.UniqueConstraint(fields=["examination", "verifier"], name="verification_once_a_member"),
            models.UniqueConstraint(fields=["proficiency", "verifier"], name="proficiency_once_a_member"),
            models.CheckConstraint(
                condition=models.Q(examination=None) ^ models.Q(proficiency=None),
                name="verification_of_one_thing",
            ),
        )

    def __str__(self) -> str:
        return self.public_id


class VerificationItem(Recorded):
    """A face of a verification, at its position in the random order.

    `more` has ids of other references of the same subject that are shown with it; as many at every position.
    """

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT)
    is_candidate = models.BooleanField()
    conclusion = models.CharField(max_length=30, blank=True)
    components = models.JSONField(default=dict)
    more = models.JSONField(default=list)

    class Meta:
        db_table = "verification_item"
        constraints = (models.UniqueConstraint(fields=["verification", "position"], name="verification_item_in_place"),)

    def __str__(self) -> str:
        return f"{self.verification_id}.{self.position}"


class View(models.Model):
    """What a member has seen of a search, by the entry of the log that says so. Derived from the log; never written by an act."""

    entry = models.BigIntegerField()
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    search = models.CharField(max_length=16)
    action = models.CharField(max_length=40)

    class Meta:
        db_table = "view"
        indexes = (models.Index(fields=["search", "member"], name="view_of_a_search"),)
        constraints = (models.UniqueConstraint(fields=["entry", "search"], name="view_once_an_entry"),)

    def __str__(self) -> str:
        return f"{self.action} {self.search}"


class ViewMark(models.Model):
    """How far in the log the views were read: one row."""

    seq = models.BigIntegerField(default=-1)

    class Meta:
        db_table = "view_mark"

    def __str__(self) -> str:
        return str(self.seq)


class Draft(models.Model):
    """A member's own answers so far; sealed, and erased when they are recorded.

    Its row also says that the member has opened the page, which is in the log: pictures are only shown with a draft.
    `pictures`: ids of the references of a candidate with several pictures that were opened beside the probe.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, null=True)
    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, null=True)
    sealed = models.BinaryField()
    pictures = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "draft"
        constraints = (
            models.UniqueConstraint(fields=["member", "candidate"], name="draft_of_a_candidate"),
            models.UniqueConstraint(fields=["member", "verification"], name="draft_of_a_verification"),
            models.CheckConstraint(
                condition=models.Q(candidate=None) ^ models.Q(verification=None), name="draft_of_one_thing"
            ),
        )

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Lead(Recorded):
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


class Withheld(Recorded):
    """A supervisor's decision that an examined candidate is not released, with the reason."""

    examination = models.OneToOneField(Examination, on_delete=models.PROTECT)
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField()

    class Meta:
        db_table = "withheld"

    def __str__(self) -> str:
        return f"withheld {self.examination_id}"


class Outcome(Recorded):
    """A reported outcome of a lead; the newest counts, and older ones stay."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="outcomes")
    outcome = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    reported_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "outcome"

    def __str__(self) -> str:
        return self.outcome
