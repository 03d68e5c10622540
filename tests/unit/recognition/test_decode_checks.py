"""What the decoder's child refuses: each limit from both sides, each kind of picture, and the pages of a TIFF."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import TiffImagePlugin

from plainview.recognition.decode_checks import (
    Limits,
    Refusal,
    attempt,
    check_kind,
    check_size,
    choose_page,
    count_frames,
)
from plainview.recognition.decode_wire import OTHER_FORMATS, REFUSALS, Status

LIMITS = Limits({"max_pixels": 1000, "max_side": 100, "min_side": 4, "cpu_seconds": 1, "memory_bytes": 2})


def refused(work: Any) -> tuple[str, int]:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value.code, caught.value.detail


def test_the_limits_are_those_of_the_parent() -> None:
    assert (LIMITS.max_pixels, LIMITS.max_side, LIMITS.min_side) == (1000, 100, 4)
    assert (LIMITS.cpu_seconds, LIMITS.memory_bytes) == (1, 2)


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ((25, 40), None),
        ((40, 26), "too_many_pixels"),
        ((100, 10), None),
        ((101, 9), "too_many_pixels"),
        ((9, 101), "too_many_pixels"),
        ((4, 4), None),
        ((3, 50), "too_small"),
        ((50, 3), "too_small"),
    ],
)
def test_a_size_has_its_limits(size: tuple[int, int], code: str | None) -> None:
    if code is None:
        check_size(size, LIMITS)
    else:
        assert refused(lambda: check_size(size, LIMITS))[0] == code


def test_a_refusal_is_numbers_that_fit_its_reply() -> None:
    reply = Refusal("too_small", size=(2**40, 7), detail=2**40).reply(3)
    assert (reply.serial, reply.status, reply.kind) == (3, Status.REFUSED, REFUSALS.index("too_small"))
    assert (reply.width, reply.height, reply.detail) == (2**32 - 1, 7, 2**32 - 1)
    assert (Refusal("too_small").size, Refusal("too_small").detail) == ((0, 0), 0)


def image(mode: str, form: str = "PNG", **info: int) -> Any:
    return SimpleNamespace(mode=mode, format=form, info=info, size=(5, 6))


@pytest.mark.parametrize(
    ("shown", "stored", "bits"),
    [
        (image("RGB"), 8, 8),
        (image("1"), 1, 8),
        (image("RGB"), 16, 16),
        (image("I;16"), 8, 16),
        (image("I;16B"), 12, 12),
        (image("RGB", "HEIF", bit_depth=10), 8, 10),
        (image("RGB", "HEIF"), 8, 8),
        (image("RGB", "PNG", bit_depth=10), 8, 8),
        (image("I;16", "JPEG2000"), 12, 12),
        (image("RGB", "JPEG2000"), 8, 8),
    ],
)
def test_the_bits_are_those_that_are_stored(shown: Any, stored: int, bits: int) -> None:
    assert check_kind(shown, SimpleNamespace(bits=stored)) == bits  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "stored", "code", "detail"),
    [
        (image("I"), 8, "deep_colour", 32),
        (image("F"), 8, "deep_colour", 32),
        (image("F"), 16, "deep_colour", 16),
        (image("RGB", "JPEG2000"), 9, "deep_colour", 9),
        (image("LAB"), 8, "format_not_allowed", OTHER_FORMATS.index("TIFF in Lab colour")),
        (image("HSV"), 8, "kind_not_decodable", 0),
    ],
)
def test_what_cannot_become_eight_bits_of_colour_is_refused(shown: Any, stored: int, code: str, detail: int) -> None:
    assert refused(lambda: check_kind(shown, SimpleNamespace(bits=stored))) == (code, detail)  # type: ignore[arg-type]


class Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF of some pages, each its tags."""

    def __init__(self, *pages: dict[int, Any]) -> None:
        self.pages, self._mode, self.info = pages, "RGB", {}
        self.format = "TIFF"  # type: ignore[misc]
        self.tag_v2 = pages[0]  # type: ignore[assignment]

    def seek(self, frame: int) -> None:
        if frame >= len(self.pages):
            raise EOFError
        self.tag_v2 = self.pages[frame]  # type: ignore[assignment]

    def __del__(self) -> None:
        pass


SMALL, OTHER_SMALL, WHOLE = {254: 1}, {254: 3}, {254: 0, 1: 1}


def test_a_tiff_states_its_own_bits() -> None:
    header: Any = SimpleNamespace(bits=8)
    assert check_kind(Tiff({258: (8, 16, 8)}), header) == 16
    assert check_kind(Tiff({}), header) == 8


@pytest.mark.parametrize(
    ("pages", "chosen"),
    [
        ([{}], 0),
        ([WHOLE, SMALL], 0),
        ([{254: 2}, {}], 0),
        ([SMALL, WHOLE], 1),
        ([SMALL, OTHER_SMALL, {}], 2),
        ([SMALL] * 7 + [WHOLE], 7),
    ],
)
def test_the_first_page_that_is_no_small_version_is_taken(pages: list[dict[int, Any]], chosen: int) -> None:
    tiff = Tiff(*pages)
    choose_page(tiff)
    assert tiff.tag_v2 == pages[chosen]


@pytest.mark.parametrize(
    "pages",
    [
        [SMALL],
        [SMALL, OTHER_SMALL],
        [SMALL | {330: 1}, WHOLE],
        [SMALL, {254: 0, 262: 32803}],
        [SMALL, {254: 0, 262: 34892}],
        [SMALL] * 8 + [WHOLE],
    ],
)
def test_a_preview_without_its_picture_is_camera_raw(pages: list[dict[int, Any]]) -> None:
    assert refused(lambda: choose_page(Tiff(*pages)))[0] == "format_not_allowed"


def test_a_dng_says_so_itself() -> None:
    assert refused(lambda: choose_page(Tiff({50706: b"1", 254: 0}))) == (
        "format_not_allowed",
        OTHER_FORMATS.index("camera raw (DNG)"),
    )


@pytest.mark.parametrize(
    ("form", "animated", "frames", "count"),
    [
        ("JPEG", True, 2, 1),
        ("MPO", True, 2, 1),
        ("PNG", False, 9, 1),
        ("GIF", True, 9, 0),
        ("TIFF", True, 9, 0),
        ("WEBP", True, 9, 9),
        ("WEBP", True, None, 0),
        ("WEBP", None, 9, 1),
    ],
)
def test_frames_are_counted_where_that_needs_no_decoding(
    form: str, animated: bool | None, frames: int | None, count: int
) -> None:
    shown = SimpleNamespace(format=form)
    if animated is not None:
        shown.is_animated = animated
    if frames is not None:
        shown.n_frames = frames
    assert count_frames(shown) == count  # type: ignore[arg-type]


def test_frames_that_cannot_be_counted_are_several() -> None:
    class Damaged:
        format, is_animated = "WEBP", True

        @property
        def n_frames(self) -> int:
            raise SyntaxError

    assert count_frames(Damaged()) == 0  # type: ignore[arg-type]


def test_camera_raw_is_named_by_its_maker() -> None:
    tags = SMALL | {271: "NIKON CORPORATION", 272: "Canon"}
    detail = OTHER_FORMATS.index("Nikon camera raw (NEF)")
    assert refused(lambda: choose_page(Tiff(tags))) == ("format_not_allowed", detail)


def test_what_a_library_fails_over_is_passed_over_but_not_a_lack_of_memory() -> None:
    assert attempt(lambda: 3, 0) == 3
    assert attempt(lambda: int("x"), 7) == 7
    with pytest.raises(MemoryError):
        attempt(lambda: np.empty((2**60,), np.uint8), 0)
