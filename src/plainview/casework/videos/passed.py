"""What was passed over in a video, and why: for the page, for scripts and for the record.

Owns the list. An entry is {from_s, to_s, frames, reason}: seconds on the time line, how many frames are missing there (0
for time without frames), and a sentence. Places that hold no picture by design (a codec's hidden frames) are not frames
and are not told. It must never hide a frame that the file announces and that was not decoded.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from plainview.policy.wording import counted
from plainview.recognition.video.segment import Detected, Segment
from plainview.recognition.video.types import FrameIndex, Stamps, VideoInfo

FAILED, HIDDEN, DAMAGED = "failed", "hidden", "damaged"
"""Keys of VideoSegment.lost: places without a frame that the decoder reported an error for; places without a frame
and without an error; places of frames that the decoder calls damaged."""

NOT_DECODED = "These frames could not be decoded: the data is damaged."
NO_WHOLE_PICTURE = "The recording begins without a whole picture; these frames cannot be decoded without it."
NO_FRAMES = "The file has no frames for this time."
CUT_OFF = "The file announces more than it holds: the rest is missing."
APPENDED = (
    "Another recording begins behind this one, at byte {at:,} of the file, and was not read: cut the file there, and "
    "upload the rest as a video of its own."
)

BROKEN_OFF = "The recording broke off at byte {at:,} of the file: what follows is missing or cannot be read."

_GAP_SECONDS, _GAP_STEPS = 2.0, 10
"""A gap is told from 2 seconds and ten usual steps on: chosen, so that a time lapse is not one long list of gaps."""

_UNTRUE_END = 1.0
"""Seconds by which a file may end before its announced end without a note; or 2 % of it, or two usual steps."""

MOST = 500
"""Entries that are kept; the last one then speaks for all that follow."""


def lost_places(detected: Detected, segment: Segment, index: FrameIndex) -> dict[str, list[int]]:
    """Return what a segment's decoding left out, as VideoSegment.lost keeps it."""
    listed = within(index.stamps, segment)
    missing = np.setdiff1d(listed, detected.shown)
    failed = np.intersect1d(missing, detected.failed)
    rows = {FAILED: failed, HIDDEN: np.setdiff1d(missing, failed), DAMAGED: detected.damaged}
    return {name: [int(place) for place in places] for name, places in rows.items() if len(places)}


def all_lost(segment: Segment, index: FrameIndex) -> dict[str, list[int]]:
    """Return the same for a segment that ended its decoder."""
    return {FAILED: [int(place) for place in within(index.stamps, segment)]}


def within(stamps: Stamps, segment: Segment) -> Stamps:
    """The places of a segment."""
    return stamps[np.searchsorted(stamps, segment.first) : np.searchsorted(stamps, segment.end)]


def passed_over(
    index: FrameIndex, base: Fraction, lost: list[dict[str, list[int]]], reasons: dict[int, str], end: int
) -> tuple[list[dict[str, Any]], Stamps]:
    """Return the entries, and the places that are no frames.

    Args:
        index: every listed place.
        base: seconds a unit.
        lost: of each segment in order.
        reasons: a sentence of its own for what failed, by the first place of a segment that ended its decoder.
        end: place at which the file says that it ends; 0 if it says nothing.
    """
    failed = np.array(sorted(place for segment_lost in lost for place in segment_lost.get(FAILED, ())), np.int64)
    hidden = np.array(sorted(place for segment_lost in lost for place in segment_lost.get(HIDDEN, ())), np.int64)
    begins = np.searchsorted(index.stamps, [part.first for part in index.parts])
    early = _leading(index.stamps, hidden, {int(i) for i in begins} | {0})
    entries = [
        *_ranges(index, failed, base, NOT_DECODED, reasons),
        *_ranges(index, early, base, NO_WHOLE_PICTURE, {}),
        *_gaps(index, base),
    ]
    last = int(index.stamps[-1])
    step = float(np.median(np.diff(index.stamps))) if len(index.stamps) > 1 else 0.0
    usual = max(_UNTRUE_END / float(base), 0.02 * (end - int(index.stamps[0])), 2 * step)
    if index.broken:
        entries.append(_entry(last, max(last, end), 0, base, BROKEN_OFF.format(at=index.broken)))
    elif end and end - last > usual:
        entries.append(_entry(last, end, 0, base, CUT_OFF))
    if index.appended:
        entries.append(_entry(last, last, 0, base, APPENDED.format(at=index.appended)))
    entries.sort(key=lambda entry: (entry["from_s"], entry["to_s"]))
    if len(entries) > MOST:
        rest = entries[MOST - 1 :]
        whole = {"to_s": max(entry["to_s"] for entry in rest), "frames": sum(entry["frames"] for entry in rest)}
        entries = [
            *entries[: MOST - 1],
            {**rest[0], **whole, "reason": "Here and in further places: " + rest[0]["reason"]},
        ]
    return entries, np.union1d(failed, hidden)


def passed_sentence(entry: dict[str, Any]) -> str:
    """Say an entry for people."""
    frames = f"{counted(entry['frames'], 'frame')}: " if entry["frames"] else ""
    return f"{entry['from_s']:,.1f} s to {entry['to_s']:,.1f} s: {frames}{entry['reason']}"


def announced_end(info: VideoInfo, index: FrameIndex) -> int:
    """Place at which the container says that the stream ends, as far as its own time stamps are the time line; else 0."""
    if not info.announced_duration or index.listed:
        return 0
    return int(index.stamps[0]) + info.announced_duration


def _leading(stamps: Stamps, hidden: Stamps, begins: set[int]) -> Stamps:
    """Of the places without a frame, those from the beginning of a part up to its first frame."""
    places = set(hidden.tolist())
    early = []
    for begin in begins:
        at = begin
        while at < len(stamps) and int(stamps[at]) in places:
            early.append(int(stamps[at]))
            at += 1
    return np.array(sorted(early), np.int64)


def _ranges(
    index: FrameIndex, places: Stamps, base: Fraction, reason: str, reasons: dict[int, str]
) -> list[dict[str, Any]]:
    """Join places that follow each other among the listed ones."""
    if not len(places):
        return []
    numbers = np.searchsorted(index.stamps, places)
    borders = np.flatnonzero((np.diff(numbers) > 1) | np.isin(places[1:], list(reasons))) + 1
    rows = []
    for group in np.split(numbers, borders):
        first, last = int(index.stamps[group[0]]), int(index.stamps[group[-1]])
        after = int(index.stamps[group[-1] + 1]) if group[-1] + 1 < len(index.stamps) else last
        rows.append(_entry(first, after, len(group), base, reasons.get(first, reason)))
    return rows


def _gaps(index: FrameIndex, base: Fraction) -> list[dict[str, Any]]:
    steps = np.diff(index.stamps)
    if not len(steps):
        return []
    long = max(_GAP_SECONDS / float(base), _GAP_STEPS * float(np.median(steps)))
    return [
        _entry(int(index.stamps[i]), int(index.stamps[i + 1]), 0, base, NO_FRAMES)
        for i in np.flatnonzero(steps >= long)
    ]


def _entry(first: int, last: int, frames: int, base: Fraction, reason: str) -> dict[str, Any]:
    return {
        "from_s": round(float(first * base), 3),
        "to_s": round(float(last * base), 3),
        "frames": frames,
        "reason": reason,
    }
