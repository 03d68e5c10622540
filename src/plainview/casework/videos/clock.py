"""Stating a recorder's clock: how far it was from true time, and what it showed at the first frame.

Owns the statement and its entry; what it means for a still is in times.py.
"""

from __future__ import annotations

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Video
from plainview.casework.videos.times import read_clock
from plainview.policy import rules
from plainview.policy import video as video_rules
from plainview.policy.permissions import Permission


def state_clock(public_id: str, *, offset_s: float, starts: str = "", acting_member: Member) -> Video:
    """Record how far the recorder's clock was from true time, and what it showed at the first frame.

    Args:
        public_id: the video.
        offset_s: the recorder's clock minus true time, seconds; above 0 where the recorder was ahead.
        starts: what the recorder's clock showed at the first frame, ISO 8601 without zone; "" leaves what is known.
        acting_member: the member who states it.

    Raises:
        Refused: no permission, unknown, the case is closed, or no such time.
    """
    with acting("video.clock", Permission.VIDEO_UPLOAD, acting_member):
        video = find.video(public_id, acting_member)
        case = video.case
        shown = read_clock(starts) if starts.strip() else None
        rules.require(
            rules.case_open(case.number, case.closed_at.date() if case.closed_at else None),
            video_rules.clock(offset_s, starts.strip(), shown is not None or not starts.strip()),
        )
        video.clock_offset_s = float(offset_s)
        video.clock_starts = shown.isoformat(timespec="seconds") if shown else video.clock_starts
        video.save(update_fields=["clock_offset_s", "clock_starts"])
        write_entry(
            "video.clock_stated",
            {"agency": acting_member.agency.public_id, "video": video.public_id},
            {"offset_s": str(video.clock_offset_s), "starts": video.clock_starts},
            acting_member=acting_member,
        )
    return video
