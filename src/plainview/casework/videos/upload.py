"""Uploading a video: begun under a case, received piece by piece, hashed as it arrives, then queued for processing.

Owns the upload. A piece is durable and sealed before it is acknowledged, so that a broken upload continues where it
stopped. It must never decode or search anything.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from plainview.casework import find, jobs
from plainview.casework.erasure.read import held_video
from plainview.casework.jobs import job_of
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Job, Member, Video, VideoPart
from plainview.casework.videos.erase import drop_blobs, erase_rows
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy import video as video_rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.recognition.video.wire import MAX_STREAMS
from plainview.storage.base import digest_of
from plainview.tables.names import readable

KIND = "video"
"""The kind of a video's job (worker.tasks)."""

_NAME_LENGTH = 200


class _Hashes:
    """SHA-256 of uploads so far, by video. They end with the process; then the stored pieces are read again once."""

    def __init__(self) -> None:
        self._running: OrderedDict[int, tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, video: int, offset: int, data: bytes) -> None:
        """Continue with the bytes from `offset`, if the bytes before them were hashed here."""
        with self._lock:
            at, running = self._running.pop(video, (0, hashlib.sha256()))
            if at == offset:
                running.update(data)
                self._running[video] = (offset + len(data), running)
            if len(self._running) > 64:
                self._running.popitem(last=False)

    def take(self, video: Video) -> str:
        """Return the digest of the whole file, hex."""
        with self._lock:
            at, running = self._running.pop(video.pk, (0, hashlib.sha256()))
        if at != video.size:
            running = hashlib.sha256()
            for blob in video.parts.order_by("offset").values_list("blob", flat=True):
                running.update(services().blobs.get(blob))
        return str(running.hexdigest())


_hashes = _Hashes()


def begin_video(
    case_number: str,
    name: str,
    size: int,
    *,
    first_s: float = 0,
    last_s: float | None = None,
    stream: int = 0,
    acting_member: Member,
) -> Video:
    """Begin an upload under an open case.

    Args:
        case_number: a case of the member's agency.
        name: the file's name; shown, never used as a path.
        size: its size in bytes.
        first_s, last_s: the part to process, seconds from the first frame; None: to the end.
        stream: the stream of pictures to process, from 1; 0: the largest.
        acting_member: the member who uploads.

    Raises:
        Refused: no permission, case unknown or closed, or a size or range that is not allowed.
    """
    with acting("video.begin", Permission.VIDEO_UPLOAD, acting_member):
        case = find.case(case_number, acting_member)
        rules.require(
            rules.case_open(case.number, case.closed_at.date() if case.closed_at else None),
            video_rules.size(size),
        )
        if not 0 <= stream <= MAX_STREAMS:
            rules.require(video_rules.stream(stream, MAX_STREAMS))
        if first_s < 0 or (last_s is not None and last_s <= first_s):
            rules.require(video_rules.hours(first_s + 1, first_s, last_s or 0))
        video = Video.objects.create(
            case=case,
            member=acting_member,
            name=readable(name).strip()[:_NAME_LENGTH] or "video",
            size=size,
            first_s=first_s,
            last_s=last_s,
            stream=stream,
        )
        write_entry(
            "video.begun",
            {
                "agency": acting_member.agency.public_id,
                "case": case.pk,
                "video": video.public_id,
                "size": size,
            },
            {"name": video.name},
            acting_member=acting_member,
        )
    return video


def add_part(public_id: str, offset: int, data: bytes, *, sha256: str = "", acting_member: Member) -> int:
    """Store the next piece of an upload; return the number of bytes stored. A piece sent again changes nothing.

    Args:
        public_id: the video.
        offset: where the piece begins, bytes.
        data: the piece.
        sha256: its digest by the sender, hex; "" if the sender gives none.
        acting_member: the member who uploads.

    Raises:
        Refused: no permission, unknown, another member's, not being uploaded, not the next piece, or other bytes.
        StorageError: the piece could not be stored.
    """
    with acting("video.part", Permission.VIDEO_UPLOAD, acting_member):
        video = _uploading(public_id, acting_member)
        if offset + len(data) <= video.received:
            return video.received
        rules.require(video_rules.part(offset, len(data), video.received, video.size))
        if sha256 and sha256.lower() != digest_of(data):
            raise _other_bytes()
    blob = services().blobs.put(data)
    with transaction.atomic():
        locked = Video.objects.select_for_update().get(pk=video.pk)
        if locked.state == Video.State.UPLOADING and locked.received == offset:
            VideoPart.objects.create(video=locked, offset=offset, length=len(data), blob=blob)
            locked.received += len(data)
            locked.save(update_fields=["received"])
            _hashes.add(locked.pk, offset, data)
        elif not locked.parts.filter(offset=offset, blob=blob).exists():  # stored meanwhile, by another request
            raise _other_bytes()
    return locked.received


def finish_video(public_id: str, *, sha256: str = "", acting_member: Member) -> tuple[Video, Job]:
    """Close a complete upload and create its job; the caller enqueues or runs it.

    Args:
        public_id: the video.
        sha256: the file's digest by the sender, hex; "" if the sender gives none.
        acting_member: the member who uploaded.

    Raises:
        Refused: as `add_part`; bytes are missing, or differ from those that were sent.
    """
    with acting("video.finish", Permission.VIDEO_UPLOAD, acting_member):
        video = _uploading(public_id, acting_member)
        if video.received != video.size:
            raise Refused(
                "video.incomplete",
                "Video refused",
                f"{video.received:,} of {video.size:,} bytes have arrived.",
                "Continue the upload.",
            )
        digest = _hashes.take(video)
        if sha256 and sha256.lower() != digest:
            raise _other_bytes()
        video.sha256, video.state, video.received_at = digest, Video.State.RECEIVED, timezone.now()
        video.save(update_fields=["sha256", "state", "received_at"])
        write_entry(
            "video.received",
            {"agency": acting_member.agency.public_id, "video": video.public_id, "size": video.size},
            {"sha256": digest},
            acting_member=acting_member,
        )
        job = jobs.ask_again(KIND, video.pk, acting_member=acting_member)
    return video, job


def process_again(
    public_id: str, *, first_s: float | None = None, last_s: float | None = None, acting_member: Member
) -> tuple[Video, Job]:
    """Continue with a video whose job failed or was cancelled, keeping its stills; another part of it starts again.

    Raises:
        Refused: no permission, unknown, being uploaded, or done.
    """
    with acting("video.process", Permission.VIDEO_UPLOAD, acting_member):
        video = find.video(public_id, acting_member)
        job_before = job_of(KIND, video.pk)
        stuck = video.state == Video.State.PROCESSING and job_before is not None and job_before.is_over
        if not stuck and video.state not in (Video.State.FAILED, Video.State.CANCELLED, Video.State.RECEIVED):
            raise Refused(
                "video.not_waiting",
                "Video not processed",
                f"The video is {video.state}.",
                "Check the state of the video.",
                act=Permission.VIDEO_READ,
            )
        if first_s is not None and not video.segments.exists():
            video.first_s, video.last_s = first_s, last_s
        video.state, video.code, video.why = Video.State.RECEIVED, "", ""
        video.save(update_fields=["state", "code", "why", "first_s", "last_s"])
        write_entry(
            "video.begun_again",
            {"agency": acting_member.agency.public_id, "video": video.public_id},
            acting_member=acting_member,
        )
        job = jobs.ask_again(KIND, video.pk, acting_member=acting_member)
    return video, job


def discard_upload(public_id: str, *, acting_member: Member) -> None:
    """Discard an upload of the member's own; its bytes are erased.

    Raises:
        Refused: no permission, unknown, another member's, complete, or a hold keeps it.
    """
    with acting("video.discard", Permission.VIDEO_UPLOAD, acting_member):
        video = _uploading(public_id, acting_member)
        digests = erase_rows(video, "discarded by its member", acting_member=acting_member)
    drop_blobs(digests)


def discard_stale() -> list[str]:
    """Erase every upload that was not completed within `UPLOAD_DAYS`, unless a hold keeps it; return their ids."""
    late = timezone.now() - timedelta(days=video_rules.UPLOAD_DAYS)
    gone = []
    for video in Video.objects.filter(state=Video.State.UPLOADING, begun_at__lt=late):
        if held_video(video):
            continue
        drop_blobs(erase_rows(video, f"not complete after {video_rules.UPLOAD_DAYS} days", acting_member=None))
        gone.append(video.public_id)
    return gone


def _other_bytes() -> Refused:
    return Refused(
        "video.other_bytes",
        "Video refused",
        "The file that arrived differs from the file that was sent.",
        "Upload the file again.",
    )


def _uploading(public_id: str, member: Member) -> Video:
    video = find.video(public_id, member)
    if video.member_id != member.pk or video.state != Video.State.UPLOADING:
        raise Refused(
            "video.not_uploading",
            "Piece refused",
            "You are not uploading this video.",
            "Start an upload of your own.",
            act=Permission.VIDEO_UPLOAD,
        )
    return video
