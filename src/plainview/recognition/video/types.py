"""The nouns of video: what a file is, a frame of it, a still, a track.

Owns plain frozen records. A time stamp (`pts`) counts units of the stream's time base; a time in seconds is the
time stamp times the time base, exactly as the container states it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plainview.recognition.types import Detection, Pixels, Quality, Vector

Stamps = NDArray[np.int64]
"""int64, shape (frames,), ascending: the time stamp of every frame of a stream."""


class Source(Protocol):
    """A video file as ranges of bytes, wherever and however it is kept."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes; they lie inside the file."""


class BytesSource:
    """A source in memory, or a memory map of a file."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes."""
        return bytes(self._data[offset : offset + length])


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the container says of its first video stream.

    Attributes:
        container, codec: as FFmpeg names them.
        width, height: pixels as stored, before rotation and before pixels are made square.
        time_base: seconds a unit of time stamps.
        rate: average frames a second as the container states it; 0 when it does not.
        begins: time stamp at which the stream says it begins.
        announced_frames, announced_duration: what the container promises; 0 for nothing. Units: frames, time base.
        intra: every frame can be decoded alone.
    """

    container: str
    codec: str
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    begins: int
    announced_frames: int
    announced_duration: int
    intra: bool


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Every frame of the stream, listed without decoding.

    Attributes:
        stamps: see `Stamps`.
        keys: int64, ascending: time stamps from which decoding can start.
        bad_packets: packets that the container marks as damaged, or at which it could not be read further.
    """

    stamps: Stamps
    keys: Stamps
    bad_packets: int

    def number(self, pts: int) -> int:
        """Number of the frame with this time stamp, from 0; of the last one before it where none has it."""
        return max(0, int(np.searchsorted(self.stamps, pts, side="right")) - 1)


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame.

    Attributes:
        pts: time stamp.
        pixels: see `types.Pixels`: upright, square pixels, one field only where `one_field`.
        sha256: of the frame before all that, see wire.HASH_OF_BGR.
        turned: degrees counter-clockwise by which it was turned upright.
        one_field: the frame was combed by interlacing: its even lines are shown, doubled.
        cut: a new scene begins here.
        motion: largest change of a cell of the thumbnail since the frame before it, 0 to 255.
    """

    pts: int
    pixels: Pixels
    sha256: str
    turned: int = 0
    one_field: bool = False
    cut: bool = False
    motion: int = 0


@dataclass(frozen=True, slots=True)
class Still:
    """One face in one frame.

    Attributes:
        pts: time stamp of the frame.
        sha256: of the frame.
        detection, quality: the face, in pixels of the upright frame.
        frame_size: (width, height) of the upright frame, pixels.
        one_field: see `Frame`.
        aligned: uint8 (112, 112, 3), BGR: the face as the recogniser sees it.
        thumbnail: uint8 (side, side, 3), BGR: the face and what is around it.
    """

    pts: int
    sha256: str
    detection: Detection
    quality: Quality
    frame_size: tuple[int, int]
    one_field: bool
    aligned: Pixels
    thumbnail: Pixels


@dataclass(frozen=True, slots=True)
class Track:
    """One face followed from frame to frame within one scene.

    Attributes:
        first, last: time stamps of its first and last sighting.
        seen: time stamps of all sightings.
        first_box, last_box: (x, y, width, height) in pixels of the upright frame.
        stills: best first.
        template: used inside this video only, to group tracks; see persons.py.
    """

    first: int
    last: int
    seen: tuple[int, ...]
    first_box: tuple[float, float, float, float]
    last_box: tuple[float, float, float, float]
    stills: tuple[Still, ...]
    template: Vector
