"""What the child does with the bytes of a decoded frame, without numpy: digest, thumbnail, BGR rows.

Owns the definition of a frame's digest. Runs in the restricted child only.
"""

from __future__ import annotations

import hashlib
import mmap
from operator import sub
from typing import Any

import av
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import VideoReformatter

_THUMBNAIL = (64, 36)
"""Width and height: a cell is 30 pixels wide in a 1080p frame, about the smallest face that is worth comparing."""

_PLANAR = frozenset(
    {
        "yuv420p",
        "yuvj420p",
        "yuv422p",
        "yuvj422p",
        "yuv444p",
        "yuvj444p",
        "yuv410p",
        "yuv411p",
        "yuvj411p",
        "yuv440p",
        "yuvj440p",
        "gray",
        "yuv420p10le",
        "yuv422p10le",
        "yuv444p10le",
        "yuv420p12le",
        "yuv422p12le",
        "gray10le",
        "gray12le",
    }
)
"""Pixel formats whose planes hold one component each, so that a row is width times bytes a component."""


_BGR, _SMALL = VideoReformatter(), VideoReformatter()
"""Kept: making the tables of a conversion costs more than one conversion of a frame."""


def digest(frame: Any) -> tuple[bytes, bool]:
    """SHA-256 of the frame as the decoder gave it: its planes, row by row, without padding.

    Returns:
        (digest, False), or (b"", True) for a rare pixel format: then the digest of the BGR pixels is used.
    """
    if frame.format.name not in _PLANAR:
        return b"", True
    size = 2 if frame.format.name.endswith("le") else 1
    running = hashlib.sha256()
    for plane in frame.planes:
        view, row = memoryview(plane), plane.width * size
        if plane.line_size == row:
            running.update(view[: row * plane.height])
        else:
            for top in range(plane.height):
                running.update(view[top * plane.line_size : top * plane.line_size + row])
    return running.digest(), False


def write_bgr(frame: Any, arena: mmap.mmap) -> None:
    """Write the frame as uint8 (height, width, 3), BGR, without padding, to the start of shared memory."""
    plane = _BGR.reformat(frame, format="bgr24").planes[0]
    view, row = memoryview(plane), frame.width * 3
    if plane.line_size == row:
        arena[: row * frame.height] = view[: row * frame.height]
        return
    for top in range(frame.height):
        arena[top * row : (top + 1) * row] = view[top * plane.line_size : top * plane.line_size + row]


class Thumbnail:
    """A small grey copy of the frame that was sent last, beside that of the frame before this one."""

    def __init__(self) -> None:
        self._sent = b""
        self._before = b""
        self._now = b""

    def compare(self, frame: Any) -> tuple[int, int]:
        """Return (mean difference to the frame before, largest difference to the frame sent last), 0 to 255."""
        width, height = _THUMBNAIL
        small = _SMALL.reformat(frame, width, height, "gray", interpolation="AREA")
        raw = bytes(small.planes[0])  # a row of 64 bytes has no padding
        before, self._before, self._now = self._before, raw, raw
        mean = sum(map(abs, map(sub, raw, before))) // len(raw) if before else 255
        largest = max(map(abs, map(sub, raw, self._sent))) if self._sent else 255
        return mean, largest

    def keep(self) -> None:
        """The frame that was compared last is sent."""
        self._sent = self._now


def prepare() -> None:
    """Run what imports lazily while importing is still possible, and let PyAV list data of a frame that it cannot name.

    It knows fewer kinds of such data than FFmpeg (not Exif, nor the views of a spatial video), and raises over them.
    """
    SideDataType._missing_ = classmethod(lambda cls, value: cls.SEI_UNREGISTERED)  # type: ignore[assignment]
    frame = av.VideoFrame(64, 64, "yuv420p")
    arena = mmap.mmap(-1, 64 * 64 * 3)
    digest(frame)
    write_bgr(frame, arena)
    Thumbnail().compare(frame)
