"""The first directory of a TIFF, in both byte orders, both sizes and as programs of others write it."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.factories import pictures

from plainview.recognition.decode_tiff import Facts, mended_tiff, read_directory

KINDS = {"H": 3, "I": 4, "Q": 16}
FORMS = [(order, big) for order in "<>" for big in (False, True)]


def tiff(
    order: str,
    big: bool,
    tags: dict[int, tuple[str, list[int]]] | None = None,
    strips: tuple[bytes, ...] = (b"a" * 12, b"b" * 20),
) -> tuple[bytes, dict[int, int]]:
    """A TIFF with its strips behind the directory and the long values; also where each tag's values are."""
    number, inline, width = ("Q", 8, 20) if big else ("I", 4, 12)
    counts = [min(len(strip), 65_535) for strip in strips]
    entries: dict[int, tuple[str, list[int]]] = {273: ("I", [0] * len(strips)), 279: ("H", counts)}
    entries |= tags or {}
    first = 16 if big else 8
    body = first + (8 if big else 2) + width * len(entries) + inline
    places, directory, behind = {}, b"", b""
    for tag in sorted(entries):
        layout, values = entries[tag]
        size = len(values) * struct.calcsize("=" + layout)
        places[tag] = body + len(behind) if size > inline else first + (8 if big else 2) + len(directory) + 4 + inline
        behind += bytes(size) if size > inline else b""
        value = struct.pack(order + number, places[tag]) if size > inline else bytes(inline)
        directory += struct.pack(order + "HH" + number, tag, KINDS[layout], len(values)) + value
    start = body + len(behind)
    magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head = magic + (struct.pack(order + "HHQ", 8, 0, first) if big else struct.pack(order + "I", first))
    data = bytearray(
        head + struct.pack(order + ("Q" if big else "H"), len(entries)) + directory + bytes(inline) + behind
    )
    data += b"".join(strips)
    entries[273] = (entries[273][0], [start + sum(map(len, strips[:n])) for n in range(len(strips))])
    for tag, (layout, values) in entries.items():
        struct.pack_into(f"{order}{len(values)}{layout}", data, places[tag], *values)
    return bytes(data), places


def compressed(number: int) -> dict[int, tuple[str, list[int]]]:
    return {259: ("H", [number])}


@pytest.mark.parametrize(("order", "big"), FORMS)
@pytest.mark.parametrize("strips", [(b"a" * 12,), (b"a" * 12, b"b" * 20), (b"c",) * 9])
def test_a_directory_that_points_into_the_file_is_whole(order: str, big: bool, strips: tuple[bytes, ...]) -> None:
    data, _ = tiff(order, big, strips=strips)
    assert read_directory(data) == Facts()
    assert read_directory(data + b"behind") == Facts()


@pytest.mark.parametrize(("order", "big"), FORMS)
@pytest.mark.parametrize("compression", [1, 5, 8, 32773, 32946, 34925, 50000])
def test_a_count_that_is_too_large_is_left_to_a_decoder_that_notices(order: str, big: bool, compression: int) -> None:
    data, _ = tiff(order, big, compressed(compression))
    assert read_directory(data) == Facts()
    assert read_directory(data[:-1]) == Facts(overrun=True)
    assert read_directory(data[:-19]) == Facts(overrun=True)
    assert read_directory(data[:-20]) == Facts(cut_short=True)  # the last strip begins where the file ends


@pytest.mark.parametrize(("order", "big"), FORMS)
@pytest.mark.parametrize(("compression", "rare"), [(2, False), (3, False), (4, False), (6, True), (50001, True)])
def test_other_decoders_notice_nothing_so_the_file_ends_too_early(
    order: str, big: bool, compression: int, rare: bool
) -> None:
    data, _ = tiff(order, big, compressed(compression))
    assert read_directory(data) == Facts(rare=rare)
    assert read_directory(data[:-1]) == Facts(cut_short=True)


@pytest.mark.parametrize(("order", "big"), FORMS)
def test_a_jpeg_strip_may_be_said_to_be_longer_if_its_end_is_there(order: str, big: bool) -> None:
    data, _ = tiff(order, big, compressed(7), (b"a" * 12, b"b" * 10 + b"\xff\xd9" + b"c" * 8))
    assert read_directory(data) == Facts(jpeg_strips=True)
    assert read_directory(data[:-8]) == Facts(overrun=True, jpeg_strips=True)
    assert read_directory(data[:-9]) == Facts(cut_short=True)
    early, _ = tiff(order, big, compressed(7), (b"\xff\xd9" * 6, b"b" * 20))
    assert read_directory(early[:-1]) == Facts(cut_short=True)  # the end of another strip


@pytest.mark.parametrize(("order", "big"), FORMS)
def test_tiles_are_looked_at_as_strips_are(order: str, big: bool) -> None:
    size = len(tiff(order, big, {324: ("I", [0]), 325: ("I", [0])})[0])
    for start, length, facts in (
        (8, size - 8, Facts()),
        (8, size - 7, Facts(overrun=True)),
        (size - 1, 1, Facts()),
        (size, 0, Facts(cut_short=True)),
    ):
        tiled, _ = tiff(order, big, {324: ("I", [start]), 325: ("I", [length])})
        assert read_directory(tiled) == facts


# TIFF 6.0, section 2; 13: TIFF Technical Note 1 (IFD); 16 to 18: BigTIFF.
TYPES = {1: "B", 2: "c", 3: "H", 4: "I", 5: "2I", 6: "b", 7: "c", 8: "h", 9: "i", 10: "2i", 11: "f", 12: "d", 13: "I"}
TYPES |= {16: "Q", 17: "q", 18: "Q"}


@pytest.mark.parametrize(("order", "big"), FORMS)
@pytest.mark.parametrize("kind", [*TYPES, 0, 14, 15, 19, 65_535])
def test_values_behind_the_end_of_the_file_overrun_it(order: str, big: bool, kind: int) -> None:
    """Of any tag, of the size of its type: nine values of tag 33550, here. A type that nobody knows counts as bytes."""
    number = "Q" if big else "I"
    data, places = tiff(order, big, {33550: ("Q", [1] * 9)})
    entry = data.index(struct.pack(order + "H", 33550), 8)
    assert places[33550] + 72 <= len(data)
    size = 9 * struct.calcsize("=" + TYPES.get(kind, "B"))
    for place, overrun in ((len(data) - size, False), (len(data) - size + 1, True)):
        altered = bytearray(data)
        struct.pack_into(order + "HH" + number + number, altered, entry, 33550, kind, 9, place)
        assert read_directory(bytes(altered)).overrun is overrun


@pytest.mark.parametrize(("order", "big"), FORMS)
def test_a_file_that_ends_in_its_directory_ends_too_early(order: str, big: bool) -> None:
    data, _ = tiff(order, big)
    end = (16 if big else 8) + (8 if big else 2) + 2 * (20 if big else 12)
    assert read_directory(data[: end - 1]) == Facts(cut_short=True)
    with pytest.raises(struct.error):
        read_directory(data[: (16 if big else 8) + 1])


ENCODERS: dict[str, dict[str, Any]] = {
    "raw": {},
    "big": {"big_tiff": True},
    "LZW": {"compression": "tiff_lzw"},
    "Deflate": {"compression": "tiff_adobe_deflate"},
    "PackBits": {"compression": "packbits"},
    "JPEG": {"compression": "jpeg", "quality": 95},
}


@pytest.mark.parametrize("name", ENCODERS)
def test_what_other_programs_write_is_whole(name: str) -> None:
    data = pictures.saved(pictures.portrait((300, 500)), "TIFF", **ENCODERS[name])
    assert read_directory(data) == Facts(jpeg_strips=name == "JPEG")
    assert mended_tiff(data) == data or name != "raw"
    assert pixels(mended_tiff(data)) == pixels(data)


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image).tobytes()


@pytest.mark.parametrize(("order", "big"), FORMS)
@pytest.mark.parametrize("stated", [(0, 0), (12, 60_000), (65_535, 65_535), (11, 21)])
def test_counts_are_mended_from_each_strip_to_the_next(order: str, big: bool, stated: tuple[int, int]) -> None:
    data, places = tiff(order, big)
    altered = bytearray(data)
    struct.pack_into(order + "2H", altered, places[279], *stated)
    assert mended_tiff(bytes(altered)) == data
    assert (
        mended_tiff(bytes(altered) + b"more")
        == data[: places[279]] + struct.pack(order + "2H", 12, 24) + data[places[279] + 4 :] + b"more"
    )


@pytest.mark.parametrize(("order", "big"), FORMS)
def test_strips_in_another_order_and_a_strip_used_twice_are_mended_too(order: str, big: bool) -> None:
    data, places = tiff(order, big, strips=(b"a" * 12, b"b" * 20, b"c" * 5))
    start = len(data) - 37
    altered = bytearray(data)
    struct.pack_into(order + "3I", altered, places[273], start + 12, start, start + 12)
    struct.pack_into(order + "3H", altered, places[279], 1, 1, 1)
    mended = mended_tiff(bytes(altered))
    assert struct.unpack_from(order + "3H", mended, places[279]) == (25, 12, 25)


@pytest.mark.parametrize(("order", "big"), FORMS)
def test_a_count_is_never_more_than_its_kind_can_say(order: str, big: bool) -> None:
    data, places = tiff(order, big, strips=(b"a" * 70_000,))
    assert struct.unpack_from(order + "H", mended_tiff(data), places[279]) == (65_535,)


@pytest.mark.parametrize(("order", "big"), FORMS)
def test_what_cannot_be_mended_comes_back_as_it_is(order: str, big: bool) -> None:
    other, _ = tiff(order, big, {279: ("H", [12])})  # one count for two strips
    behind, places = tiff(order, big)
    altered = bytearray(behind)
    struct.pack_into(order + "I", altered, places[273] + 4, len(behind) + 9)
    assert mended_tiff(other) == other
    assert mended_tiff(b"II*\0") == b"II*\0"
    assert struct.unpack_from(order + "2H", mended_tiff(bytes(altered)), places[279])[1] == 0
