"""The first directory of a TIFF: whether what it points to is in the file, and how to mend counts that are too large.

Owns this reading, for a file as a stranger wrote it. It must never decode a pixel, nor trust an offset. Standard library
only, because the decoder's child imports this module.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_STRIPS = ((273, 279), (324, 325))  # offsets and byte counts of strips and of tiles
_TIFF_TYPES = {3: "H", 4: "I", 16: "Q"}
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
        for entry in range(first, min(self.end, len(data) - width + 1, first + width * 4096), width):
            tag, kind = struct.unpack_from(self.order + "HH", data, entry)
            (values,) = struct.unpack_from(self.order + number, data, entry + 4)
            if kind not in _TIFF_TYPES:
                continue
            place, layout = entry + 4 + struct.calcsize("=" + number), _TIFF_TYPES[kind]
            if values * struct.calcsize("=" + layout) > (8 if big else 4):
                (place,) = struct.unpack_from(self.order + number, data, place)
            self.entries[tag] = (layout, values, place)

    def values(self, data: bytes, tag: int) -> tuple[int, ...]:
        """Return the values of a tag; none if it is missing."""
        if tag not in self.entries:
            return ()
        layout, count, place = self.entries[tag]
        return struct.unpack_from(f"{self.order}{count}{layout}", data, place)


class Facts(NamedTuple):
    """Whether the file ends too early, and whether its compression is one that few programs read."""

    cut_short: bool = False
    rare: bool = False


def read_directory(data: bytes) -> Facts:
    """Read whether the first directory and what it points to are in the file; the rest is read through Pillow's tags.

    Raises:
        struct.error: the file ends in the middle of it.
    """
    directory = _Directory(data)
    if directory.end > len(data):
        return Facts(cut_short=True)
    (compression,) = directory.values(data, 259)[:1] or (_UNCOMPRESSED,)
    for offsets, counts in _STRIPS:
        starts, lengths = directory.values(data, offsets), directory.values(data, counts)
        if any(start >= len(data) for start in starts):
            return Facts(cut_short=True)
        for start, length in zip(starts, lengths, strict=False):
            if start + length <= len(data):
                continue
            # A count that is too large is a writer's slip as long as the pixels are there: the decoder tells.
            ends = compression == _TIFF_JPEG and b"\xff\xd9" in data[start:]
            if compression not in _FAILS_WHEN_SHORT and not ends:
                return Facts(cut_short=True)
    return Facts(rare=compression not in _FAILS_WHEN_SHORT | _COMMON)


def mended_tiff(data: bytes) -> bytes:
    """Return the file with byte counts of strips that reach past its end cut to the end, for decoders that insist."""
    try:
        directory = _Directory(data)
        changed = bytearray(data)
        for offsets, counts in _STRIPS:
            lengths = directory.values(data, counts)
            if not lengths:
                continue
            layout, count, place = directory.entries[counts]
            cut = [
                min(length, max(0, len(data) - start))
                for start, length in zip(directory.values(data, offsets), lengths, strict=True)
            ]
            struct.pack_into(f"{directory.order}{count}{layout}", changed, place, *cut)
    except (struct.error, IndexError, ValueError):
        return data
    return bytes(changed)
