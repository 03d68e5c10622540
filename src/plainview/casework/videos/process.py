"""Processing a video: its frames are listed once, then each segment is stored with its stills in one transaction.

Owns resuming: a stored segment is never processed again, and any other leaves nothing behind. It groups faces within
this video only, and erases the templates used for it at the end. It must never compare with a gallery.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from decimal import Decimal

import numpy as np
from django.db import transaction
from django.utils import timezone

from plainview.casework.jobs import Cancelled, Later, beat, job_of, progressed
from plainview.casework.log.write import write_entry
from plainview.casework.models import Job, Still, Video, VideoSegment, VideoTrack
from plainview.casework.pictures import jpeg
from plainview.casework.videos.stored import StoredVideo
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy import video as video_rules
from plainview.policy.decision import Refused
from plainview.policy.wording import counted
from plainview.recognition.errors import BadMedia
from plainview.recognition.video import segment as segments
from plainview.recognition.video.persons import group
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.types import FrameIndex, Track, VideoInfo
from plainview.recognition.video.types import Still as DetectedStill

_UNTRUE_END = 1.0
"""Seconds by which a file may end before its announced end without a note."""


def process_video(
    job: Job,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    turn: float = math.inf,
) -> str:
    """Process the video of a job, from where an earlier worker stopped; return a note for people.

    Args:
        job: the job; its subject is the video.
        progress: called with the frames processed and their total.
        turn: seconds after which other work gets its turn, at the end of a segment.

    Raises:
        Later: the turn is over.
        Refused: the video cannot be used (its code is in the rule id), or a rule refuses.
        Cancelled: a person cancelled the job, or another worker has it.
    """
    video = Video.objects.select_related("case__agency", "member").get(pk=job.subject)
    if video.state in (Video.State.DONE, Video.State.ERASED):
        return "Already processed."
    try:
        _look_through(video, job, progress, time.monotonic() + turn)
    except Cancelled:
        if Job.objects.filter(pk=job.pk, tries=job.tries, cancel_asked_at__isnull=False).exists():
            _stop(video, Video.State.CANCELLED, "", "Cancelled. The stills found so far are kept.")
        raise
    except BadMedia as bad:
        _stop(video, Video.State.FAILED, bad.code, f"{bad.why} {bad.next_step}")
        raise Refused(f"media.{bad.code}", "Video refused", bad.why, bad.next_step) from bad
    except Refused as refused:
        _stop(video, Video.State.FAILED, refused.rule_id, f"{refused.why} {refused.next_step}")
        raise
    stills, people = video.stills.count(), _people(video)
    return (
        f"{counted(people, 'person', 'people')} in {counted(stills, 'still')}, from {counted(video.frames, 'frame')}."
    )


def _look_through(video: Video, job: Job, progress: Callable[[int, int], None], until: float) -> None:
    engine = services().engine
    source = StoredVideo(video, services().blobs)
    if not video.segments.exists():
        with VideoReader(source) as reader:
            index = reader.index(lambda: beat(job, 0))
            _lay_out(video, reader.info, index, job)
    index = stored_index(video)
    first = index.number(video.segments.earliest("number").first)
    total = index.number(video.segments.latest("number").end - 1) - first + 1
    beat(job, job.done, total)
    reader_now: VideoReader | None = None

    def passed(pts: int) -> None:
        done = index.number(pts) - first
        beat(job, done, total)
        progress(done, total)

    try:
        for segment in video.segments.filter(done_at=None).order_by("number"):
            reader_now = reader_now or VideoReader(source)
            try:
                detected = segments.process(
                    reader_now, segments.Segment(segment.first, segment.end), engine, passed=passed
                )
            except BadMedia as bad:
                # The child process is gone; the following segments may still be intact.
                reader_now.close()
                reader_now = None
                segment.why = bad.why
                detected = segments.Detected((), 0, 0, 1)
            _keep(video, segment, detected, index, job, index.number(segment.end - 1) - first + 1)
            progress(index.number(segment.end - 1) - first + 1, total)
            if time.monotonic() > until and video.segments.filter(done_at=None).exists():
                raise Later
    finally:
        if reader_now is not None:
            reader_now.close()
    _finish(video, job)


def stored_index(video: Video) -> FrameIndex:
    """Return the list of frames that was made when the video was first opened.

    Raises:
        StorageError: the list is missing or damaged.
    """
    stamps = np.frombuffer(zlib.decompress(services().blobs.get(video.stamps_blob)), "<i8").cumsum()
    return FrameIndex(stamps, stamps[:1], 0)


def _lay_out(video: Video, info: VideoInfo, index: FrameIndex, job: Job) -> None:
    """Store the properties of the file and the segments to process."""
    begins, ends = int(index.stamps[0]), int(index.stamps[-1])
    seconds = float((ends - begins) * info.time_base)
    last_s = seconds + 1 if video.last_s is None else video.last_s
    rules.require(video_rules.hours(seconds, video.first_s, last_s))
    from_pts, to_pts = (
        begins + int(video.first_s / info.time_base),
        begins + int(min(last_s, seconds + 1) / info.time_base),
    )
    wanted = [
        segments.Segment(max(segment.first, from_pts), min(segment.end, to_pts))
        for segment in segments.cut_up(info, index)
        if segment.end > from_pts and segment.first < to_pts
    ]
    stamps = np.diff(index.stamps, prepend=0).astype("<i8")
    blob = services().blobs.put(zlib.compress(stamps.tobytes(), 6))
    with transaction.atomic():
        progressed(job, 0)
        video.container, video.codec = info.container.split(",")[0], info.codec
        video.width, video.height = info.width, info.height
        video.base_num, video.base_den = info.time_base.numerator, info.time_base.denominator
        video.frames, video.begins, video.ends, video.stamps_blob = len(index.stamps), begins, ends, blob
        video.notes, video.pack = _notes(info, index, seconds), services().engine.pack.identity
        video.state = Video.State.PROCESSING
        video.save()
        VideoSegment.objects.bulk_create(
            VideoSegment(video=video, number=number, first=segment.first, end=segment.end)
            for number, segment in enumerate(wanted, start=1)
        )


def _notes(info: VideoInfo, index: FrameIndex, seconds: float) -> list[str]:
    """Return notes about the file for people: missing parts, an uneven frame rate."""
    notes = []
    frames = len(index.stamps)
    announced_s = float(info.announced_duration * info.time_base)
    short = max(announced_s - seconds, 0) if info.announced_duration else 0
    if info.announced_frames > frames:
        notes.append(
            f"The file should have {counted(info.announced_frames, 'frame')} but has {frames:,}. The rest is missing."
        )
    elif short > max(_UNTRUE_END, 0.02 * announced_s):
        notes.append(f"The file should last {announced_s:,.1f} s but ends after {seconds:,.1f} s. The rest is missing.")
    if index.bad_packets:
        notes.append(f"{counted(index.bad_packets, 'piece')} of the file could not be read.")
    steps = np.diff(index.stamps)
    if len(steps) > 2 and int(np.median(steps)) > 0:
        uneven = float(np.mean(np.abs(steps - np.median(steps)) > 0.5 * np.median(steps)))
        if uneven > 0.02:
            notes.append("The frame rate varies: use the time of a frame, not its number and the rate.")
    return notes


def _keep(
    video: Video, segment: VideoSegment, detected: segments.Detected, index: FrameIndex, job: Job, done: int
) -> None:
    """Store a segment with its tracks and stills, completely or not at all, and only once."""
    thumbnails = services().blobs.put_many(jpeg(still.thumbnail) for track in detected.tracks for still in track.stills)
    digests = iter(thumbnails)
    sealer = services().templates
    with transaction.atomic():
        progressed(job, done)
        locked = VideoSegment.objects.select_for_update().get(pk=segment.pk)
        if locked.done_at is not None:
            return
        for number, track in enumerate(detected.tracks, start=1):
            stored_track = VideoTrack.objects.create(
                segment=locked,
                number=number,
                seen=list(track.seen),
                first_box=_rounded(track.first_box),
                last_box=_rounded(track.last_box),
                sealed=sealer.seal(track.template.tobytes(), _context(locked.pk, number)),
            )
            Still.objects.bulk_create(
                _still(video, stored_track, still, index, next(digests)) for still in track.stills
            )
        locked.looked, locked.decoded, locked.bad, locked.why = (
            detected.looked,
            detected.decoded,
            detected.bad,
            segment.why,
        )
        locked.done_at = timezone.now()
        locked.save()
        _regroup(video)


def _still(video: Video, track: VideoTrack, still: DetectedStill, index: FrameIndex, thumbnail: str) -> Still:
    seconds = still.pts * video.base
    return Still(
        video=video,
        track=track,
        pts=still.pts,
        frame=index.number(still.pts),
        time_s=Decimal(round(seconds * 1_000_000)) / 1_000_000,
        frame_sha256=still.sha256,
        one_field=still.one_field,
        box=_rounded(still.detection.box),
        quality=still.quality.overall,
        quality_detail=still.quality.components,
        thumbnail=thumbnail,
    )


def _regroup(video: Video) -> None:
    """Number the people of all tracks so far; the numbers may change until processing ends."""
    rows = list(VideoTrack.objects.filter(segment__video=video).order_by("segment__number", "number"))
    sealer = services().templates
    tracks = [
        Track(
            track.seen[0],
            track.seen[-1],
            tuple(track.seen),
            tuple(track.first_box),
            tuple(track.last_box),
            (),
            np.frombuffer(sealer.open(bytes(track.sealed), _context(track.segment_id, track.number)), np.float32),
        )
        for track in rows
    ]
    for track, person in zip(rows, group(tracks, max(1, round(1 / video.base))), strict=True):
        track.person = person + 1
    VideoTrack.objects.bulk_update(rows, ["person"], batch_size=200)


def _finish(video: Video, job: Job) -> None:
    rows = list(video.segments.order_by("number"))
    if not sum(segment.decoded for segment in rows):
        raise BadMedia("no_frames", "No frame of the video can be decoded.", "Copy or export the whole file again.")
    with transaction.atomic():
        progressed(job, job.done)
        bad = sum(segment.bad for segment in rows)
        lost = [segment for segment in rows if segment.why]
        if bad:
            video.notes.append(
                f"Skipped, because decoding failed: {counted(bad, 'frame or piece', 'frames or pieces')}."
            )
        for segment in lost:
            began = float((segment.first - video.begins) * video.base)
            video.notes.append(f"A part that begins at {began:,.0f} s could not be decoded: {segment.why}")
        video.state, video.done_at = Video.State.DONE, timezone.now()
        video.save()
        forget_templates(video)
        write_entry(
            "video.processed",
            {
                "agency": video.case.agency.public_id,
                "video": video.public_id,
                "frames": video.frames,
                "looked": sum(segment.looked for segment in rows),
                "stills": video.stills.count(),
                "people": _people(video),
                "pack": video.pack,
            },
            acting_member=video.member,
        )


def _stop(video: Video, state: Video.State, code: str, why: str) -> None:
    with transaction.atomic():
        locked = Video.objects.select_for_update().get(pk=video.pk)
        if locked.state in (Video.State.DONE, Video.State.ERASED):
            return
        locked.state, locked.code, locked.why = state, code, why
        locked.save(update_fields=["state", "code", "why"])
        write_entry(
            f"video.{state}",
            {"agency": video.case.agency.public_id, "video": video.public_id, "code": code},
            acting_member=video.member,
        )


def settle() -> list[str]:
    """Set the end state of every video whose job ended without its worker; return their ids. Runs every minute."""
    settled = []
    for video in Video.objects.filter(state__in=[Video.State.RECEIVED, Video.State.PROCESSING]):
        job = job_of("video", video.pk)
        if job is not None and job.is_over:
            cancelled = job.state == Job.State.CANCELLED
            _stop(video, Video.State.CANCELLED if cancelled else Video.State.FAILED, "", job.note)
            settled.append(video.public_id)
    return settled


def forget_templates(video: Video) -> None:
    """Erase the templates that grouped a video's tracks; the grouping stays."""
    VideoTrack.objects.filter(segment__video=video).update(sealed=b"")


def _people(video: Video) -> int:
    return VideoTrack.objects.filter(segment__video=video).values("person").distinct().count()


def _rounded(box: tuple[float, ...]) -> list[float]:
    return [round(float(value), 1) for value in box]


def _context(segment: int, number: int) -> bytes:
    return f"video-track:{segment}:{number}".encode()
