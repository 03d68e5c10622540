"""What the parent and the video decoder's child say to each other, byte for byte.

Owns the requests and replies. A reply is a fixed number of numbers and one digest: the child cannot send text, so
a hostile video that took it over cannot put words on a page. Pixels and time stamps come back in shared memory
whose size is fixed. Standard library only, because the child imports this module too.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from plainview.recognition.video.formats import CODECS as CODECS
from plainview.recognition.video.formats import DEMUXERS as DEMUXERS
from plainview.recognition.video.formats import NAMED_CODECS

REFUSALS = (
    "not_a_video",
    "video_format_not_allowed",
    "video_codec",
    "video_index_missing",
    "no_video_stream",
    "no_frames",
    "too_many_pixels",
    "too_small",
    "decoder_limit",
    "corrupt",
    "no_such_stream",
    "fault",
)
"""The codes of `errors.CODES` that a child may answer, in the order of their numbers in a reply."""


class Ask(IntEnum):
    """What the parent wants."""

    OPEN = 1
    INDEX = 2
    SEEK = 3
    NEXT = 4


class Say(IntEnum):
    """What kind of reply this is; READ is a question of the child in the middle of an answer."""

    READY = 1
    READ = 2
    INFO = 3
    INDEXED = 4
    SOUGHT = 5
    FRAME = 6
    END = 7
    REFUSED = 8
    TOO_LITTLE_MEMORY = 9


class Request(NamedTuple):
    """One request.

    OPEN: a is the file's size, bytes; b the number of the stream that is wanted, 0 for the largest picture. SEEK: a is a
    place on the time line; flags: `LISTED`. NEXT: see `decoding.next_frame`; flags: the change that counts as motion.
    """

    serial: int
    ask: int
    a: int = 0
    b: int = 0
    c: int = 0
    flags: int = 0

    def pack(self) -> bytes:
        """The request as `REQUEST_BYTES` bytes."""
        return _REQUEST.pack(*self)


class Reply(NamedTuple):
    """One answer of the child.

    Attributes:
        serial: the number of the request that is answered.
        say: see `Say`.
        kind: INFO: index into `DEMUXERS`. REFUSED: index into `REFUSALS`.
        codec: INFO: index into `CODECS`. REFUSED for a codec: into `ALL_CODECS`, or `UNKNOWN`. REFUSED for a fault: index
            into `FAULTS`.
        width, height: INFO and FRAME: pixels as stored; REFUSED: where known.
        turn: FRAME: degrees counter-clockwise by which the picture must be turned to be upright: 0, 90, 180, 270.
        flags: FRAME: `CUT`, `INTERLACED`, `KEY`, `HASH_OF_BGR`, `DAMAGED`, `MIRRORED`. INFO: `COUNTED`. INDEXED:
            `LISTED`, `DAMAGED` (`pts` is where a recording broke off).
        stream: INFO: number of the stream among those listed in shared memory, from 1.
        aspect_num, aspect_den: FRAME and INFO: width of a pixel over its height.
        base_num, base_den: INFO: the time base, seconds.
        rate_num, rate_den: INFO: average frame rate, frames a second.
        pts: FRAME: place on the time line. INFO: time stamp at which the stream begins. READ: offset, bytes.
            INDEXED: byte at which a recording begins that was not read, or at which this one broke off, or 0.
        length: READ: bytes. INDEXED: frames listed in shared memory. INFO: frames that the container announces. END:
            decoded frames of the segment, listed in shared memory.
        duration: INFO: announced length in units of the time base. INDEXED: bad packets.
        decoded, bad: FRAME and END: frames decoded, and packets that could not be, since the last reply.
        motion: FRAME: largest difference of a cell of the 64 x 36 thumbnail to the frame sent before, 0 to 255.
        detail: INFO: streams listed in shared memory. INDEXED: parts listed after the frames. REFUSED for a codec: its
            four-character code. REFUSED for a fault: number of the line.
        sha256: FRAME: of the frame (see `HASH_OF_BGR`).
    """

    serial: int
    say: int
    kind: int = 0
    codec: int = 0
    width: int = 0
    height: int = 0
    turn: int = 0
    flags: int = 0
    stream: int = 0
    aspect_num: int = 1
    aspect_den: int = 1
    base_num: int = 1
    base_den: int = 1
    rate_num: int = 0
    rate_den: int = 1
    pts: int = 0
    length: int = 0
    duration: int = 0
    decoded: int = 0
    bad: int = 0
    motion: int = 0
    detail: int = 0
    sha256: bytes = b""

    def pack(self) -> bytes:
        """The reply as `REPLY_BYTES` bytes."""
        return _REPLY.pack(_MAGIC, *self)


CUT, INTERLACED, KEY, HASH_OF_BGR, COUNTED, DAMAGED, MIRRORED, LISTED = (1 << i for i in range(8))
"""Flags of a reply. HASH_OF_BGR: the digest is of the BGR pixels, else of the decoder's planes without padding, as
`ffmpeg -f framehash -hash sha256` prints it. COUNTED: the file has no time stamps; frames are counted at its rate.
DAMAGED: the decoder says that parts of the frame are missing. MIRRORED: after the turn, left and right are exchanged.
LISTED: places on the time line are not the file's own time stamps (timeline.py)."""

_REQUEST = struct.Struct("<QBqqqI")
_REPLY = struct.Struct("<4sQBHHIIHHBiiiiiiqqqIIBI32s")
_MAGIC = b"PVv2"
REQUEST_BYTES, REPLY_BYTES = _REQUEST.size, _REPLY.size
BYTES_PER_PIXEL = 3
STAMP = struct.Struct("<q")
"""One number in shared memory. INDEXED: a place times two, plus one for a frame from which decoding can start. END: the
place of a decoded frame times four, plus `FAILED` where no frame came of it, or `HURT` for a damaged frame."""

FAILED, HURT = 1, 2

PART = struct.Struct("<qq")
"""One part of the time line in shared memory: its first place, and what was added to its own time stamps."""

STREAM = struct.Struct("<HIIiiqq")
"""One picture stream in shared memory: codec, width, height, rate (two numbers), announced frames and milliseconds."""

MAX_STREAMS, MAX_PARTS = 32, 10_000

ALL_CODECS = CODECS + NAMED_CODECS
UNKNOWN = 0xFFFF

FAULTS = (
    "another error",
    "AttributeError",
    "ImportError",
    "IndexError",
    "KeyError",
    "NameError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RuntimeError",
    "TypeError",
    "UnicodeDecodeError",
    "ValueError",
    "ZeroDivisionError",
)
"""Names of the errors in the child that are ours and not the video's."""

MAX_STAMP = 2**61


class Nonsense(Exception):
    """A reply that an honest child cannot have written."""


def parse_request(raw: bytes) -> Request:
    """Read one request; the child trusts its parent."""
    return Request(*_REQUEST.unpack(raw))


def parse_reply(raw: bytes, *, serial: int, size: int, max_pixels: int, max_frames: int) -> Reply:
    """Read one reply and believe nothing that does not fit.

    Args:
        raw: exactly `REPLY_BYTES` bytes from the child.
        serial: the request that should be answered.
        size: bytes of the file.
        max_pixels: pixel budget of a frame.
        max_frames: entries that the index may have.

    Raises:
        Nonsense: a field is out of range, or the reply answers another request.
    """
    magic, *fields = _REPLY.unpack(raw)
    reply = Reply(*fields)
    if magic != _MAGIC or reply.serial != serial or reply.say not in set(Say):
        raise Nonsense("not the answer to this request")
    if abs(reply.pts) > MAX_STAMP or min(reply.length, reply.duration) < 0:
        raise Nonsense("numbers beyond any video")
    if reply.say == Say.READ and (reply.pts < 0 or not 0 < reply.length <= 2**22 or reply.pts > size):
        raise Nonsense("a read outside the file")
    if reply.say == Say.REFUSED and reply.kind >= len(REFUSALS):
        raise Nonsense("an unknown refusal")
    if reply.say in (Say.INDEXED, Say.END) and (reply.length > max_frames or reply.detail > MAX_PARTS):
        raise Nonsense("an index larger than its memory")
    if reply.say == Say.INFO and not 1 <= reply.stream <= reply.detail <= MAX_STREAMS:
        raise Nonsense("not one of the listed streams")
    if reply.say in (Say.INFO, Say.FRAME):
        fractions = (
            (reply.aspect_num, reply.aspect_den),
            (reply.base_num, reply.base_den),
            (1, reply.rate_den),
        )
        if any(top <= 0 or below <= 0 for top, below in fractions) or reply.rate_num < 0:
            raise Nonsense("not a valid fraction")
        if reply.kind >= len(DEMUXERS) or reply.codec >= len(CODECS) or reply.turn not in (0, 90, 180, 270):
            raise Nonsense("an unknown format")
        if min(reply.width, reply.height) < 1 or reply.width * reply.height > max_pixels:
            raise Nonsense("a frame outside its limits")
    return reply
