"""Whatever bytes come in, the decoder answers with a picture or a refusal, and goes on working."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories import pictures
from tests.factories.mutations import damaged, tries

from plainview.recognition import decode as decode_module
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
        for name in ("GIF", "BMP", "WEBP", "HEIF", "AVIF", "JPEG2000", "JXL")
    },
    "deep png": pictures.deep_rgb_png(),
    "deep grey png": pictures.deep_grey_png(),
    "deep tiff": pictures.tiff(16),
    "deep heic": pictures.deep_heic(),
    "print jpeg": pictures.cmyk_jpeg(),
    "print tiff": pictures.saved(
        pictures.portrait(SIZE, "CMYK"), "TIFF", icc_profile=pictures.print_profile((128, 128, 68)), compression="jpeg"
    ),
    **{f"animated {name}": pictures.animated(name) for name in ("GIF", "PNG", "WEBP", "TIFF")},
}
SIGNATURES = [seed[:12] for seed in SEEDS.values()]

fuzzed = settings(suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """A decoder whose child is replaced only when it is gone: to start one takes as long as thirty pictures."""
    with pytest.MonkeyPatch.context() as patch, Decoder(limits=LIMITS) as decoder:
        patch.setattr(decode_module, "_UPSETTING", frozenset())
        yield decoder


damaged_pictures = st.sampled_from(sorted(SEEDS.values())).flatmap(damaged)
"""A real picture with a few bytes changed, cut out or put in."""


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


@settings(fuzzed, max_examples=tries(90))
@given(damaged_pictures)
def test_damaged_pictures(decoder: Decoder, data: bytes) -> None:
    check(decoder, data)


@settings(fuzzed, max_examples=tries(40))
@given(st.tuples(st.sampled_from([b"", *SIGNATURES]), st.binary(max_size=400)).map(b"".join))
def test_random_bytes(decoder: Decoder, data: bytes) -> None:
    check(decoder, data)


def test_the_decoder_still_works_afterwards(decoder: Decoder) -> None:
    for seed in SEEDS.values():
        assert decoder.decode(seed).pixels.shape[2] == 3


@settings(fuzzed, max_examples=tries(400))
@given(damaged_pictures | st.tuples(st.sampled_from([b"", *SIGNATURES]), st.binary(max_size=400)).map(b"".join))
def test_header_reading_never_fails(data: bytes) -> None:
    name = sniff(data)
    other = sniff_other(data)
    assert name is None or name in FORMATS
    assert other is None or other < len(OTHER_FORMATS)
    if name is not None:
        assert isinstance(read_header(name, data), Header)
