"""From the packets of a stream, in the order of the file, to one time line on which every frame has its own place.

Owns what a time stamp is worth: where time stamps start again (exports joined into one file, a recorder that was
restarted), each part follows the one before it; where two frames state the same time, the later one is a unit later.
Standard library only, because the child imports this module.
"""

from __future__ import annotations

from array import array
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
    """

    stamps: Sequence[int]
    parts: tuple[Part, ...]
    clean: bool


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
    borders = _starts(shown, decoded, int(BACK_SECONDS * second))
    places = array("q", shown)
    parts: list[Part] = []
    clean = len(borders) <= 1
    following = None
    for begin, end in zip(borders, [*borders[1:], len(shown)], strict=True):
        # A packet without a time of its own follows the one before it, after all that have one.
        last = 0
        order = []
        for i in range(begin, end):
            own = shown[i] != NO_STAMP
            last = shown[i] if own else last
            order.append((last, not own, i))
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
    return Timeline(places, tuple(parts), clean)


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
