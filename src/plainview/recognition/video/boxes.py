"""The boxes of an MP4, read without FFmpeg: whether it has an index, and where a recording broke off.

Owns what FFmpeg says only in its log. FFmpeg gives up a whole recording over half a box at its end. Runs in the
restricted child only.
"""

from __future__ import annotations

from typing import NamedTuple

from plainview.recognition.video.pipe import Pipe

_KNOWN = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip", b"moof", b"styp", b"sidx", b"uuid"))
_MOST = 200_000  # boxes: a day in fragments of one second


class Boxes(NamedTuple):
    """What an MP4 has at its top level.

    Attributes:
        kinds: the kinds of its boxes; empty: no MP4.
        known: every box has a name that an MP4's boxes have.
        broken: byte from which a recording in fragments cannot be read; 0: it is whole, or has no fragments.
    """

    kinds: set[bytes]
    known: bool
    broken: int


def read_boxes(pipe: Pipe) -> Boxes:
    """Walk the boxes up to one that is not complete, or has a size or a name that no box has."""
    kinds: set[bytes] = set()
    at, known, whole = 0, True, True
    table = -1  # where a fragment's table begins, until its pictures do
    for _ in range(_MOST):
        if not whole or at + 8 > pipe.size:
            break
        pipe.seek(at)
        head = pipe.read(min(16, pipe.size - at))
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        size = {0: pipe.size - at, 1: int.from_bytes(head[8:16], "big")}.get(size, size)
        named = size >= 8 and all(0x20 <= byte < 0x7F for byte in kind)
        known = known and named and kind in _KNOWN
        whole = named and at + size <= pipe.size
        if named and (kind in _KNOWN or kinds):
            kinds.add(kind)
        table = {b"moof": at, b"mdat": -1}.get(kind, table)
        at = (
            at + size if whole else pipe.size if kind == b"mdat" else at
        )  # what there is of the pictures can be decoded
    if b"moof" not in kinds or (whole and table < 0 and at == pipe.size):
        return Boxes(kinds, known, 0)
    return Boxes(kinds, known, at if table < 0 else table)
