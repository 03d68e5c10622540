"""What can be read without decoding: the facts that no refusal test can see from outside."""

from __future__ import annotations

import pytest
from tests.factories import pictures

from plainview.recognition.decode_header import read_header, sniff


@pytest.mark.parametrize(
    "data",
    [
        pictures.saved(pictures.portrait(), "WEBP"),
        pictures.saved(pictures.portrait(), "WEBP", lossless=True),
        pictures.saved(pictures.portrait(), "WEBP", exif=pictures.exif(orientation=1)),
    ],
    ids=["VP8", "VP8L", "VP8X"],
)
def test_every_kind_of_webp_tells_its_size(data: bytes) -> None:
    assert read_header("WEBP", data).size == (96, 112)


def test_a_jpeg_tells_where_its_coded_data_ends() -> None:
    whole = pictures.jpeg()
    header = read_header("JPEG", whole + b"\xff\xd9 behind")
    assert header.size == (96, 112)
    assert header.end == len(whole) - 2
    assert not header.cut_short


def test_arithmetic_coding_has_no_end_that_bytes_could_be_put_before() -> None:
    arithmetic = pictures.jpeg().replace(b"\xff\xc0", b"\xff\xc9")
    assert read_header("JPEG", arithmetic).end == 0


def test_any_still_picture_container_is_told_by_its_compatible_brands() -> None:
    heic, avif = pictures.heic(), pictures.saved(pictures.portrait(), "AVIF")
    assert sniff(heic[:8] + b"mif1" + heic[12:]) == "HEIF"
    assert sniff(avif[:8] + b"mif1" + avif[12:]) == "AVIF"
