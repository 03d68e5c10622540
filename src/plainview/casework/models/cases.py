"""Cases, the searches made under them, and their candidates. Deleting one never deletes another."""

from __future__ import annotations

from django.db import models

from plainview.casework.models.galleries import Gallery, GalleryCalibration, Reference, Subject
from plainview.casework.models.people import Agency, Member, public_id
from plainview.casework.models.policy import PolicyVersion
from plainview.casework.models.rows import Recorded
from plainview.policy.wording import counted


def _search_id() -> str:
    return public_id("S")


def _approval_id() -> str:
    return public_id("P")


_WAITING = models.Q(authorise_by__isnull=False, authorised_at__isnull=True, erased_at__isnull=True)


class Case(models.Model):
    """An investigation of the agency; every search belongs to one."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT)
    number = models.CharField(max_length=100)
    offence = models.CharField(max_length=200)
    jurisdiction = models.CharField(max_length=200, blank=True)
    opened_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.TextField(blank=True)

    class Meta:
        db_table = "casefile"
        constraints = (models.UniqueConstraint(fields=["agency", "number"], name="case_number_once"),)

    def __str__(self) -> str:
        return self.number


class Approval(Recorded):
    """A member's request to search with one probe under one case, and the supervisor's decision."""

    public_id = models.CharField(max_length=16, unique=True, default=_approval_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    probe_sha256 = models.CharField(max_length=64)
    purpose = models.TextField()
    requested_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    granted = models.BooleanField(null=True)
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        db_table = "approval"

    def __str__(self) -> str:
        return self.public_id


class Search(Recorded):
    """A search: the request, written before the answer. `answered_at` is empty until the answer.

    `gallery_size` counts who was compared, a subject once; `gallery_pictures` their pictures (null: as many).
    `incomplete` is {"parts": 10, "missing": [3]} where parts of the gallery's index were not compared (numbers from 0).
    A search by an alert has compared only the references enrolled after change `after_seq`. A search for another agency
    whose ground no longer held has `withheld_at`, the rule that refused, and no candidate.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_search_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    purpose = models.TextField()
    top = models.PositiveSmallIntegerField()
    probe_blob = models.CharField(max_length=64)
    probe_name = models.TextField()
    edits = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    preparation = models.ForeignKey(
        "casework.Preparation", on_delete=models.PROTECT, null=True, related_name="searches"
    )
    face_number = models.PositiveSmallIntegerField()
    box = models.JSONField()
    quality = models.PositiveSmallIntegerField()
    quality_detail = models.JSONField()
    pack = models.CharField(max_length=100)
    pack_sha256 = models.CharField(max_length=64)
    gallery_size = models.BigIntegerField(null=True)
    gallery_pictures = models.BigIntegerField(null=True)
    gallery_seq = models.BigIntegerField(null=True)
    incomplete = models.JSONField(null=True)
    request_entry = models.BigIntegerField(unique=True)
    answer_entry = models.BigIntegerField(null=True, unique=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)
    origin = models.CharField(max_length=40)
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT)
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, null=True)
    urgent_reason = models.TextField(blank=True)
    calibration = models.ForeignKey(GalleryCalibration, on_delete=models.PROTECT, null=True)
    captured_on = models.DateField(null=True)
    provenance = models.JSONField(default=dict)
    authorise_by = models.DateTimeField(null=True)
    authorised_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    authorised_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    # It was not authorised in time while a hold kept it: it exists, but nobody may view it.
    sealed_at = models.DateTimeField(null=True)
    alert = models.ForeignKey("casework.Alert", on_delete=models.PROTECT, null=True, related_name="raised")
    after_seq = models.BigIntegerField(null=True)
    shared_request = models.ForeignKey(
        "casework.SharedRequest", on_delete=models.PROTECT, null=True, related_name="searches"
    )
    withheld_at = models.DateTimeField(null=True)
    withheld_rule = models.CharField(max_length=60, blank=True)
    review = models.ForeignKey(
        "casework.ExonerationReview", on_delete=models.PROTECT, null=True, related_name="searches"
    )
    scorer = models.CharField(max_length=20, blank=True)
    nearness = models.DecimalField(max_digits=8, decimal_places=6, null=True)

    class Meta:
        db_table = "search"
        indexes = (
            models.Index(fields=["authorise_by"], name="search_to_authorise", condition=_WAITING),
            models.Index(fields=["member", "requested_at"], name="search_by_member"),
            models.Index(fields=["probe_blob"], name="search_by_probe"),
        )
        constraints = (
            # A second click makes no second search: a gallery is searched with a prepared probe once.
            models.UniqueConstraint(fields=["preparation", "gallery"], name="search_once_a_preparation"),
            # Another agency's request is searched once, unless that search was withheld.
            models.UniqueConstraint(
                fields=["shared_request"], name="search_once_a_request", condition=models.Q(withheld_at=None)
            ),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def compared(self) -> str:
        """What was compared, for people: "4 references", or "9 references of 4 candidates" where some have several."""
        people, pictures = self.gallery_size or 0, self.gallery_pictures
        if pictures is None or pictures == people:
            return counted(people, "reference")
        return f"{counted(pictures, 'reference')} of {counted(people, 'candidate')}"


class LapsedSearch(models.Model):
    """The sealed evidence of an urgent search that nobody authorised in time: for the auditor, until `until`.

    `sealed`: purpose, reason, probe and list (JSON); `blobs`: digests of the probe's pictures, which only this row still
    needs. Both are empty once `erased_at` is set. `told_at`: when the letters about it were sent.
    """

    search = models.OneToOneField(Search, on_delete=models.PROTECT, related_name="lapsed")
    sealed = models.BinaryField()
    blobs = models.JSONField(default=list)
    lapsed_at = models.DateTimeField()
    until = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lapsed_search"

    def __str__(self) -> str:
        return f"lapsed {self.search_id}"


class Candidate(Recorded):
    """A candidate of a list: similar, not identified. `score` is the exact cosine, `adjusted` orders the list.

    A candidate is a person where the source says so (`subject`): `score` is then of the mean of their pictures,
    `reference` the picture nearest to the probe, and `pictures` has every one that was compared if there were several.
    """

    search = models.ForeignKey(Search, on_delete=models.PROTECT)
    rank = models.PositiveSmallIntegerField()
    score = models.DecimalField(max_digits=8, decimal_places=6)
    adjusted = models.DecimalField(max_digits=8, decimal_places=6)
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, null=True)

    class Meta:
        db_table = "candidate"
        constraints = (models.UniqueConstraint(fields=["search", "rank"], name="candidate_rank_once"),)

    def __str__(self) -> str:
        return f"{self.search_id} #{self.rank}"


class CandidatePicture(models.Model):
    """One picture of a candidate who has several, with its own exact cosine with the probe."""

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="pictures")
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT)
    score = models.DecimalField(max_digits=8, decimal_places=6)

    class Meta:
        db_table = "candidate_picture"
        constraints = (models.UniqueConstraint(fields=["candidate", "reference"], name="candidate_picture_once"),)

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.reference_id}"
