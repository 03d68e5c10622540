"""The times of a still: on the time line, within its part, by the recorder's clock and in truth.

Owns the arithmetic. It must never guess: without a stated clock there is no time of day. It must never write.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from plainview.casework.models import Still, Video


def own_time(still: Still) -> tuple[int, float]:
    """Return the number of the part of the time line that a still is in, from 1, and its own time stamp there, seconds."""
    number, offset = 1, 0
    for i, (first, added) in enumerate(still.video.joined, start=1):
        if first <= still.pts:
            number, offset = i, added
    return number, round(float((still.pts - offset) * still.video.base), 6)


def read_clock(text: str) -> datetime | None:
    """Return a day and time of day without zone, or None if the text is not one."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


def clock_json(still: Still) -> dict[str, Any]:
    """Return the stated offset, seconds, and the still's time by the recorder's clock and in truth, if it can be known."""
    video = still.video
    return {"offset_s": video.clock_offset_s, **times(still)}


def times(still: Still) -> dict[str, str]:
    """Return `recorder` and `true`, ISO 8601 without zone to the tenth of a second; empty without a stated beginning."""
    video = still.video
    began = read_clock(video.clock_starts) if video.clock_starts else None
    part, own_s = own_time(still)
    added = video.joined[0][1] if video.joined else 0
    # A later part began when its recorder says, if its time stamps are the recorder's clock; else nobody knows when.
    if began is None or video.clock_offset_s is None or (part > 1 and not added):
        return {}
    try:
        shown = began + timedelta(seconds=own_s - float((video.begins - added) * video.base))
        true = shown - timedelta(seconds=video.clock_offset_s)
    except OverflowError:
        return {}
    return {"recorder": shown.isoformat(timespec="milliseconds"), "true": true.isoformat(timespec="milliseconds")}


def sentence(video: Video) -> str:
    """Say the stated offset."""
    offset = video.clock_offset_s
    if offset is None:
        return ""
    if not offset:
        return "Recorder's clock: stated to be right."
    return f"Recorder's clock: stated to be {abs(offset):,.10g} s {'ahead of' if offset > 0 else 'behind'} true time."
