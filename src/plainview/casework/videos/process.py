"""Processing a video: its frames are listed once, then each segment is stored with its stills in one transaction.

Owns resuming: a stored segment is never processed again, and any other leaves nothing behind. It groups faces within
this video only, and erases the templates used for it at the end. It must never compare with a gallery.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from django.db import transaction
from django.utils import timezone

from plainview.casework.jobs import Cancelled, Later, beat, job_of, progressed
from plainview.casework.log.write import write_entry
from plainview.casework.models import Job, PendingErasure, Still, Video, VideoSegment, VideoTrack
from plainview.casework.pictures import jpeg
from plainview.casework.videos.erase import drop_blobs
from plainview.casework.videos.notes import file_notes, stream_json, turned_notes
from plainview.casework.videos.passed import DAMAGED, all_lost, announced_end, lost_places, passed_over
from plainview.casework.videos.stored import open_video
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy import video as video_rules
from plainview.policy.decision import Refused
from plainview.policy.wording import counted
from plainview.recognition.errors import BadMedia, fault
from plainview.recognition.video import segment as segments
from plainview.recognition.video.persons import group
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.types import WHOLE, FrameIndex, Part, Stamps, Track, VideoInfo
from plainview.recognition.video.types import Still as DetectedStill
from plainview.storage.base import StorageError


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
    except (Later, StorageError):
        raise
    except Exception as error:
        ours = fault("video processing", type(error).__name__, error)
        _stop(video, Video.State.FAILED, ours.code, f"{ours.why} {ours.next_step}")
        raise Refused(f"media.{ours.code}", "Video refused", ours.why, ours.next_step) from error
    stills, people = video.stills.count(), _people(video)
    return (
        f"{counted(people, 'person', 'people')} in {counted(stills, 'still')}, from {counted(video.frames, 'frame')}."
    )


def _look_through(video: Video, job: Job, progress: Callable[[int, int], None], until: float) -> None:
    engine = services().engine
    if not video.segments.exists():
        with open_video(video) as reader:
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
            reader_now = reader_now or open_video(video)
            part = segments.Segment(segment.first, segment.end)
            try:
                detected = segments.process(reader_now, part, engine, passed=passed)
                segment.lost = lost_places(detected, part, index)
            except BadMedia as bad:
                # The child process is gone; the following segments may still be intact.
                reader_now.close()
                reader_now = None
                segment.why = bad.why
                detected, segment.lost = segments.NOTHING, all_lost(part, index)
            _keep(video, segment, detected, index, job, index.number(segment.end - 1) - first + 1)
            progress(index.number(segment.end - 1) - first + 1, total)
            if time.monotonic() > until and video.segments.filter(done_at=None).exists():
                raise Later
    finally:
        if reader_now is not None:
            reader_now.close()
    _finish(video, job)


def stored_index(video: Video) -> FrameIndex:
    """Return the list of frames: as listed when the video was first opened, or as decoded once it is processed.

    Raises:
        StorageError: the list is missing or damaged.
    """
    stamps = np.frombuffer(zlib.decompress(services().blobs.get(video.stamps_blob)), "<i8").cumsum()
    parts = tuple(Part(first, offset) for first, offset in video.joined) or WHOLE
    return FrameIndex(stamps, stamps[:1], 0, parts, video.listed)


def _store(stamps: Stamps) -> str:
    steps = np.diff(stamps, prepend=0).astype("<i8")
    return services().blobs.put(zlib.compress(steps.tobytes(), 6))


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
    blob = _store(index.stamps)
    with transaction.atomic():
        progressed(job, 0)
        video.container, video.codec = info.container.split(",")[0], info.codec
        video.stream, video.streams = info.stream, [stream_json(stream) for stream in info.streams]
        video.width, video.height = info.width, info.height
        video.listed = index.listed
        video.joined = [[part.first, part.offset] for part in index.parts] if any(p.offset for p in index.parts) else []
        video.passed_over = passed_over(index, info.time_base, [], {}, announced_end(info, index))[0]
        video.base_num, video.base_den = info.time_base.numerator, info.time_base.denominator
        video.frames, video.begins, video.ends, video.stamps_blob = len(index.stamps), begins, ends, blob
        video.notes, video.pack = file_notes(info, index), services().engine.pack.identity
        if info.container == "dhav" and not video.clock_starts:
            # The time stamps of a DAV file are the recorder's clock, to the second, as milliseconds since 1970.
            own = begins - index.parts[0].offset
            shown = datetime.fromtimestamp(float(own * info.time_base), UTC).replace(tzinfo=None)
            video.clock_starts = shown.isoformat(timespec="seconds")
            video.notes.append(
                f"The recorder's clock showed {video.clock_starts} at the first frame, as the file states."
            )
        video.state = Video.State.PROCESSING
        video.save()
        VideoSegment.objects.bulk_create(
            VideoSegment(video=video, number=number, first=segment.first, end=segment.end)
            for number, segment in enumerate(wanted, start=1)
        )


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
                doubtful=track.doubtful,
                sealed=sealer.seal(track.template.tobytes(), _context(locked.pk, number)),
            )
            Still.objects.bulk_create(
                _still(video, stored_track, still, index, next(digests)) for still in track.stills
            )
        locked.looked, locked.decoded, locked.bad = detected.looked, detected.decoded, len(detected.failed)
        locked.why, locked.lost = segment.why, segment.lost
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
        damaged=still.damaged,
        turned=still.turned,
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
            track.doubtful,
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
    index, listed = stored_index(video), video.stamps_blob
    reasons = {segment.first: segment.why for segment in rows if segment.why}
    gaps_and_end = [entry for entry in video.passed_over if entry["frames"] == 0]
    entries, none = passed_over(index, video.base, [segment.lost for segment in rows], reasons, 0)
    entries = sorted([entry for entry in entries if entry["frames"]] + gaps_and_end, key=lambda entry: entry["from_s"])
    stamps = np.setdiff1d(index.stamps, none)
    blob = _store(stamps) if len(none) else listed
    decoded = FrameIndex(stamps, stamps[:1], 0)
    with transaction.atomic():
        progressed(job, job.done)
        video.notes += turned_notes(video)
        damaged = sum(len(segment.lost.get(DAMAGED, ())) for segment in rows)
        if damaged:
            video.notes.append(
                f"{counted(damaged, 'frame is', 'frames are')} damaged. They were searched for faces as far as they "
                "could be decoded; stills from them say so."
            )
        if len(none):
            video.frames, video.stamps_blob = len(stamps), blob
            for still in video.stills.all():
                still.frame = decoded.number(still.pts)
                still.save(update_fields=["frame"])
        video.passed_over = entries
        video.state, video.done_at = Video.State.DONE, timezone.now()
        video.save()
        forget_templates(video)
        if blob != listed:
            PendingErasure.objects.get_or_create(blob=listed)
        write_entry(
            "video.processed",
            {
                "agency": video.case.agency.public_id,
                "video": video.public_id,
                "frames": video.frames,
                "stream": video.stream,
                "joined": max(0, len(video.joined) - 1),
                "passed_over": len(entries),
                "frames_not_decoded": sum(int(entry["frames"]) for entry in entries),
                "looked": sum(segment.looked for segment in rows),
                "stills": video.stills.count(),
                "people": _people(video),
                "pack": video.pack,
            },
            acting_member=video.member,
        )
    if blob != listed:
        drop_blobs({listed})


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
