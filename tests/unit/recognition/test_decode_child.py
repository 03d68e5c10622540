"""What the decoder's child answers, asked in this process: the picture upright in shared memory, or a refusal in numbers."""

from __future__ import annotations

import io
import json
import mmap
import os
import struct
import types
import warnings
import zlib
from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError
from pillow_jxl import JpegXLImagePlugin
from tests.factories import pictures

from plainview.recognition import decode_child
from plainview.recognition.decode_checks import Limits
from plainview.recognition.decode_header import Header
from plainview.recognition.decode_wire import (
    _REPLY,
    CHANGES,
    FORMATS,
    OTHER_FORMATS,
    REFUSALS,
    REQUEST,
    Reply,
    Status,
)
from plainview.recognition.types import Pixels

LIMITS = Limits(
    {"max_pixels": 400_000, "max_side": 1000, "min_side": 16, "cpu_seconds": 20, "memory_bytes": 2**31},
)
PORTRAIT = np.ascontiguousarray(np.asarray(pictures.portrait())[:, :, ::-1])

Ask = Callable[[bytes], tuple[Reply, Pixels]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """What asks the child's own function, and returns its reply with the pixels that it wrote."""
    with pytest.MonkeyPatch.context() as patch, mmap.mmap(-1, 3 * LIMITS.max_pixels) as arena:
        for module, names in (
            (Image, ("MAX_IMAGE_PIXELS",)),
            (ImageFile, ("LOAD_TRUNCATED_IMAGES",)),
            (JpegXLImagePlugin, ("DECODE_THREADS",)),
            (PngImagePlugin, ("MAX_TEXT_CHUNK", "MAX_TEXT_MEMORY")),
            (decode_child.AvifImagePlugin, ("DEFAULT_MAX_THREADS",)),
        ):
            for name in names:
                patch.setattr(module, name, getattr(module, name))  # so that it is as before afterwards
        with warnings.catch_warnings():
            decode_child.prepare(LIMITS)

        def answered(data: bytes) -> tuple[Reply, Pixels]:
            reply = decode_child.answer(data, 7, LIMITS, arena)
            size = reply.width * reply.height * 3 if reply.status == Status.PICTURE else 0
            pixels = np.frombuffer(arena[:size], np.uint8)
            return reply, pixels.reshape(reply.height, reply.width, 3) if size else pixels

        yield answered


def changes(reply: Reply) -> set[str]:
    return {name for bit, name in enumerate(CHANGES) if reply.changes >> bit & 1}


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_written_upright_with_its_sizes(ask: Ask, orientation: int, name: str) -> None:
    reply, pixels = ask(pictures.rotated(orientation, name))
    stored = (112, 96) if orientation > 4 else (96, 112)
    assert reply == Reply(7, Status.PICTURE, FORMATS.index(name), 96, 112, *stored)
    assert (pixels == PORTRAIT).all()


def test_a_picture_without_an_orientation_that_makes_sense_stays_as_it_is(ask: Ask) -> None:
    for orientation in (0, 9):
        data = pictures.saved(pictures.portrait(), "PNG", exif=pictures.exif(orientation=orientation).tobytes())
        assert (ask(data)[1] == PORTRAIT).all()


@pytest.mark.parametrize("size", [(16, 16), (700, 300), (200, 1000), (1000, 17), (512, 128), (256, 257)])
def test_a_picture_of_several_bands_is_whole(ask: Ask, size: tuple[int, int]) -> None:
    reply, pixels = ask(pictures.png(size))
    assert (reply.width, reply.height) == size
    assert (pixels == np.asarray(pictures.portrait(size))[:, :, ::-1]).all()


@pytest.mark.parametrize(
    ("taken", "day"),
    [
        ("2019:05:06 07:08:09", date(2019, 5, 6)),
        ("2019-12-31T00:00:00", date(2019, 12, 31)),
        ("2019:13:01 00:00:00", None),
        ("0000:00:00 00:00:00", None),
        ("no date", None),
        (None, None),
    ],
)
def test_the_day_of_capture_is_read_where_it_makes_sense(ask: Ask, taken: str | None, day: date | None) -> None:
    data = pictures.saved(pictures.portrait(), "PNG", exif=pictures.exif(orientation=1, taken=taken).tobytes())
    assert ask(data)[0].day == (day.toordinal() if day else 0)


def test_what_decoding_leaves_out_is_said(ask: Ask) -> None:
    for data, said, frames, detail in (
        (pictures.png(), set(), 0, 0),
        (pictures.animated("GIF"), {"first_frame"}, 0, 0),  # how many is not counted
        (pictures.animated("PNG"), {"first_frame"}, 3, 0),
        (pictures.deep_grey_png(), {"reduced_depth"}, 0, 16),
        (pictures.deep_rgb_png(), {"reduced_depth"}, 0, 16),
        (pictures.tiff(16), {"reduced_depth"}, 0, 16),
        (pictures.cmyk_jpeg(), {"print_colours"}, 0, 0),
    ):
        reply, _ = ask(data)
        assert (reply.status, changes(reply), reply.frames, reply.detail) == (Status.PICTURE, said, frames, detail)


def png_of_texts(*texts: tuple[bytes, bytes]) -> bytes:
    whole = pictures.png()
    chunks = b"".join(pictures.png_chunk(kind, body) for kind, body in texts)
    return whole[:33] + chunks + whole[33:]  # behind the signature and IHDR


LONG = b"note\0\0" + zlib.compress(bytes(17 * 2**20))
"""More than a PNG's text may have, unpacked."""


def test_texts_that_are_too_long_and_profiles_that_are_none_do_not_stop_the_pixels(ask: Ask) -> None:
    for texts in (
        [(b"zTXt", LONG)],
        [(b"tEXt", b"a\0b"), (b"zTXt", LONG), (b"iTXt", b"x\0\0\0\0\0y")],
        [(b"zTXt", LONG), (b"iCCP", b"p\0\0" + zlib.compress(b"no profile")), (b"sPLT", b"s\0\x08")],
    ):
        reply, pixels = ask(png_of_texts(*texts))
        assert reply.status == Status.PICTURE
        assert (pixels == PORTRAIT).all()
    stripped = decode_child._without_texts(png_of_texts((b"tEXt", b"a\0b"), (b"zTXt", LONG), (b"pHYs", bytes(9))))
    assert stripped == png_of_texts((b"pHYs", bytes(9)))


def small_bmp() -> bytes:
    return pictures.saved(pictures.portrait((15, 16)), "BMP")


REFUSED: list[tuple[str, Callable[[], bytes], Reply]] = [
    ("not_an_image", lambda: b"", Reply(0, 0)),
    ("not_an_image", lambda: b"no picture at all, but a text", Reply(0, 0)),
    ("format_not_allowed", lambda: pictures.camera_raw("Canon"), Reply(0, 0, detail=1)),
    ("truncated", pictures.jpeg_that_stops_in_the_middle, Reply(0, 0)),
    ("truncated", pictures.jpeg_without_end_marker, Reply(0, 0)),
    ("truncated", pictures.jpeg_with_made_up_end, Reply(0, 0)),
    ("truncated", lambda: pictures.jpeg_with_made_up_end(progressive=True), Reply(0, 0)),
    ("truncated", pictures.png_without_end_chunk, Reply(0, 0)),
    ("corrupt", pictures.png_with_changed_pixels, Reply(0, 0)),
    ("corrupt", pictures.png_with_wrong_checksum, Reply(0, 0)),
    ("deep_colour", pictures.jpeg_12_bit, Reply(0, 0, detail=12)),
    ("too_many_pixels", lambda: pictures.huge_canvas("GIF"), Reply(0, 0, width=16_000, height=16_000)),
    ("too_many_pixels", lambda: pictures.png((1000, 401)), Reply(0, 0, width=1000, height=401)),
    ("too_many_pixels", lambda: pictures.png((1001, 20)), Reply(0, 0, width=1001, height=20)),
    ("too_small", small_bmp, Reply(0, 0, width=15, height=16)),
    ("kind_not_decodable", pictures.float_rgb_tiff, Reply(0, 0)),
]


@pytest.mark.parametrize(("code", "make", "numbers"), REFUSED, ids=range(len(REFUSED)))
def test_a_refusal_is_its_number_with_what_it_is_about(
    ask: Ask, code: str, make: Callable[[], bytes], numbers: Reply
) -> None:
    reply, _ = ask(make())
    assert (reply.serial, reply.status, REFUSALS[reply.kind]) == (7, Status.REFUSED, code)
    assert (reply.width, reply.height) == (numbers.width, numbers.height)
    if code == "format_not_allowed":
        assert "Canon" in OTHER_FORMATS[reply.detail]
    else:
        assert reply.detail == numbers.detail


def test_a_whole_picture_that_ends_grey_or_is_progressive_is_read(ask: Ask) -> None:
    grey = pictures.portrait()
    grey.paste((128, 128, 128), (0, 96, 96, 112))
    for data in (pictures.saved(grey, "JPEG", quality=95), pictures.jpeg(progressive=True), pictures.jpeg()):
        assert ask(data)[0].status == Status.PICTURE


PNG, TIFF = pictures.png(), pictures.tiff()
RAISED: list[tuple[Exception, bytes, Header, str]] = [
    (MemoryError(), PNG, Header(), "decoder_limit"),
    (OSError("Out of memory"), PNG, Header(), "decoder_limit"),
    (ValueError("Security limit exceeded"), PNG, Header(), "decoder_limit"),
    (OSError("image file is truncated (0 bytes not processed)"), PNG, Header(), "truncated"),
    (OSError("Unexpected end of file"), PNG, Header(), "truncated"),
    (OSError("broken"), PNG, Header(overrun=True), "truncated"),
    (OSError("broken"), PNG, Header(cut_short=True), "truncated"),
    (OSError("broken"), PNG, Header(rare=True), "kind_not_decodable"),
    (OSError("broken"), PNG, Header(), "corrupt"),
    (NotImplementedError("broken"), PNG, Header(), "kind_not_decodable"),
    (UnidentifiedImageError("broken"), TIFF, Header(), "kind_not_decodable"),
    (UnidentifiedImageError("broken"), b"MM" + TIFF[2:], Header(), "kind_not_decodable"),
    (UnidentifiedImageError("broken"), PNG, Header(), "corrupt"),
    (OSError("broken"), TIFF, Header(), "corrupt"),
    *[(ValueError(f"It is {word} here"), PNG, Header(), "kind_not_decodable") for word in decode_child._LIMIT_WORDS],
]


@pytest.mark.parametrize(("error", "data", "header", "code"), RAISED, ids=range(len(RAISED)))
def test_whatever_a_codec_raises_has_a_code(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, error: Exception, data: bytes, header: Header, code: str
) -> None:
    def broken(*_: object) -> Reply:
        raise error

    monkeypatch.setattr(decode_child, "_allowed_format", lambda data: "TIFF" if data[:2] in (b"II", b"MM") else "PNG")
    monkeypatch.setattr(decode_child, "read_header", lambda name, data: header)
    monkeypatch.setattr(decode_child, "mended_tiff", lambda data: data)
    monkeypatch.setattr(decode_child, "_decode", broken)
    reply, _ = ask(data)
    assert (reply.serial, reply.status, REFUSALS[reply.kind]) == (7, Status.REFUSED, code)


def test_a_tiff_that_states_too_few_bytes_is_mended_and_read(ask: Ask) -> None:
    whole = pictures.tiff()
    at = whole.index(struct.pack("<HHII", 279, 4, 1, 32 * 32 * 3)) + 8
    short = whole[:at] + struct.pack("<I", 100) + whole[at + 4 :]
    reply, pixels = ask(short)
    assert reply.status == Status.PICTURE
    assert (pixels == 200).all()


def test_before_the_locks_each_kind_of_picture_is_decoded_once(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upright, with its day: what a library imports late is imported then, or never."""
    replies: list[Reply] = []
    told = decode_child.answer

    def answer(data: bytes, serial: int, limits: Limits, arena: mmap.mmap) -> Reply:
        assert (serial, limits) == (0, LIMITS)
        replies.append(told(data, serial, limits, arena))
        return replies[-1]

    monkeypatch.setattr(decode_child, "answer", answer)
    with warnings.catch_warnings():
        decode_child.prepare(LIMITS)
    day = date(2000, 1, 1).toordinal()
    names = ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "JXL"]
    assert [FORMATS[reply.kind] for reply in replies] == names
    for name, reply in zip(names, replies, strict=True):
        assert (reply.status, reply.width, reply.height) == (Status.PICTURE, 16, 16)
        assert reply.day == (0 if name in ("GIF", "JXL") else day)
    assert Image.MAX_IMAGE_PIXELS is None
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert decode_child.AvifImagePlugin.DEFAULT_MAX_THREADS == 1
    assert JpegXLImagePlugin.DECODE_THREADS == 0
    assert (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY) == (16_777_216, 67_108_864)


def test_the_child_is_ready_before_it_is_locked_and_locked_before_it_greets(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sent: list[bytes] = []
    memory = 2**30

    class Requests(io.BytesIO):
        def read(self, length: int | None = -1) -> bytes:
            if length == 2**40:
                raise MemoryError
            return super().read(length)

    def run(asked: bytes, used: int = 0) -> list[Reply]:
        done.clear()
        sent.clear()
        arena = os.memfd_create("arena")
        os.ftruncate(arena, 3 * LIMITS.max_pixels)
        system = types.SimpleNamespace(
            dup=lambda fd: done.append(f"dup {fd}") or 99,
            dup2=lambda one, other: done.append(f"dup2 {one} {other}"),
            close=lambda fd: done.append("close arena" if fd == arena else "close another"),
            write=lambda fd, data: sent.append(data) if fd == 99 else done.append("write elsewhere"),
        )
        lockdown = types.SimpleNamespace(
            die_with_parent=lambda parent: done.append(f"die {parent}"),
            address_space_in_use=lambda: used,
            lock=lambda memory_bytes: done.append(f"lock {memory_bytes}"),
            renew_cpu_time=lambda seconds: done.append(f"renew {seconds}"),
        )
        monkeypatch.setattr(decode_child, "os", system)
        monkeypatch.setattr(decode_child, "lockdown", lockdown)
        monkeypatch.setattr(decode_child, "prepare", lambda limits: done.append(f"prepare {limits.max_pixels}"))
        monkeypatch.setattr(decode_child, "open", lambda fd, mode, closefd: Requests(asked), raising=False)
        settings = {**vars(LIMITS), "memory_bytes": memory, "parent": 42, "arena_fd": arena, "arena_bytes": 1_200_000}
        decode_child.main(json.dumps(settings))
        os.close(arena)
        return [Reply(*_REPLY.unpack(data)[1:]) for data in sent]

    before = ["die 42", "dup 1", "dup2 2 1", "close arena", "prepare 400000"]
    picture = pictures.png()
    asked = REQUEST.pack(5, len(picture)) + picture + REQUEST.pack(6, 4) + b"text" + b"half"
    ready, first, second = run(asked, used=memory - 33_554_432)
    assert done == [*before, f"lock {memory}", "renew 20", "renew 20"]
    assert (ready, first.serial, first.status) == (Reply(0, Status.READY), 5, Status.PICTURE)
    assert (second.serial, second.status, REFUSALS[second.kind]) == (6, Status.REFUSED, "not_an_image")
    assert run(asked, used=memory - 33_554_431) == [Reply(0, Status.TOO_LITTLE_MEMORY, detail=memory + 1)]
    assert done == before
    _, lost = run(REQUEST.pack(7, 2**40) + asked)
    assert (lost.serial, REFUSALS[lost.kind]) == (7, "decoder_limit")


@pytest.mark.parametrize(
    ("grey", "end", "progressive", "again"),
    [(8, 5, False, True), (7, 5, False, False), (0, 5, True, True), (8, 0, False, False), (8, 0, True, False)],
)
def test_a_jpeg_is_decoded_again_where_its_last_eight_pixels_are_what_is_filled_in(
    monkeypatch: pytest.MonkeyPatch, grey: int, end: int, progressive: bool, again: bool
) -> None:
    image = Image.new("RGB", (20, 16), (200, 10, 10))
    image.paste((128, 128, 128), (20 - grey, 15, 20, 16))
    image.info["progressive"] = progressive
    files: list[bytes] = []
    for change in (False, True):
        second = image.copy()
        if change:
            second.putpixel((3, 15), (200, 10, 11))
        files.clear()
        monkeypatch.setattr(Image, "open", lambda file, formats, second=second: files.append(file.read()) or second)
        assert decode_child._end_was_made_up(b"12345end", end, image) is (again and change)
        assert [data[:5] + data[-3:] for data in files] == [b"12345end"] * again
        assert all(len(data) == 8 + 256 for data in files)
