"""From the packets of a stream, in the order of the file, to one time line on which every frame has its own place.

Owns what a time stamp is worth: where time stamps start again (exports joined into one file, a recorder that was
restarted), each part follows the one before it; where two frames state the same time, the later one is a unit later.
Standard library only, because the child imports this module.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

BACK_SECONDS = 0.2
"""Seconds by which the decoding time must go back to count as started again. Chosen: the jitter of cameras that stamp
frames as they arrive stays below a tenth; a joined export goes back by its whole length."""

_REORDERED = 10
"""Times as far back as `BACK_SECONDS`, where only the time of showing is known: 16 frames, the most that a codec
reorders, at 8 a second."""

TIME_OF_DAY_SECONDS = 10**8
"""Seconds from which time stamps count from 1970, as a recorder's clock does, and not from the beginning: three years."""

WRAP = 2**33
"""Where the counters of MPEG-TS and MPEG-PS start again, after 26.5 hours (ISO/IEC 13818-1, 2.4.3.7): no new part."""

_BESIDE = 3
"""Packets from a border at which a mark of damage is the border's: FFmpeg's parser of H.264 is so many packets ahead of the
counters of MPEG-TS, which skip where another recording begins."""

_WRAP_SECONDS = 10
"""Seconds between two packets that are still one recording at that place. Chosen: longer than any picture lasts."""

NO_STAMP = -(2**62)
"""A packet without a time stamp."""


@dataclass(frozen=True, slots=True)
class Part:
    """Packets from number `packet` on, whose places on the time line are their own time stamps plus `offset`."""

    packet: int
    offset: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The time line of a stream.

    Attributes:
        stamps: the place of each packet, in the order of the file; no two are the same.
        parts: at least one where there is a packet.
        clean: every place is the packet's own time stamp.
        untimed: packets at the beginning that have no time of their own; their frames are shown in the order of these
            places, whichever packet each comes from.
    """

    stamps: Sequence[int]
    parts: tuple[Part, ...]
    clean: bool
    untimed: int = 0


def lay_out(shown: Sequence[int], decoded: Sequence[int], second: int, step: int) -> Timeline:
    """Give every packet its place.

    Args:
        shown: the time at which the frame of each packet is shown, or `NO_STAMP`, in the order of the file.
        decoded: the same for the time at which it is decoded, which never goes back within one recording.
        second: units of the time base a second.
        step: units between two frames, where a part follows another.
    """
    if not shown:
        return Timeline(array("q"), (), clean=True)
    stated = shown
    shown, decoded = _unwrapped(shown, decoded, _WRAP_SECONDS * second)
    borders = _starts(shown, decoded, int(BACK_SECONDS * second))
    places = array("q", shown)
    parts: list[Part] = []
    clean = len(borders) <= 1 and shown is stated
    following = None
    for begin, end in zip(borders, [*borders[1:], len(shown)], strict=True):
        # A packet without a time of its own follows the one before it, after all that have one; the first ones, as in a
        # Matroska file that begins before its time 0, come before all others.
        own = [i for i in range(begin, end) if shown[i] != NO_STAMP]
        last = min((shown[i] for i in own), default=0)
        unstamped = (own[0] if own else begin) - begin
        order = [(last + (i - unstamped) * max(1, step), True, begin + i) for i in range(unstamped)]
        for i in range(begin + unstamped, end):
            stamped = shown[i] != NO_STAMP
            last = shown[i] if stamped else last
            order.append((last, not stamped, i))
        order.sort()
        if following is None:
            first = order[0][0]
            offset = -first if first > TIME_OF_DAY_SECONDS * second else 0
        else:
            offset = following - order[0][0]
        parts.append(Part(begin, offset))
        before = None
        for stamp, invented, i in order:
            place = stamp + offset
            if before is not None and place <= before:
                place = before + 1
            clean = clean and not invented and place == stamp
            places[i] = before = place
        following = (before or 0) + max(1, step)
    untimed = next((i for i, stamp in enumerate(shown) if stamp != NO_STAMP), 0)
    return Timeline(places, tuple(parts), clean, untimed)


def inside_parts(marked: Sequence[int], parts: Sequence[Part]) -> int:
    """Count the packets marked as damaged, without those beside a border between two parts."""
    borders = [part.packet for part in parts[1:]]
    return sum(bisect_right(borders, n + _BESIDE) == bisect_left(borders, n - _BESIDE) for n in marked)


def _unwrapped(shown: Sequence[int], decoded: Sequence[int], apart: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return both times without the counter's own start at `WRAP`; the same objects if it does not start again."""
    if max(max(shown), max(decoded)) < WRAP - apart:
        return shown, decoded
    whole, turned, latest, turns = array("q", decoded), array("q", shown), NO_STAMP, 0
    for i, (own, other) in enumerate(zip(decoded, shown, strict=True)):
        stamp = other if own == NO_STAMP else own
        if stamp == NO_STAMP:
            continue
        here = stamp + turns * WRAP
        if latest != NO_STAMP and here < latest and abs(here + WRAP - latest) <= apart:
            turns, here = turns + 1, here + WRAP
        latest = here
        if own != NO_STAMP:
            whole[i] = here
        if other != NO_STAMP:  # a frame is shown near the time at which it is decoded: it may wrap before that does
            turned[i] = other + round((here - other) / WRAP) * WRAP
    return (turned, whole) if turned != array("q", shown) else (shown, decoded)


def _starts(shown: Sequence[int], decoded: Sequence[int], back: int) -> list[int]:
    """Numbers of the packets at which time starts again; the first is 0."""
    starts = [0]
    if all(stamp == NO_STAMP for stamp in decoded):  # frames are shown in another order than they are decoded in
        decoded, back = shown, _REORDERED * back
    latest = NO_STAMP
    for i, stamp in enumerate(decoded):
        if stamp == NO_STAMP:
            continue
        if latest != NO_STAMP and stamp < latest - back:
            starts.append(i)
            latest = stamp
        latest = max(latest, stamp)
    return starts
