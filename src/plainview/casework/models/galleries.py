"""Galleries with their passports, their references, and the ordered log that every index follows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plainview.casework.models.people import Agency, Member, public_id
from plainview.casework.models.rows import Recorded
from plainview.tables import dates
from plainview.tables.links import without_path


def _reference_id() -> str:
    return public_id("R")


def _subject_id() -> str:
    return public_id("U")


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
    # The pack of its templates: "" before the first.
    pack = models.CharField(max_length=100, blank=True, default="")
    # Some templates are of another pack: left so by a re-embedding of a version that closed the gallery meanwhile.
    re_embedding = models.BooleanField(default=False)
    index_adapter = models.CharField(max_length=20, blank=True, default="")  # empty: the workspace's

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


class GalleryFavourite(models.Model):
    """A gallery that a member has at the top of their new search."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="favourites")
    gallery = models.ForeignKey(Gallery, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "gallery_favourite"
        constraints = (models.UniqueConstraint(fields=["member", "gallery"], name="gallery_favourite_once"),)

    def __str__(self) -> str:
        return f"{self.member_id}: {self.gallery_id}"


class Enrolment(models.Model):
    """An enrolment run of a gallery, with its outcome; `images` counts the pictures acknowledged so far.

    `failed` lists the first failures of a run, `failed_total` counts them all.
    `files` are uploads waiting in the store, with name and digest; empty for a folder and once the run is over.
    Rows of `failed` may name a picture that is stored (`blob`) until `failures_until`.
    `by_folder`: each folder of it is a person, and its name the number of the subject (null: no).
    `reading` is how a manifest was read and how its rows met their pictures; null without one.
    `doubtful` names the first enrolled faces that may be hard to compare, {reference, advice}; `doubtful_total` counts
    them. They are named by the reference's id alone, so that nothing of an erased one is left.
    """

    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    source_kind = models.CharField(max_length=20, default="folder")
    source_name = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    stopped = models.BooleanField(default=False)
    images = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    near_duplicates = models.PositiveIntegerField(default=0)
    failed = models.JSONField(default=list)
    failed_total = models.PositiveIntegerField(default=0)
    doubtful = models.JSONField(default=list)
    doubtful_total = models.PositiveIntegerField(default=0)
    folder = models.TextField(blank=True)
    files = models.JSONField(default=list)
    source_url = models.TextField(blank=True)
    failures_until = models.DateTimeField(null=True)
    reading = models.JSONField(null=True)
    by_folder = models.BooleanField(null=True)
    entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "enrolment"
        indexes = (models.Index(fields=["failures_until"], name="enrolment_failures_due"),)

    def __str__(self) -> str:
        return f"enrolment {self.pk}"


class Subject(Recorded):
    """A person of one gallery, by the number that the source gives them: never a name, never made by a comparison.

    `mark` is the keyed digest by which the number is recognised, `number` the sealed number; both are blanked with the
    last picture. `lead` is the reference under whose number every index holds the person; null without a picture.
    `template` is the sealed mean of the pictures' templates, empty while there are fewer than two: the picture's own
    counts then. A subject that was merged has no picture, and its number leads to `merged_into`.
    """

    public_id = models.CharField(max_length=16, unique=True, default=_subject_id)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    mark = models.CharField(max_length=64)
    number = models.BinaryField()
    lead = models.ForeignKey("casework.Reference", on_delete=models.PROTECT, null=True, related_name="+")
    template = models.BinaryField(default=bytes)
    pictures = models.PositiveIntegerField(default=0)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "subject"
        constraints = (models.UniqueConstraint(fields=["gallery", "mark"], name="subject_number_once"),)

    def __str__(self) -> str:
        return self.public_id


class _Ordinary(models.Manager["Reference"]):
    """References that people may see and count: all except the canaries'."""

    def get_queryset(self) -> models.QuerySet[Reference]:
        return super().get_queryset().filter(is_canary=False)


class Reference(Recorded):
    """An enrolled face: its picture (a blob by content hash), its origin, and its sealed template.

    `captured_on` is the first day of the date of capture, `captured_precision` how much of it was stated: "day" (also
    null), "month" or "year". `picture_hash` is the sealed PDQ hash of the picture, empty if the picture is too plain; `provenance` is what the
    source itself says about it (see casework.galleries.nist). `size` is the picture's width and height in pixels; null
    for references of earlier versions.

    `other_template` is the sealed template of `other_pack`: while the gallery is re-embedded that of the new pack, and
    afterwards that of the pack before. Both are null until then.

    `face_file` is the digest of the stored file that has its face in the sizes of lists (pictures.face_file): null until
    it is cut, "" if the picture was erased or cannot be read.

    `objects` leaves out the canaries' references, so that nothing shows or counts one by mistake; `everything` is for
    code that needs them: the canary check, and the query whether a picture is still needed.
    """

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
    captured_precision = models.CharField(max_length=5, null=True)  # noqa: DJ001  null: a column that is quickly added
    pack = models.CharField(max_length=100)
    template = models.BinaryField()
    other_pack = models.CharField(max_length=100, null=True)  # noqa: DJ001  as above
    other_template = models.BinaryField(null=True)
    picture_hash = models.BinaryField(default=bytes)
    size = models.JSONField(null=True)
    provenance = models.JSONField(default=dict)
    is_canary = models.BooleanField(default=False)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, null=True)
    face_file = models.CharField(max_length=64, null=True)  # noqa: DJ001  null: not cut yet

    objects = _Ordinary()
    everything: ClassVar[models.Manager[Reference]] = models.Manager()

    class Meta:
        db_table = "reference"
        base_manager_name = "everything"
        constraints = (
            models.UniqueConstraint(fields=["gallery", "blob", "face_number", "is_canary"], name="reference_face_once"),
        )
        # An erasure asks who else needs a file.
        indexes = (
            models.Index(fields=["blob"], name="reference_of_picture"),
            models.Index(fields=["face_file"], name="reference_of_face_file"),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def source_link(self) -> str:
        """The link to where the picture came from, never a path of this machine, which earlier versions stored."""
        return without_path(self.source_url)

    @property
    def captured(self) -> str:
        """The date of capture for people, as precise as it was stated: "5 Nov 2024", "Nov 2024", "2024" or ""."""
        return dates.shown(self.captured_on, self.captured_precision or "day") if self.captured_on else ""

    @property
    def captured_iso(self) -> str | None:
        """The date of capture as 2024-11-05, 2024-11 or 2024."""
        return dates.iso(self.captured_on, self.captured_precision or "day") if self.captured_on else None


class NearDuplicate(models.Model):
    """Two pictures of a gallery that are nearly the same; `reference` is null if the newer one was not enrolled.

    `distance` is the number of differing bits of their PDQ hashes (of 256), `path` the file that was not enrolled.
    """

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT)
    reference = models.ForeignKey(Reference, null=True, on_delete=models.PROTECT, related_name="+")
    path = models.TextField(blank=True)
    near = models.ForeignKey(Reference, on_delete=models.PROTECT, related_name="+")
    distance = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "near_duplicate"

    def __str__(self) -> str:
        return f"{self.reference_id} near {self.near_id}"


class PendingErasure(models.Model):
    """A picture that no record needs and whose file is not removed yet; the row is deleted with the file."""

    blob = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "pending_erasure"

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class BarredPicture(models.Model):
    """A picture that must never be enrolled again, by its keyed digest (erasure.expunged.mark)."""

    mark = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "barred_picture"

    def __str__(self) -> str:
        return self.mark


class GalleryChange(models.Model):
    """One row of a gallery's ordered log: gap-free from 1, the truth that every index catches up with.

    `subject` is whose picture the reference is from this row on, so that the gallery at any row can be made again.
    """

    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT)
    seq = models.BigIntegerField()
    is_add = models.BooleanField()
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, null=True)

    class Meta:
        db_table = "gallery_change"
        constraints = (models.UniqueConstraint(fields=["gallery", "seq"], name="gallery_change_in_order"),)

    def __str__(self) -> str:
        return f"{self.gallery_id}:{self.seq}"


class GalleryCalibration(models.Model):
    """The meaning of scores in a gallery at one point of its ordered log; the newest of a pack counts.

    `data` is for cosines, `adjusted` for the scores that order lists if these differ; `cohort`: reference numbers.
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
