"""Which stream of a file is offered, what its numbers are worth, and how a file that cannot be opened is called."""

from __future__ import annotations

import errno
import io
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av.error
import pytest

from plainview.recognition.video import opening, wire
from plainview.recognition.video.opening import (
    Refusal,
    _base,
    _code_of,
    _duration,
    _fraction,
    _info,
    _offered,
    _row,
    _undecodable,
    _without_signature,
    appended,
    check,
)
from plainview.recognition.video.wire import Reply, Say

LIMITS = {"max_pixels": 10_000, "min_side": 16}


class File(io.BytesIO):
    """What the pipe is to its readers."""

    @property
    def size(self) -> int:
        return len(self.getvalue())


def pipe(data: bytes) -> Any:
    return File(data)


def stream(width: int, height: int, **more: Any) -> Any:
    return SimpleNamespace(codec_context=SimpleNamespace(width=width, height=height), **more)


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ((100, 100), None),
        ((101, 100), "too_many_pixels"),
        ((16, 16), None),
        ((15, 99), "too_small"),
        ((99, -1), "too_small"),
    ],
)
def test_a_frame_has_its_limits(size: tuple[int, int], code: str | None) -> None:
    if code is None:
        check(*size, LIMITS)
        return
    with pytest.raises(Refusal) as caught:
        check(*size, LIMITS)
    assert wire.REFUSALS[caught.value.kind] == code
    assert (caught.value.width, caught.value.height) == (size[0], max(0, size[1]))
    assert (caught.value.codec, caught.value.detail) == (0, 0)


@pytest.mark.parametrize(
    ("sizes", "offered"),
    [
        ([(640, 480), (320, 240)], [0, 1]),
        ([(640, 480), (160, 120)], [0]),  # a sixteenth: a preview
        ([(160, 120), (640, 479)], [0, 1]),
        ([(640, 480), (0, 0)], [0, 1]),  # unknown until its first key frame
        ([(40, 15), (40, 40)], [1]),
        ([(40, 16), (40, 40)], [0, 1]),
        ([(15, 15), (14, 14)], [0, 1]),  # both too small: the refusal names their size
        ([], []),
    ],
)
def test_streams_beside_which_it_is_a_preview_hide_it(sizes: list[tuple[int, int]], offered: list[int]) -> None:
    streams = [stream(*size) for size in sizes]
    assert [streams.index(one) for one in _offered(streams, LIMITS)] == offered


def test_so_many_streams_are_offered_at_most() -> None:
    assert len(_offered([stream(64, 64) for _ in range(40)], LIMITS)) == wire.MAX_STREAMS == 32


def test_a_codec_without_a_decoder_is_named_or_called_by_its_tag() -> None:
    assert _undecodable(SimpleNamespace(codec_context=None)).codec == wire.UNKNOWN

    def of(name: str, tag: str) -> Refusal:
        return _undecodable(SimpleNamespace(codec_context=SimpleNamespace(name=name, codec_tag=tag)))

    assert of(wire.ALL_CODECS[3], "abcd").codec == 3
    assert of("of nobody", "abcdX").codec == wire.UNKNOWN
    assert of("of nobody", "abcdX").detail == int.from_bytes(b"abcd", "little")


@pytest.mark.parametrize(
    ("value", "least", "numbers"),
    [
        (Fraction(3, 7), 1, (3, 7)),
        (Fraction(1), 1, (1, 1)),
        (Fraction(0), 1, (1, 1)),
        (Fraction(0), 0, (0, 1)),
        (Fraction(-1, 2), 0, (0, 1)),
        (Fraction(2**31 - 1), 1, (2**31 - 1, 1)),
        (Fraction(2**31), 1, (1, 1)),
        (Fraction(1, 2**30), 1, (1, 2**30)),
    ],
)
def test_a_fraction_has_31_bits(value: Fraction, least: int, numbers: tuple[int, int]) -> None:
    assert _fraction(value, least) == numbers


def test_a_fraction_is_of_denominators_that_fit() -> None:
    top, below = _fraction(Fraction(2**40 + 1, 2**41))
    assert below <= 2**30
    assert abs(Fraction(top, below) - Fraction(1, 2)) < Fraction(1, 2**30)


@pytest.mark.parametrize("base", [None, Fraction(0)])
def test_a_stream_without_a_time_base_has_that_of_mpeg(base: Fraction | None) -> None:
    assert _base(SimpleNamespace(time_base=base)) == Fraction(1, 90_000)
    assert _base(SimpleNamespace(time_base=Fraction(1, 25))) == Fraction(1, 25)


@pytest.mark.parametrize(
    ("own", "containers", "announced"),
    [
        (50, 9, 50),
        (None, 2_000_000, 50),
        (0, 2_000_000, 50),
        (None, None, 0),
        (-3, None, 0),
        (2**61 - 1, None, 2**61 - 1),
        (2**61, None, 0),
    ],
)
def test_a_length_is_the_streams_or_the_containers_or_none(
    own: int | None, containers: int | None, announced: int
) -> None:
    shown = SimpleNamespace(duration=own, time_base=Fraction(1, 25))
    assert _duration(SimpleNamespace(duration=containers), shown) == announced


FLV = b"FLV\x01\x05\0\0\0\x09"


@pytest.mark.parametrize("gap", [0, 5, 2**20 - 9, 2**20 - 4, 2**20, 2**21 + 3])
def test_a_recording_behind_the_last_frame_is_found_wherever_it_begins(gap: int) -> None:
    file = pipe(FLV + bytes(100) + bytes(gap) + FLV + b"rest")
    file.seek(7)
    assert appended(file, "flv", 109) == 109 + gap
    assert file.tell() == 7


def test_no_recording_is_the_first_one_or_of_another_container() -> None:
    assert appended(pipe(FLV + bytes(100)), "flv", 0) == 0
    assert appended(pipe(FLV + bytes(100)), "flv", 109) == 0
    assert appended(pipe(FLV * 2), "avi", 9) == 0
    assert appended(pipe(FLV * 2), "flv", 9) == 9


def box(kind: bytes, size: int = 8, *, stated: int | None = None) -> bytes:
    return (size if stated is None else stated).to_bytes(4, "big") + kind + bytes(size - 8)


INVALID = av.error.InvalidDataError(errno.EINVAL, "x")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_video"),
        (b"hello, this is text", "not_a_video"),
        (b"#EXTM3U\nx", "video_format_not_allowed"),
        (b"\xef\xbb\xbf#EXTM3U\nx", "video_format_not_allowed"),
        (b"\xff\xd8\xff\xe0 a JPEG", "video_format_not_allowed"),
        (box(b"ftyp", 16) + box(b"mdat", 40), "video_index_missing"),
        (box(b"ftyp", 16) + box(b"mdat", 40) + box(b"moov", 30), "corrupt"),
        (box(b"ftyp", 16) + box(b"mdat", 40, stated=0), "video_index_missing"),  # 0: to the end of the file
        (
            box(b"ftyp", 16) + (1).to_bytes(4, "big") + b"mdat" + (40).to_bytes(8, "big") + bytes(24),
            "video_index_missing",
        ),
        (box(b"ftyp", 16) + box(b"mdat", 40) + b"rubbish that is no box", "corrupt"),
        (box(b"ftyp", 16) + box(b"free", 8, stated=7), "corrupt"),
        (box(b"free"), "video_index_missing"),
    ],
)
def test_a_file_that_cannot_be_opened_is_called_by_its_first_bytes(data: bytes, code: str) -> None:
    assert _code_of(INVALID, pipe(data)) == code


def test_what_ffmpeg_says_itself_comes_first() -> None:
    assert _code_of(av.error.FFmpegError(errno.ENOMEM, "x"), pipe(b"")) == "decoder_limit"
    assert _code_of(av.error.DemuxerNotFoundError(errno.EINVAL, "x"), pipe(b"")) == "video_format_not_allowed"
    assert _code_of(av.error.DecoderNotFoundError(errno.EINVAL, "x"), pipe(b"")) == "video_format_not_allowed"


def test_a_refusal_states_nothing_that_it_is_not_given() -> None:
    refusal = Refusal("corrupt")
    assert (refusal.width, refusal.height, refusal.codec, refusal.detail) == (0, 0, 0, 0)


def test_units_without_a_signature_are_opened_from_eight_start_codes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str | None] = []

    def opened(file: Any, form: str | None = None) -> Any:
        tried.append(form)
        if form == "h264":
            raise INVALID
        return SimpleNamespace(streams=SimpleNamespace(video=[stream(64, 48)]))

    monkeypatch.setattr(opening, "_container", opened)
    assert _without_signature(pipe(b"\0\0\1\x67" * 7)) is None
    assert _without_signature(pipe(bytes(2**16 - 3) + b"\0\0\1" * 8)) is None  # behind the first 65,536 bytes
    assert tried == []
    assert _without_signature(pipe(b"\0\0\1\x67" * 8)).streams.video
    assert tried == ["h264", "hevc"]
    monkeypatch.setattr(
        opening, "_container", lambda *_: SimpleNamespace(streams=SimpleNamespace(video=[stream(0, 0)]))
    )
    assert _without_signature(pipe(b"\0\0\1\x67" * 8)) is None


def whole(**more: Any) -> tuple[Any, Any]:
    """A container and a stream of which nothing is known but its codec."""
    context = SimpleNamespace(width=0, height=0, name="h264")
    usual = {"average_rate": None, "sample_aspect_ratio": None, "start_time": None, "frames": 0, "duration": None}
    form = SimpleNamespace(name="matroska,webm")
    shown = SimpleNamespace(codec_context=context, time_base=None, **usual)
    for name, value in more.items():
        setattr(context if name in ("width", "height") else shown, name, value)
    return SimpleNamespace(format=form, duration=None), shown


def test_what_a_stream_does_not_say_is_nothing_or_one() -> None:
    kind, codec = wire.DEMUXERS.index("matroska,webm"), wire.CODECS.index("h264")
    least = Reply(0, Say.INFO, kind, codec, width=1, height=1, stream=3, base_den=90_000, detail=4)
    assert _info(*whole(), 3, 4) == least
    assert wire.STREAM.unpack(_row(*whole())) == (codec, 0, 0, 0, 1, 0, 0)


def test_what_a_stream_says_is_told() -> None:
    said = whole(
        width=640,
        height=360,
        average_rate=Fraction(30_000, 1001),
        sample_aspect_ratio=Fraction(4, 3),
        start_time=-7,
        frames=50,
        duration=100,
        time_base=Fraction(1, 40),
    )
    kind, codec = wire.DEMUXERS.index("matroska,webm"), wire.CODECS.index("h264")
    numbers = (4, 3, 1, 40, 30_000, 1001, -7, 50, 100)
    assert _info(*said, 1, 1) == Reply(0, Say.INFO, kind, codec, 640, 360, 0, 0, 1, *numbers, detail=1)
    assert wire.STREAM.unpack(_row(*said)) == (codec, 640, 360, 30_000, 1001, 50, 2500)
    nonsense = whole(
        width=-1, height=-1, frames=-3, sample_aspect_ratio=Fraction(0), duration=2**60, time_base=Fraction(9)
    )
    assert wire.STREAM.unpack(_row(*nonsense)) == (codec, 0, 0, 0, 1, 0, wire.MAX_STAMP)
    info = _info(*nonsense, 1, 1)
    assert (info.width, info.height, info.length, info.aspect_num, info.aspect_den) == (1, 1, 0, 1, 1)


@pytest.mark.parametrize("end", [-1, 0, 1])
def test_the_first_byte_of_a_file_begins_no_other_recording(end: int) -> None:
    assert appended(pipe(FLV * 2), "flv", end) == 9


def test_a_file_is_searched_for_another_recording_a_mebibyte_at_a_time() -> None:
    file = pipe(bytes(2**20 + 5))
    asked: list[tuple[int, int]] = []
    read = file.read
    file.read = lambda length: asked.append((file.tell(), length)) or read(length)
    assert appended(file, "flv", 1) == 0
    assert asked == [(1, 2**20), (2**20 + 1, 4)]


def test_a_file_is_opened_from_its_beginning_with_listed_containers_and_no_protocol(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Any, dict[str, Any]]] = []
    monkeypatch.setattr(opening.av, "open", lambda file, **how: asked.append((file, how)))
    file = pipe(b"abc")
    file.seek(2)
    opening._container(file, "h264")
    ((opened, how),) = asked
    assert (opened, file.tell()) == (file, 0)
    assert how == {
        "format": "h264",
        "buffer_size": 262_144,
        "container_options": {
            "format_whitelist": ",".join(wire.DEMUXERS),
            "protocol_whitelist": "",
            "correct_ts_overflow": "0",
        },
        "metadata_errors": "replace",
    }
