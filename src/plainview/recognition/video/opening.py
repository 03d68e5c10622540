"""Opening a video in the child: its container, and which of its streams are pictures.

Owns the choice of the stream. Sound, subtitles, data, covers and thumbnails are passed over, whatever is wrong with
them. Runs in the restricted child only.
"""

from __future__ import annotations

import errno
import re
from fractions import Fraction
from typing import Any, NamedTuple

import av
import av.error
from av.stream import Discard, Disposition

from plainview.recognition.decode_header import sniff
from plainview.recognition.video import wire
from plainview.recognition.video.boxes import read_boxes
from plainview.recognition.video.pipe import Pipe
from plainview.recognition.video.wire import Reply, Say

_READ_AT_ONCE = 2**18

_OPTIONS = {
    "format_whitelist": ",".join(wire.DEMUXERS),
    "protocol_whitelist": "",
    # A time stamp that starts again is told (timeline.py), not taken for a counter that overflowed.
    "correct_ts_overflow": "0",
}

_ASIDE = (
    Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent
)  # covers, previews, and layers that mean nothing alone

_AUXILIARY = 16
"""A picture of which the largest has at least this many times the pixels is a preview or a map, no second camera: a
recorder's second stream has a quarter to a twelfth of the first, a preview a hundredth. Chosen."""

_BOM = b"\xef\xbb\xbf"
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"#!rtsp", b"[Reference]")

_APPENDED = {
    "mov,mp4,m4a,3gp,3g2,mj2": re.compile(rb"\0\0\0[\x10-\x80]ftyp[A-Za-z0-9 ]{4}"),
    "flv": re.compile(rb"FLV\x01[\x01\x05]\0\0\0\x09"),
    "asf": re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
}
"""Containers of which FFmpeg reads the first recording alone, and how the next one begins."""
_CHUNK, _SIGNATURE = 2**20, 16  # bytes that are looked at together, and the most of a beginning

_UNITS, _UNITS_IN = 8, 2**16
"""Least start codes among the first bytes, of H.264 or H.265 without a signature: three sets of parameters, five slices."""


class Refusal(Exception):
    """A video that is not decoded, in the numbers of `wire.Reply`."""

    def __init__(self, code: str, width: int = 0, height: int = 0, codec: int = 0, detail: int = 0) -> None:
        super().__init__(code)
        self.kind, self.width, self.height = wire.REFUSALS.index(code), width, height
        self.codec, self.detail = codec, detail


class Opened(NamedTuple):
    """An open container, the stream that was chosen, what to answer, and the streams for shared memory."""

    container: Any
    stream: Any
    info: Reply
    streams: list[bytes]


def open_stream(pipe: Pipe, limits: dict[str, int], wanted: int) -> Opened:
    """Open the file and choose a stream.

    Args:
        pipe: the file.
        limits: max_pixels and min_side.
        wanted: number of the stream among the pictures, from 1; 0: the one with the most pixels.

    Raises:
        Refusal: not a video, nothing to decode in it, or too large.
    """
    if not pipe.broken:
        pipe.broken = read_boxes(pipe).broken
        pipe.size = pipe.broken or pipe.size
    try:
        container = _container(pipe)
    except av.error.FFmpegError as error:
        code = _code_of(error, pipe)
        container = _without_signature(pipe) if code == "not_a_video" else None
        if container is None:
            raise Refusal(code) from None
    if container.format.name not in wire.DEMUXERS:
        raise Refusal("video_format_not_allowed")
    pictures = [stream for stream in container.streams.video if not stream.disposition & _ASIDE]
    if not pictures:
        raise Refusal("no_video_stream")
    offered = _offered([stream for stream in pictures if _decodable(stream)], limits)
    if not offered:
        raise _undecodable(pictures[0])
    if wanted > len(offered):
        raise Refusal("no_such_stream", detail=len(offered))
    stream = offered[wanted - 1] if wanted else max(offered, key=_pixels)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    context = stream.codec_context
    context.thread_count = 1
    if context.width and context.height:  # unknown when a stream was cut off before its first key frame
        check(context.width, context.height, limits)
    info = _info(container, stream, offered.index(stream) + 1, len(offered))
    return Opened(container, stream, info, [_row(container, other) for other in offered])


def _container(pipe: Pipe, form: str | None = None) -> Any:
    pipe.seek(0)
    return av.open(pipe, format=form, buffer_size=_READ_AT_ONCE, container_options=_OPTIONS, metadata_errors="replace")


def _without_signature(pipe: Pipe) -> Any:
    """Open what recorders write under .264 and .h265: the codec's own units, between headers of the maker's; or None."""
    pipe.seek(0)
    if pipe.read(_UNITS_IN).count(b"\0\0\1") < _UNITS:
        return None
    for form in ("h264", "hevc"):
        try:
            container = _container(pipe, form)
        except av.error.FFmpegError:
            continue
        if _pixels(container.streams.video[0]):
            return container
    return None


def check(width: int, height: int, limits: dict[str, int]) -> None:
    """Refuse a frame beyond the limits.

    Raises:
        Refusal: too_many_pixels or too_small.
    """
    if width * height > limits["max_pixels"]:
        raise Refusal("too_many_pixels", width, height)
    if min(width, height) < limits["min_side"]:
        raise Refusal("too_small", max(0, width), max(0, height))


def _offered(streams: list[Any], limits: dict[str, int]) -> list[Any]:
    """Leave out what is too small beside the others; of two that are too small to compare, neither."""
    largest = max((_pixels(stream) for stream in streams), default=0)
    known = [stream for stream in streams if _pixels(stream) * _AUXILIARY > largest or not _pixels(stream)]
    wide = [stream for stream in known if _shortest(stream) >= limits["min_side"] or not _pixels(stream)]
    return (wide or known)[: wire.MAX_STREAMS]


def _pixels(stream: Any) -> int:
    return int(stream.codec_context.width * stream.codec_context.height)


def _shortest(stream: Any) -> int:
    return int(min(stream.codec_context.width, stream.codec_context.height))


def _decodable(stream: Any) -> bool:
    return stream.codec_context is not None and stream.codec_context.name in wire.CODECS


def _undecodable(stream: Any) -> Refusal:
    context = stream.codec_context
    if context is None:
        return Refusal("video_codec", codec=wire.UNKNOWN)
    name = context.name
    codec = wire.ALL_CODECS.index(name) if name in wire.ALL_CODECS else wire.UNKNOWN
    tag = int.from_bytes(context.codec_tag.encode("latin-1", "replace")[:4], "little")
    return Refusal("video_codec", codec=codec, detail=tag)


def _info(container: Any, stream: Any, number: int, streams: int) -> Reply:
    context = stream.codec_context
    base = _base(stream)
    rate = Fraction(stream.average_rate or 0)
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    return Reply(
        0,
        Say.INFO,
        wire.DEMUXERS.index(container.format.name),
        wire.CODECS.index(context.name),
        max(1, context.width),
        max(1, context.height),
        0,
        0,
        number,
        *_fraction(aspect),
        *_fraction(base),
        *_fraction(rate, least=0),
        stream.start_time or 0,
        max(0, stream.frames),
        _duration(container, stream),
        detail=streams,
    )


def _row(container: Any, stream: Any) -> bytes:
    context = stream.codec_context
    rate = _fraction(Fraction(stream.average_rate or 0), least=0)
    milliseconds = int(_duration(container, stream) * _base(stream) * 1000)
    return wire.STREAM.pack(
        wire.CODECS.index(context.name),
        max(0, context.width),
        max(0, context.height),
        *rate,
        max(0, stream.frames),
        min(milliseconds, wire.MAX_STAMP),
    )


def _base(stream: Any) -> Fraction:
    return Fraction(stream.time_base or 0) or Fraction(1, 90_000)


def _duration(container: Any, stream: Any) -> int:
    """Announced length in units of the stream's time base; 0 for none."""
    announced = (
        int(stream.duration)
        if stream.duration
        else int(Fraction(container.duration or 0, av.time_base) / _base(stream))
    )
    return announced if 0 < announced < wire.MAX_STAMP else 0


def _fraction(value: Fraction, least: int = 1) -> tuple[int, int]:
    """Numerator and denominator as 31-bit numbers; a value outside them counts as 1, or as `least`."""
    value = value.limit_denominator(2**30)
    sound = least <= value.numerator < 2**31
    return (value.numerator, value.denominator) if sound else (least, 1)


def appended(pipe: Pipe, container: str, end: int) -> int:
    """Return the byte at which another recording begins behind the last frame, or 0."""
    pattern = _APPENDED.get(container)
    if pattern is None:
        return 0
    before, at, rest = pipe.tell(), max(1, end), b""
    try:
        while at < pipe.size:
            pipe.seek(at)
            chunk = pipe.read(min(_CHUNK, pipe.size - at))
            if not chunk:
                break
            if match := pattern.search(rest + chunk):
                return at - len(rest) + match.start()
            at, rest = at + len(chunk), (rest + chunk)[-_SIGNATURE:]
        return 0
    finally:
        pipe.seek(before)


def _code_of(error: av.error.FFmpegError, pipe: Pipe) -> str:
    if error.errno == errno.ENOMEM:
        return "decoder_limit"
    if isinstance(error, av.error.DecoderNotFoundError | av.error.DemuxerNotFoundError):
        return "video_format_not_allowed"
    pipe.seek(0)
    head = pipe.read(64)
    if sniff(head) or head.removeprefix(_BOM).startswith(_PLAYLISTS):
        return "video_format_not_allowed"
    boxes = read_boxes(pipe)
    if not boxes.kinds:
        return "not_a_video"
    return "video_index_missing" if boxes.known and b"moov" not in boxes.kinds else "corrupt"
