"""The first directory of a TIFF: whether what it points to is in the file, and how to mend counts that are too large.

Owns this reading, for a file as a stranger wrote it. It must never decode a pixel, nor trust an offset. Standard library
only, because the decoder's child imports this module.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import NamedTuple

_STRIPS = ((273, 279), (324, 325))  # offsets and byte counts of strips and of tiles
_TIFF_TYPES = {3: "H", 4: "I", 16: "Q"}
_TYPE_BYTES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}  # of any other type: 1
_UNCOMPRESSED, _TIFF_JPEG = 1, 7
_FAILS_WHEN_SHORT = frozenset({_UNCOMPRESSED, 5, 8, 32773, 32946, 34925, 50000})
"""TIFF compressions whose decoder notices that data is missing: none, LZW, Deflate, PackBits, LZMA, Zstandard."""

_COMMON = frozenset({2, 3, 4, _TIFF_JPEG})  # fax and JPEG


class _Directory:
    """The first directory of a TIFF: where the values of a tag are."""

    def __init__(self, data: bytes) -> None:
        self.order = "<" if data.startswith(b"II") else ">"
        big = data[2:4] in (b"+\0", b"\0+")
        number, offset, width = ("Q", 8, 20) if big else ("I", 4, 12)
        (at,) = struct.unpack_from(self.order + number, data, offset)
        (count,) = struct.unpack_from(self.order + ("Q" if big else "H"), data, at)
        first = at + (8 if big else 2)
        self.end = first + width * count
        self.entries: dict[int, tuple[str, int, int]] = {}
        self.overrun = False
        for entry in range(first, min(self.end, len(data) - width + 1, first + width * 4096), width):
            tag, kind = struct.unpack_from(self.order + "HH", data, entry)
            (values,) = struct.unpack_from(self.order + number, data, entry + 4)
            place, size = entry + 4 + struct.calcsize("=" + number), values * _TYPE_BYTES.get(kind, 1)
            if size > (8 if big else 4):
                (place,) = struct.unpack_from(self.order + number, data, place)
            self.overrun |= place + size > len(data)
            if kind in _TIFF_TYPES:
                self.entries[tag] = (_TIFF_TYPES[kind], values, place)

    def values(self, data: bytes, tag: int) -> tuple[int, ...]:
        """Return the values of a tag; none if it is missing."""
        if tag not in self.entries:
            return ()
        layout, count, place = self.entries[tag]
        return struct.unpack_from(f"{self.order}{count}{layout}", data, place)


class Facts(NamedTuple):
    """What the first directory tells before a pixel is decoded.

    Attributes:
        cut_short: the file ends too early.
        overrun: something is said to reach past the end of the file: a failure to decode it is a lack of data.
        rare: its compression is one that few programs read.
        jpeg_strips: its compression is JPEG.
    """

    cut_short: bool = False
    overrun: bool = False
    rare: bool = False
    jpeg_strips: bool = False


def read_directory(data: bytes) -> Facts:
    """Read whether the first directory and what it points to are in the file; the rest is read through Pillow's tags.

    Raises:
        struct.error: the file ends in the middle of it.
    """
    directory = _Directory(data)
    if directory.end > len(data):
        return Facts(cut_short=True)
    (compression,) = directory.values(data, 259)[:1] or (_UNCOMPRESSED,)
    overrun = directory.overrun
    for offsets, counts in _STRIPS:
        starts, lengths = directory.values(data, offsets), directory.values(data, counts)
        if any(start >= len(data) for start in starts):
            return Facts(cut_short=True)
        for start, length in zip(starts, lengths, strict=False):
            if start + length <= len(data):
                continue
            overrun = True
            # A count that is too large is a writer's slip as long as the pixels are there: the decoder tells.
            ends = compression == _TIFF_JPEG and b"\xff\xd9" in data[start:]
            if compression not in _FAILS_WHEN_SHORT and not ends:
                return Facts(cut_short=True)
    rare = compression not in _FAILS_WHEN_SHORT | _COMMON
    return Facts(overrun=overrun, rare=rare, jpeg_strips=compression == _TIFF_JPEG)


def mended_tiff(data: bytes) -> bytes:
    """Return the file with byte counts that reach from each strip or tile to the next, for decoders that trust them.

    Writers state too many bytes, too few, or none; what is between two strips does no harm to the first.
    """
    try:
        directory = _Directory(data)
        changed = bytearray(data)
        for offsets, counts in _STRIPS:
            starts = directory.values(data, offsets)
            if len(starts) != len(directory.values(data, counts)) or not starts:
                continue
            layout, count, place = directory.entries[counts]
            most = (1 << 8 * struct.calcsize(f"={layout}")) - 1
            ends = dict(pairwise([*sorted({*starts, len(data)}), len(data)]))
            lengths = [min(max(0, ends[start] - start), most) for start in starts]
            struct.pack_into(f"{directory.order}{count}{layout}", changed, place, *lengths)
    except (struct.error, IndexError, ValueError, KeyError):
        return data
    return bytes(changed)
