"""A frame's digest is of its pixels alone, and the thumbnail tells a cut and a movement."""

from __future__ import annotations

import hashlib
import mmap

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from plainview.recognition.video.planes import Thumbnail, digest, prepare, write_bgr


def grey(level: int, height: int = 36, width: int = 64) -> NDArray[np.uint8]:
    return np.full((height, width), level, np.uint8)


def frame(pixels: NDArray[np.uint8]) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(pixels, format="gray")


def random(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("width", [64, 50, 51])
def test_a_digest_is_of_the_rows_without_their_padding(width: int) -> None:
    pixels = random(20, width)
    assert digest(frame(pixels)) == (hashlib.sha256(pixels.tobytes()).digest(), False)


@pytest.mark.parametrize(("width", "height"), [(64, 32), (50, 30)])
def test_a_digest_has_every_plane(width: int, height: int) -> None:
    planes = random(height * 3 // 2, width)
    whole = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    assert digest(whole) == (hashlib.sha256(planes.tobytes()).digest(), False)


@pytest.mark.parametrize("width", [64, 50])
def test_a_component_of_more_than_8_bits_has_two_bytes(width: int) -> None:
    deep = frame(random(20, width)).reformat(format="gray10le")
    plane = deep.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:20, : 2 * width]
    assert digest(deep) == (hashlib.sha256(rows.tobytes()).digest(), False)


def test_other_formats_have_no_digest_of_their_planes() -> None:
    assert digest(av.VideoFrame(64, 64, "rgb24")) == (b"", True)


@pytest.mark.parametrize("width", [64, 50, 51])
def test_pixels_are_written_as_bgr_without_padding(width: int) -> None:
    pixels = random(20, width, 3)
    arena = mmap.mmap(-1, 20 * width * 3 + 7)
    write_bgr(av.VideoFrame.from_ndarray(pixels, format="bgr24"), arena)
    assert arena[: pixels.size] == pixels.tobytes()
    assert arena[pixels.size :] == bytes(7)


def test_the_first_frame_is_a_cut_that_moved() -> None:
    assert Thumbnail().compare(frame(grey(7))) == (255, 255)


def test_a_movement_is_told_from_the_frame_that_was_sent_and_a_cut_from_the_one_before() -> None:
    thumbnail = Thumbnail()
    thumbnail.compare(frame(grey(100)))
    assert thumbnail.compare(frame(grey(100))) == (0, 255)  # none was sent yet
    thumbnail.keep()
    assert thumbnail.compare(frame(grey(130))) == (30, 30)
    assert thumbnail.compare(frame(grey(110))) == (20, 10)
    thumbnail.keep()
    one = grey(110)
    one[5, 5] = 200
    assert thumbnail.compare(frame(one)) == (0, 90)


def test_a_cell_is_the_mean_of_its_pixels_in_a_frame_of_any_width() -> None:
    thumbnail = Thumbnail()
    large = grey(100, 360, 640)
    thumbnail.compare(frame(large))
    thumbnail.keep()
    large[10:20, 20:30] = 180
    assert thumbnail.compare(frame(large)) == (0, 80)
    large[10:20, 20:30] = 100
    large[10:15, 20:30] = 180
    assert thumbnail.compare(frame(large)) == (0, 40)


def test_what_imports_lazily_can_be_run_before() -> None:
    prepare()
