"""Videos of a case, their stored pieces, and the faces found in them.

A template here is only used inside its video, to group tracks, and is erased when processing ends.
"""

from __future__ import annotations

from fractions import Fraction

from django.db import models

from plainview.casework.models.cases import Case, Search
from plainview.casework.models.people import Member, public_id


def _video_id() -> str:
    return public_id("V")


def _still_id() -> str:
    return public_id("K")


class Video(models.Model):
    """One stream of pictures in a video file of a case.

    `stream` is its number among `streams`, from 1; 0 until the file has been opened. `joined` has [first place, offset] of
    each part of its time line, where there are several; `listed` is FrameIndex.listed. `passed_over` is in
    videos.passed. `clock_offset_s` is how far the recorder's clock was ahead of true time, and `clock_starts` what it
    showed at the first frame (ISO 8601, without zone), as an examiner stated them.
    """

    class State(models.TextChoices):
        """Status."""

        UPLOADING = "uploading"
        RECEIVED = "received"
        PROCESSING = "processing"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"
        ERASED = "erased"

    public_id = models.CharField(max_length=16, unique=True, default=_video_id)
    case = models.ForeignKey(Case, on_delete=models.PROTECT)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    name = models.TextField()
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.UPLOADING)
    code = models.CharField(max_length=40, blank=True)
    why = models.TextField(blank=True)
    first_s = models.FloatField(default=0)
    last_s = models.FloatField(null=True)
    container = models.CharField(max_length=40, blank=True)
    codec = models.CharField(max_length=40, blank=True)
    stream = models.PositiveSmallIntegerField(default=0)
    streams = models.JSONField(default=list)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    base_num = models.BigIntegerField(default=1)
    base_den = models.BigIntegerField(default=1)
    frames = models.BigIntegerField(default=0)
    begins = models.BigIntegerField(default=0)
    ends = models.BigIntegerField(default=0)
    stamps_blob = models.CharField(max_length=64, blank=True)
    listed = models.BooleanField(default=False)
    joined = models.JSONField(default=list)
    passed_over = models.JSONField(default=list)
    clock_offset_s = models.FloatField(null=True)
    clock_starts = models.CharField(max_length=19, blank=True)
    notes = models.JSONField(default=list)
    pack = models.CharField(max_length=100, blank=True)
    begun_at = models.DateTimeField(auto_now_add=True)
    received_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "video"

    def __str__(self) -> str:
        return self.public_id

    @property
    def base(self) -> Fraction:
        """Return the seconds per unit of the time stamps."""
        return Fraction(self.base_num, self.base_den)

    @property
    def seconds(self) -> float:
        """Return the length in seconds, from the first frame to the last."""
        return float((self.ends - self.begins) * self.base)


class VideoPart(models.Model):
    """A piece of the file, sealed as one blob."""

    video = models.ForeignKey(Video, on_delete=models.PROTECT, related_name="parts")
    offset = models.BigIntegerField()
    length = models.BigIntegerField()
    blob = models.CharField(max_length=64, db_index=True)

    class Meta:
        db_table = "video_part"
        constraints = (models.UniqueConstraint(fields=["video", "offset"], name="video_part_once"),)

    def __str__(self) -> str:
        return f"{self.video_id}:{self.offset}"


class VideoSegment(models.Model):
    """A part of a video that is processed at once; times are places on the time line, and the end is excluded.

    `lost` has places by what is wrong there: see videos.passed.
    """

    video = models.ForeignKey(Video, on_delete=models.PROTECT, related_name="segments")
    number = models.PositiveIntegerField()
    first = models.BigIntegerField()
    end = models.BigIntegerField()
    looked = models.PositiveIntegerField(default=0)
    decoded = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    why = models.TextField(blank=True)
    lost = models.JSONField(default=dict)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "video_segment"
        constraints = (models.UniqueConstraint(fields=["video", "number"], name="video_segment_once"),)

    def __str__(self) -> str:
        return f"{self.video_id} #{self.number}"


class VideoTrack(models.Model):
    """A face followed within a segment; `person` numbers people in this video only, from 1."""

    segment = models.ForeignKey(VideoSegment, on_delete=models.PROTECT, related_name="tracks")
    number = models.PositiveIntegerField()
    person = models.PositiveIntegerField(null=True)
    seen = models.JSONField()
    first_box = models.JSONField()
    last_box = models.JSONField()
    doubtful = models.BooleanField(default=False)
    sealed = models.BinaryField()

    class Meta:
        db_table = "video_track"
        constraints = (models.UniqueConstraint(fields=["segment", "number"], name="video_track_once"),)

    def __str__(self) -> str:
        return f"{self.segment_id} track {self.number}"


class Still(models.Model):
    """A face in a frame, with its exact place and a thumbnail. Never searched by itself."""

    public_id = models.CharField(max_length=16, unique=True, default=_still_id)
    video = models.ForeignKey(Video, on_delete=models.PROTECT, related_name="stills")
    track = models.ForeignKey(VideoTrack, on_delete=models.PROTECT, related_name="stills")
    pts = models.BigIntegerField()
    frame = models.BigIntegerField()
    time_s = models.DecimalField(max_digits=15, decimal_places=6)
    frame_sha256 = models.CharField(max_length=64)
    one_field = models.BooleanField(default=False)
    damaged = models.BooleanField(default=False)
    turned = models.PositiveSmallIntegerField(default=0)
    box = models.JSONField()
    quality = models.PositiveSmallIntegerField()
    quality_detail = models.JSONField()
    thumbnail = models.CharField(max_length=64, db_index=True)

    class Meta:
        db_table = "video_still"
        constraints = (models.UniqueConstraint(fields=["track", "pts"], name="video_still_once"),)

    def __str__(self) -> str:
        return self.public_id


class SamePerson(models.Model):
    """A member's statement that two people of one video are one; `undone_at` and `undone_by` once somebody took it back.

    `first` and `second` are numbers of VideoTrack.person, first the lower.
    """

    video = models.ForeignKey(Video, on_delete=models.PROTECT, related_name="same_persons")
    first = models.PositiveIntegerField()
    second = models.PositiveIntegerField()
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        db_table = "video_same_person"
        constraints = (
            models.UniqueConstraint(
                fields=["video", "first", "second"], name="video_same_once", condition=models.Q(undone_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.video_id}: {self.first} and {self.second}"


class ProbeFrame(models.Model):
    """A further frame of the same person that a search used besides its probe."""

    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="frames")
    number = models.PositiveSmallIntegerField()
    blob = models.CharField(max_length=64, db_index=True)
    face_number = models.PositiveSmallIntegerField()
    quality = models.PositiveSmallIntegerField()
    provenance = models.JSONField()

    class Meta:
        db_table = "probe_frame"
        constraints = (models.UniqueConstraint(fields=["search", "number"], name="probe_frame_once"),)

    def __str__(self) -> str:
        return f"{self.search_id} frame {self.number}"
