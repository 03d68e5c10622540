"""Every depth and kind of colour becomes 8-bit RGB, as defined: the upper bits, print colours, grey behind what is transparent."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.factories import pictures

from plainview.recognition.decode_colour import flatten, prepare

VALUES = np.arange(0, 2**16, 251, dtype=np.uint16)


def deep(bits: int, order: str) -> tuple[Image.Image, list[int]]:
    """A row of grey pixels of so many bits, and the upper 8 of each."""
    values = VALUES >> (16 - bits)
    mode = "I;16B" if order == ">" else "I;16"
    return Image.frombytes(mode, (len(values), 1), values.astype(f"{order}u2").tobytes()), (
        values >> (bits - 8)
    ).tolist()


@pytest.mark.parametrize("bits", [9, 10, 12, 15, 16])
def test_deep_grey_keeps_its_upper_eight_bits(bits: int) -> None:
    image, upper = deep(bits, "<")
    flat, profiled = flatten(image, bits)
    assert (flat.mode, profiled) == ("RGB", False)
    assert np.asarray(flat)[0].tolist() == [[value] * 3 for value in upper]


def test_deep_grey_may_have_its_high_byte_first() -> None:
    image, upper = deep(16, ">")
    assert np.asarray(flatten(image, 16)[0])[0, :, 0].tolist() == upper


def test_a_jpeg_2000_is_scaled_already() -> None:
    image, upper = deep(16, "<")
    image.format = "JPEG2000"
    assert np.asarray(flatten(image, 12)[0])[0, :, 0].tolist() == upper


@pytest.mark.parametrize("white", [0, 1])
def test_a_tiff_may_say_that_zero_is_white(white: int) -> None:
    file = io.BytesIO()
    image, upper = deep(16, "<")
    image.save(file, "TIFF", tiffinfo={262: white})
    flat, _ = flatten(Image.open(file), 16)
    assert np.asarray(flat)[0, :, 1].tolist() == (upper if white else [255 - value for value in upper])


@pytest.mark.parametrize(("alpha", "seen"), [(255, (200, 100, 0)), (0, (128, 128, 128)), (128, (164, 114, 64))])
def test_grey_shows_through_what_is_transparent(alpha: int, seen: tuple[int, int, int]) -> None:
    flat, profiled = flatten(Image.new("RGBA", (2, 1), (200, 100, 0, alpha)), 8)
    assert (flat.mode, profiled) == ("RGB", False)
    assert np.abs(np.asarray(flat)[0, 1].astype(int) - seen).max() <= 1


def test_a_palette_may_have_a_transparent_colour() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 250, 0, 0])
    image.putdata([0, 1])
    image.info["transparency"] = 0
    assert np.asarray(flatten(image, 8)[0])[0].tolist() == [[128, 128, 128], [250, 0, 0]]


def test_what_is_rgb_is_handed_on_and_grey_has_three_alike() -> None:
    image = Image.new("RGB", (1, 1), (1, 2, 3))
    assert flatten(image, 8) == (image, False)
    assert flatten(image, 8)[0] is image
    assert np.asarray(flatten(Image.new("L", (1, 1), 77), 8)[0]).tolist() == [[[77, 77, 77]]]


@pytest.mark.parametrize(
    "profile", [None, b"short", b"x" * 200, b"x" * 16 + b"RGB " + b"x" * 200, b"x" * 16 + b"CMYK" + b"x" * 200]
)
def test_print_colours_without_a_sound_profile_are_inverted(profile: bytes | None) -> None:
    image = Image.new("CMYK", (1, 1), (0, 255, 255, 0))
    if profile is not None:
        image.info["icc_profile"] = profile
    flat, profiled = flatten(image, 8)
    assert (flat.mode, profiled) == ("RGB", False)
    assert np.asarray(flat).tolist() == [[[255, 0, 0]]]


def test_print_colours_are_shown_by_their_own_profile() -> None:
    image = Image.new("CMYK", (1, 1), (0, 255, 255, 0))
    image.info["icc_profile"] = pictures.print_profile((128, 128, 68))  # every ink but black is a clear blue
    flat, profiled = flatten(image, 8)
    assert (flat.mode, profiled) == ("RGB", True)
    red, green, blue = np.asarray(flat)[0, 0].tolist()
    assert blue > max(red + 80, green + 40, 180)


def test_a_profile_of_screen_colours_is_not_one_of_print_colours() -> None:
    image = Image.new("CMYK", (1, 1), (0, 255, 255, 0))
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert flatten(image, 8)[1] is False


def test_what_imports_lazily_can_be_run_before() -> None:
    prepare()
