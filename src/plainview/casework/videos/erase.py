"""Erasing a video with everything made from it. The record that it existed stays, with the reason for the erasure.

Owns the order: the rows and the entry in one transaction, then the blobs that nothing else needs. It must never erase a
still that was searched with: it is the probe of its search.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.erasure.erasers import answers_go
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_video, needed
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, PendingErasure, Still, Video, VideoPart, VideoTrack
from plainview.casework.pictures import forget_pictures
from plainview.casework.videos.read import forget_frames
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

VIDEO_ERASED = "video.erased"
"""The action of the entry about an erasure; a restore looks for it."""


def erase_video(public_id: str, *, reason: str, acting_member: Member) -> int:
    """Erase a video of the member's agency permanently; return the number of blobs removed.

    Raises:
        Refused: no permission, unknown, no reason in words, or a hold keeps it.
        StorageError: a blob could not be removed; nothing refers to it now.
    """
    with acting("video.erase", Permission.VIDEO_ERASE, acting_member):
        video = find.video(public_id, acting_member)
        rules.require(explained(reason, "The reason"))
        digests = erase_rows(video, reason.strip(), acting_member=acting_member)
    return drop_blobs(digests)


def erase_rows(
    video: Video,
    reason: str,
    *,
    cause: Mapping[str, Value] | None = None,
    acting_member: Member | None,
) -> set[str]:
    """Erase the rows of a video in the running transaction; return the blobs that they named.

    The caller passes the result to `drop_blobs` after the commit. `cause` is public.

    Raises:
        Refused: hold.in_force.
    """
    with transaction.atomic():
        lock_holds(video.case.agency)
        require_free(held_video(video), f"Video {video.public_id}")
        return blank_rows(video, reason, cause=cause, acting_member=acting_member)


def blank_rows(
    video: Video,
    reason: str,
    *,
    cause: Mapping[str, Value] | None = None,
    action: str = VIDEO_ERASED,
    acting_member: Member | None,
) -> set[str]:
    """As `erase_rows`, ignoring holds: for a restore, which repeats erasures that were allowed when they were made."""
    with transaction.atomic():
        locked = Video.objects.select_for_update().get(pk=video.pk)
        digests = set(locked.parts.values_list("blob", flat=True)) | {locked.stamps_blob}
        digests |= set(locked.stills.values_list("thumbnail", flat=True))
        locked.same_persons.all().delete()
        stills = Still.objects.filter(video=locked).delete()[0]
        VideoTrack.objects.filter(segment__video=locked).delete()
        locked.segments.all().delete()
        VideoPart.objects.filter(video=locked).delete()
        size = locked.received
        locked.name = locked.sha256 = locked.stamps_blob = locked.why = ""
        locked.notes, locked.received, locked.state = [], 0, Video.State.ERASED
        locked.streams, locked.joined, locked.passed_over = [], [], []
        locked.clock_offset_s, locked.clock_starts = None, ""
        locked.save()
        answers_go()
        write_entry(
            action,
            {
                "agency": locked.case.agency.public_id,
                "video": locked.public_id,
                "bytes": size,
                "stills": stills,
                **(cause or {}),
            },
            {"reason": reason},
            acting_member=acting_member,
        )
        digests -= {""}
        # If the process is killed before `drop_blobs`, the next start removes them.
        rows = [PendingErasure(blob=digest) for digest in sorted(digests)]
        PendingErasure.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return digests


def drop_blobs(digests: set[str]) -> int:
    """Remove the blobs that no record needs; return how many existed."""
    gone = sum(services().blobs.delete(digest) for digest in digests - needed(digests))
    for digest in digests:
        PendingErasure.objects.filter(blob=digest).delete()
    forget_pictures()
    forget_frames()
    return gone
