"""Erasing a video with everything made of it. What stays is that there was one, and why it went.

Owns the order: the rows and the entry in one transaction, then the blobs that nothing else needs. Picks that were
searched with are probes of their searches and stay with them.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from plainview.audit.record import Value
from plainview.casework import find
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
"""The action of the entry about it; a restore looks for it."""


def erase_video(public_id: str, *, reason: str, acting_member: Member) -> int:
    """Erase a video of the member's agency for good; returns how many blobs went.

    Raises:
        Refused: no permission, unknown, no reason in words, or a hold keeps it.
        StorageError: a blob could not be removed; nothing refers to it any more.
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
    """Erase the rows of a video in the running transaction; returns the blobs they named.

    For whoever erases a case too: call `drop_blobs` with the answer after the commit. `cause` is said publicly.

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
    """As `erase_rows`, without asking for holds: for a restore, which repeats what was free to be erased then."""
    with transaction.atomic():
        locked = Video.objects.select_for_update().get(pk=video.pk)
        digests = set(locked.parts.values_list("blob", flat=True)) | {locked.stamps_blob}
        digests |= set(locked.stills.values_list("thumbnail", flat=True))
        stills = Still.objects.filter(video=locked).delete()[0]
        VideoTrack.objects.filter(segment__video=locked).delete()
        locked.segments.all().delete()
        VideoPart.objects.filter(video=locked).delete()
        size = locked.received
        locked.name = locked.sha256 = locked.stamps_blob = locked.why = ""
        locked.notes, locked.received, locked.state = [], 0, Video.State.ERASED
        locked.save()
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
        # For a process that is killed before `drop_blobs`: the next start removes them.
        rows = [PendingErasure(blob=digest) for digest in sorted(digests)]
        PendingErasure.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return digests


def drop_blobs(digests: set[str]) -> int:
    """Remove the blobs that no record needs any more; returns how many were there."""
    gone = sum(services().blobs.delete(digest) for digest in digests - needed(digests))
    for digest in digests:
        PendingErasure.objects.filter(blob=digest).delete()
    forget_pictures()
    forget_frames()
    return gone
