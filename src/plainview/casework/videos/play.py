"""The stored file of a video, piece by piece, for the player of a browser. The first piece is an entry.

Owns which files a browser may be offered, and how much one answer has. It must never decode: what the file is, the
restricted child has said.
"""

from __future__ import annotations

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Video
from plainview.casework.videos.stored import StoredVideo
from plainview.casework.workspace.services import services
from plainview.policy.permissions import Permission

PIECE = 2 << 20
"""Bytes of one answer: some seconds of a camera's video, and little memory for a reader who goes away."""

_TYPES = {"mov": "video/mp4", "mp4": "video/mp4", "matroska": "video/webm", "webm": "video/webm", "ogg": "video/ogg"}
"""FFmpeg's names of the containers that browsers know -> the type under which they play them."""


def media_type(video: Video) -> str:
    """Return the type under which a browser may play the file; "" where its time line would not be that of the stills.

    A browser plays the first stream of a file, from its own first time stamp, and knows no joined recordings.
    """
    container = video.container.split(",")[0]
    alone = len(video.streams) < 2 and len(video.joined) < 2 and bool(video.frames)
    return _TYPES.get(container, "") if alone else ""


def play_video(public_id: str, first: int, last: int | None, *, acting_member: Member) -> tuple[bytes, int]:
    """Return bytes of a video's file from `first`, at most to `last` and at most PIECE of them, and the file's size.

    Raises:
        Refused: no permission, or unknown.
        StorageError: a piece is missing or damaged.
    """
    with acting("video.play", Permission.VIDEO_READ, acting_member):
        video = find.video(public_id, acting_member)
        if first == 0:
            write_entry(
                "video.played",
                {"agency": acting_member.agency.public_id, "video": video.public_id},
                acting_member=acting_member,
            )
    end = min(video.received, first + PIECE, video.received if last is None else last + 1)
    source = StoredVideo(video, services().blobs)
    return (source.read(first, end - first) if end > first else b""), video.received
