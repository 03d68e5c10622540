"""The rules of video: how large and how long, and in what pieces it arrives. Pure, on plain values."""

from __future__ import annotations

from collections.abc import Collection

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.wording import counted

MAX_BYTES = 64 * 2**30
"""Largest file, bytes: chosen, a day of one 1080p camera at 6 Mbit/s."""

MAX_HOURS = 4
"""Longest part of a video that is processed at once: chosen, so that nobody sifts the faces of a whole day to
find one; the case says which hours matter."""

PART_BYTES = 8 * 2**20
"""Longest piece of an upload: sent again after a broken connection, and sealed as one blob."""

MIN_PART_BYTES = 64 * 2**10
"""Shortest piece but the last: a video in shorter ones would be mostly rows of the database."""

UPLOAD_DAYS = 7
"""Days after which an upload that was not completed is erased: chosen, a week of trying again."""

MAX_CLOCK_SECONDS = 100 * 366 * 86_400
"""Farthest offset of a recorder's clock, seconds: one that lost its battery begins in 1970 or 2000."""

SIZE_RULES = (
    ("video.size", "video", f"A video file has 1 byte to {MAX_BYTES // 2**30} GiB."),
    ("video.part", "video", f"A video arrives in order, in pieces of at most {PART_BYTES // 2**20} MiB."),
    ("video.range", "video", "The part to be processed is within the video."),
    ("video.too_long", "video", f"At most {MAX_HOURS} hours of a video are processed at once."),
    ("video.stream", "video", "A stream of pictures that is processed is one of the file."),
    ("video.same_person", "video", "Two people of a video are stated to be one once it is processed to its end."),
    ("video.clock", "video", "A stated recorder's clock is a number of seconds, and a day with a time of day."),
)
"""For policy.table: (rule id, of, says)."""


def size(announced: int) -> Decision:
    """Allow a file of an accepted size."""
    if not 1 <= announced <= MAX_BYTES:
        return Refused(
            "video.size",
            "Video refused",
            f"The file has {counted(announced, 'byte')}; 1 to {MAX_BYTES:,} are accepted.",
            "Export only the part of the video that matters.",
        )
    return Allow()


def part(offset: int, length: int, received: int, announced: int) -> Decision:
    """Allow a piece that follows those before it."""
    end = offset + length
    short = length < MIN_PART_BYTES and end != announced
    if offset != received or end > announced or not 0 < length <= PART_BYTES or short:
        return Refused(
            "video.part",
            "Piece refused",
            f"{received:,} of {announced:,} bytes have arrived, and this piece has {counted(length, 'byte')} from byte {offset:,}.",
            f"Continue from byte {received:,}, in pieces of {MIN_PART_BYTES:,} to {PART_BYTES:,} bytes.",
        )
    return Allow()


def hours(seconds: float, first: float, last: float) -> Decision:
    """Allow a part within the video that is not too long; all in seconds from the beginning of the video."""
    if not 0 <= first < last or first >= max(seconds, 0.001):
        return Refused(
            "video.range",
            "Video refused",
            f"The video is {seconds:,.0f} s long; the part from {first:,.0f} to {last:,.0f} s was requested.",
            "Choose a part within the video.",
        )
    long = min(last, seconds) - first
    if long > MAX_HOURS * 3600:
        return Refused(
            "video.too_long",
            "Video refused",
            f"{long / 3600:.1f} hours were requested; {MAX_HOURS} can be processed at once.",
            "Choose the hours that matter. The file itself stays as it is.",
        )
    return Allow()


def stream(number: int, streams: int) -> Decision:
    """Allow a stream of pictures that the file has."""
    if not 1 <= number <= streams:
        return Refused(
            "video.stream",
            "Stream not processed",
            f"The file has {counted(streams, 'stream of pictures', 'streams of pictures')}; stream {number} was requested.",
            "Choose one of them.",
        )
    return Allow()


def same_person(chosen: Collection[int], people: Collection[int], *, done: bool) -> Decision:
    """Allow to state that two people, by their numbers, are one: two of the video's own, when no more can be found."""
    if not done:
        return Refused(
            "video.same_person",
            "Not recorded",
            "The video is not processed to its end; its people may still change.",
            "Wait until it is processed.",
        )
    if len(set(chosen)) != 2 or not set(chosen) <= set(people):
        return Refused(
            "video.same_person",
            "Not recorded",
            f"{counted(len(set(chosen) & set(people)), 'person of this video was', 'people of this video were')} chosen.",
            "Choose two people of the list.",
        )
    return Allow()


def clock(offset_s: float, starts: str, readable: bool) -> Decision:
    """Allow an offset of the recorder's clock in seconds, and what it showed at the first frame, if that was stated."""
    if not abs(offset_s) <= MAX_CLOCK_SECONDS:
        return Refused(
            "video.clock",
            "Clock not recorded",
            "The offset of the recorder's clock is not a number of seconds within a hundred years.",
            "State the recorder's clock minus true time, in seconds: 200 if it was 3 minutes 20 seconds ahead.",
        )
    if not readable:
        return Refused(
            "video.clock",
            "Clock not recorded",
            f"{starts!r} is not a day and time of day.",
            "State what the recorder's clock showed at the first frame, as 2026-11-29T22:14:05.",
        )
    return Allow()
