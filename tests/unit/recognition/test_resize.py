"""A picture is made smaller by means of whole squares first, and keeps its size where it may."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.recognition.resize import halved, resized


def test_each_pixel_of_a_half_is_the_mean_of_four() -> None:
    quarters = np.array([[10, 20, 90], [30, 40, 90], [90, 90, 90]], np.uint8)
    assert halved(np.dstack([quarters] * 3)).tolist() == [[[25, 25, 25]]]  # the odd row and column are left out


def test_a_picture_that_keeps_its_size_is_the_same() -> None:
    picture = np.zeros((3, 5, 3), np.uint8)
    assert resized(picture, 1.0) is picture


@pytest.mark.parametrize(
    ("height", "width", "scale", "shape"),
    [
        (40, 100, 0.5, (20, 50)),
        (41, 101, 0.5, (20, 50)),
        (40, 100, 0.3, (12, 30)),
        (3, 5, 0.1, (1, 1)),
        (10, 4, 2.0, (20, 8)),
    ],
)
def test_the_size_is_rounded_and_at_least_one_pixel(
    height: int, width: int, scale: float, shape: tuple[int, int]
) -> None:
    made = resized(np.full((height, width, 3), 7, np.uint8), scale)
    assert (made.shape, made.dtype) == ((*shape, 3), np.uint8)
    assert (made == 7).all()


@pytest.mark.parametrize("scale", [0.5, 0.25])
def test_a_whole_fraction_is_the_mean_of_its_squares(scale: float) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    side = int(1 / scale)
    means = picture.reshape(32 // side, side, 32 // side, side, 3).mean(axis=(1, 3))
    assert np.abs(resized(picture, scale) - means).max() <= 1  # each halving rounds


def test_nothing_is_halved_below_what_is_asked() -> None:
    picture = np.zeros((100, 4, 3), np.uint8)
    picture[::2] = 240
    assert set(resized(picture, 0.5).ravel().tolist()) == {120}
    assert len(set(resized(picture, 0.51).ravel().tolist())) > 10  # 51 rows of 100: each is interpolated
