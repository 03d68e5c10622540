"""The nouns of video: what a file is, a frame of it, a still, a track.

Owns plain frozen records. A place on the time line (`pts`) counts units of the stream's time base. It is the frame's own
time stamp, exactly as the container states it, plus the offset of its part where a file has several.
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
class PictureStream:
    """One of the streams with moving pictures in a file, as the container announces it; 0 for what it does not say.

    Attributes:
        codec: as FFmpeg names it.
        width, height: pixels as stored.
        rate: average frames a second.
        frames: their number.
        seconds: length.
    """

    codec: str
    width: int
    height: int
    rate: Fraction
    frames: int
    seconds: float


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the container says of the stream that is decoded.

    Attributes:
        container, codec: as FFmpeg names them.
        stream: its number in `streams`, from 1.
        streams: every stream with moving pictures.
        width, height: pixels as stored, before rotation and before pixels are made square.
        time_base: seconds a unit of time stamps.
        rate: average frames a second as the container states it; 0 when it does not.
        begins: time stamp at which the stream says it begins.
        announced_frames, announced_duration: what the container promises; 0 for nothing. Units: frames, time base.
    """

    container: str
    codec: str
    stream: int
    streams: tuple[PictureStream, ...]
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    begins: int
    announced_frames: int
    announced_duration: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time line within which time goes on: joined exports have one each.

    Attributes:
        first: place of its first frame on the time line.
        offset: what was added to its own time stamps to follow the part before it.
    """

    first: int
    offset: int


WHOLE = (Part(-(2**61), 0),)
"""The parts of a file whose time stamps are its time line."""


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Every frame of the stream, listed without decoding.

    Attributes:
        stamps: see `Stamps`: the places of the frames on the time line.
        keys: int64, ascending: places from which decoding can start.
        bad_packets: packets inside a part that the container marks as damaged, or places at which it could not be read.
        parts: at least one, by their first places.
        listed: places are not the file's own time stamps, which are too few or not unique: see timeline.py.
        counted: the file has no time stamps: its frames were counted at its rate.
        appended: byte at which another recording begins that was not read (joined files of a container that FFmpeg reads
            to the end of the first one); 0 for none.
        broken: byte from which a recording in fragments cannot be read, as where its recorder lost power; 0 for none.
    """

    stamps: Stamps
    keys: Stamps
    bad_packets: int
    parts: tuple[Part, ...] = WHOLE
    listed: bool = False
    counted: bool = False
    appended: int = 0
    broken: int = 0

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
        damaged: the decoder says that parts of it are missing.
        mirrored: it was mirrored after it was turned.
    """

    pts: int
    pixels: Pixels
    sha256: str
    turned: int = 0
    one_field: bool = False
    cut: bool = False
    motion: int = 0
    damaged: bool = False
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Still:
    """One face in one frame.

    Attributes:
        pts: time stamp of the frame.
        sha256: of the frame.
        detection, quality: the face, in pixels of the upright frame.
        frame_size: (width, height) of the upright frame, pixels.
        one_field, damaged: see `Frame`.
        aligned: uint8 (112, 112, 3), BGR: the face as the recogniser sees it.
        thumbnail: uint8 (side, side, 3), BGR: the face and what is around it.
        turned: degrees counter-clockwise by which the upright frame was turned further, because the face is on its side
            in it; box and frame_size are of the turned frame.
    """

    pts: int
    sha256: str
    detection: Detection
    quality: Quality
    frame_size: tuple[int, int]
    one_field: bool
    aligned: Pixels
    thumbnail: Pixels
    damaged: bool = False
    turned: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """One face followed from frame to frame within one scene.

    Attributes:
        first, last: time stamps of its first and last sighting.
        seen: time stamps of all sightings.
        first_box, last_box: (x, y, width, height) in pixels of the upright frame.
        stills: best first.
        template: used inside this video only, to group tracks; see persons.py.
        doubtful: it is hardly a face, or a head that is turned away: its template says little. See faceness.py.
    """

    first: int
    last: int
    seen: tuple[int, ...]
    first_box: tuple[float, float, float, float]
    last_box: tuple[float, float, float, float]
    stills: tuple[Still, ...]
    template: Vector
    doubtful: bool = False
