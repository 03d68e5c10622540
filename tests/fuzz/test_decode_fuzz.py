"""Whatever bytes come in, the decoder answers with a picture or a refusal, and goes on working."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories import pictures

from plainview.recognition.decode import DecodeLimits, Decoder
from plainview.recognition.decode_header import Header, read_header, sniff, sniff_other
from plainview.recognition.decode_wire import FORMATS, OTHER_FORMATS
from plainview.recognition.errors import BadMedia

LIMITS = DecodeLimits(max_pixels=2_000_000, max_side=4000, cpu_seconds=2, wall_seconds=5.0)

SIZE = (40, 48)
SEEDS = {
    "jpeg": pictures.jpeg(SIZE, exif=pictures.exif(orientation=6, taken="2020:01:02 03:04:05")),
    "progressive": pictures.jpeg(SIZE, progressive=True),
    "png": pictures.png(SIZE),
    "palette png": pictures.palette_alpha_png(),
    "tiff": pictures.saved(pictures.portrait(SIZE), "TIFF", compression="tiff_lzw"),
    **{
        name: pictures.saved(pictures.portrait(SIZE), name)
        for name in ("GIF", "BMP", "WEBP", "HEIF", "AVIF", "JPEG2000")
    },
}
SIGNATURES = [seed[:12] for seed in SEEDS.values()]

fuzzed = settings(suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(limits=LIMITS) as decoder:
        yield decoder


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real picture with a few bytes changed, cut out or put in; headers are hit as often as data."""
    data = bytearray(draw(st.sampled_from(sorted(SEEDS.items())))[1])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, min(len(data), 200)) | st.integers(0, len(data)))
        how = draw(st.sampled_from(["change", "cut", "insert", "end"]))
        if how == "change":
            piece = draw(st.binary(min_size=1, max_size=4) | st.sampled_from([b"\xff" * 4, bytes(4)]))
            data[at : at + len(piece)] = piece
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 64))]
        elif how == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=32))
        else:
            del data[at:]
    return bytes(data)


def check(decoder: Decoder, data: bytes) -> None:
    try:
        picture = decoder.decode(data)
    except BadMedia:
        return
    height, width, channels = picture.pixels.shape
    assert channels == 3
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert min(width, height) >= LIMITS.min_side
    assert width * height <= LIMITS.max_pixels
    assert sorted(picture.stored_size) == sorted((width, height))
    assert picture.format in FORMATS


@settings(fuzzed, max_examples=90)
@given(damaged())
def test_damaged_pictures(decoder: Decoder, data: bytes) -> None:
    check(decoder, data)


@settings(fuzzed, max_examples=40)
@given(st.tuples(st.sampled_from([b"", *SIGNATURES]), st.binary(max_size=400)).map(b"".join))
def test_random_bytes(decoder: Decoder, data: bytes) -> None:
    check(decoder, data)


def test_the_decoder_still_works_afterwards(decoder: Decoder) -> None:
    for seed in SEEDS.values():
        assert decoder.decode(seed).pixels.shape[2] == 3


@settings(fuzzed, max_examples=400)
@given(damaged() | st.tuples(st.sampled_from([b"", *SIGNATURES]), st.binary(max_size=400)).map(b"".join))
def test_header_reading_never_fails(data: bytes) -> None:
    name = sniff(data)
    other = sniff_other(data)
    assert name is None or name in FORMATS
    assert other is None or other < len(OTHER_FORMATS)
    if name is not None:
        assert isinstance(read_header(name, data), Header)
