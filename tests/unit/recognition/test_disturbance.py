"""Noise, light and blocks are measured as defined: on signals whose numbers are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plainview.recognition.disturbance import Signal, median_of, signal, smoothing_of


def flat(height: int, width: int, level: int = 120) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def noisy(height: int, width: int, sigma: float) -> NDArray[np.uint8]:
    grey = 120 + sigma * np.random.default_rng(1).standard_normal((height, width))
    return np.repeat(np.rint(np.clip(grey, 0, 255)).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)


def blocks(height: int, width: int, first: int, step: int) -> NDArray[np.uint8]:
    """Squares of 8 pixels in two levels, the first edge after `first` pixels."""
    across, down = (np.arange(width) - first) // 8, (np.arange(height) - first) // 8
    grey = 100 + step * ((across[np.newaxis, :] + down[:, np.newaxis]) % 2)
    return np.repeat(grey.astype(np.uint8)[:, :, np.newaxis], 3, axis=2)


def test_a_flat_face_has_its_light_and_nothing_else() -> None:
    assert signal(flat(60, 60), (0, 0, 60, 60)) == Signal(
        pytest.approx(120, abs=1e-3), pytest.approx(0, abs=1e-3), 0, 1
    )


@pytest.mark.parametrize("colour", [(0, 0.114), (1, 0.587), (2, 0.299)])
def test_light_weighs_the_colours(colour: tuple[int, float]) -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:, :, colour[0]] = 200
    assert signal(picture, (0, 0, 40, 40)).light == pytest.approx(200 * colour[1], abs=1e-3)


@pytest.mark.parametrize("sigma", [12.0, 24.0])
def test_noise_is_the_deviation_of_its_grey_levels(sigma: float) -> None:
    assert signal(noisy(96, 96, sigma), (0, 0, 96, 96)).noise == pytest.approx(sigma, rel=0.06)


def test_noise_is_measured_in_the_middle_of_a_large_face() -> None:
    picture = noisy(296, 296, 12)
    picture[100:196, 100:196] = 120
    assert signal(picture, (0, 0, 296, 296)).noise == 0
    picture = flat(296, 296)
    picture[100:196, 100:196] = noisy(96, 96, 12)
    assert signal(picture, (0, 0, 296, 296)).noise == pytest.approx(12, rel=0.06)


@pytest.mark.parametrize("first", [0, 3, 7])
@pytest.mark.parametrize("step", [2, 4])
def test_blocks_are_steps_at_every_eighth_pixel_wherever_the_first_is(first: int, step: int) -> None:
    assert signal(blocks(64, 64, first, step), (0, 0, 64, 64)).blocks == pytest.approx((step + 0.1) / 0.1, rel=1e-3)


@pytest.mark.parametrize(("height", "width", "seen"), [(25, 25, True), (24, 25, False), (25, 24, False)])
def test_blocks_need_three_edges_across_and_down(height: int, width: int, seen: bool) -> None:
    assert (signal(blocks(height, width, 0, 4), (0, 0, width, height)).blocks > 2) is seen


def test_blocks_count_across_and_down_alike() -> None:
    stripes = np.tile(blocks(64, 64, 0, 4)[:1], (64, 1, 1))
    assert signal(stripes, (0, 0, 64, 64)).blocks == pytest.approx((4.1 / 0.1) ** 0.5, rel=1e-3)


@pytest.mark.parametrize("box", [(0, 0, 1, 60), (0, 0, 60, 1), (70, 10, 20, 20), (-30, 10, 20, 20), (10, -30, 20, 20)])
def test_what_is_not_in_the_picture_has_nothing(box: tuple[float, float, float, float]) -> None:
    assert signal(flat(60, 60), box) == Signal(0, 0, 0, 1)


@pytest.mark.parametrize("tall", [True, False])
def test_the_middle_of_a_long_face_is_the_middle_of_each_side(tall: bool) -> None:
    picture = noisy(296, 96, 12) if tall else noisy(96, 296, 12)
    picture[100:196] = 120
    if not tall:
        picture = noisy(96, 296, 12)
        picture[:, 100:196] = 120
    height, width = picture.shape[:2]
    assert signal(picture, (0, 0, width, height)).noise == 0


def test_a_face_of_two_pixels_is_measured() -> None:
    assert signal(flat(60, 60), (0, 0, 2, 2)).light == pytest.approx(120, abs=1e-3)


def test_only_what_is_in_the_picture_and_in_the_box_counts() -> None:
    picture = flat(80, 80, 250)
    picture[:40, :30] = 50
    assert signal(picture, (-20, -10, 50, 50)).light == pytest.approx(50, abs=1e-3)
    assert signal(picture, (0.4, 0.4, 29.6, 39.6)).light == pytest.approx(50, abs=1e-3)
    assert signal(picture, (30, 0, 20, 20)).light == pytest.approx(250, abs=1e-3)


def test_contrast_is_that_of_light_and_shade_not_of_noise() -> None:
    halves = flat(96, 96, 100)
    halves[:, 48:] = 140
    assert 15 < signal(halves, (0, 0, 96, 96)).contrast < 20
    assert signal(noisy(96, 96, 12), (0, 0, 96, 96)).contrast < 3
    small = flat(30, 30, 100)
    small[:, 15:] = 140
    assert signal(small, (0, 0, 30, 30)).contrast > 18.5  # smoothed by one pixel at least
    tall = np.repeat(np.repeat(halves, 6, axis=0), 3, axis=1)
    assert signal(tall, (0, 0, 288, 576)).contrast == pytest.approx(signal(halves, (0, 0, 96, 96)).contrast, rel=0.02)
    large = np.repeat(np.repeat(halves, 3, axis=0), 3, axis=1)
    assert signal(large, (0, 0, 288, 288)).contrast == pytest.approx(signal(halves, (0, 0, 96, 96)).contrast, rel=0.02)


def test_the_share_of_noise_has_a_least_contrast() -> None:
    assert Signal(0, 40, 10, 1).noise_share == 0.25
    assert Signal(0, 0.25, 1, 1).noise_share == Signal(0, 0.1, 1, 1).noise_share == Signal(0, 0, 1, 1).noise_share == 4


@pytest.mark.parametrize(
    ("width", "seen"), [(10, 0.25), (20, 0.5), (40, 1), (70, 1), (100, 1), (200, 0.5), (400, 0.25)]
)
def test_the_network_sees_less_noise_of_large_faces_and_none_of_the_detail_of_small_ones(
    width: float, seen: float
) -> None:
    assert Signal(0, 10, 10, 1).noise_seen(width) == seen


@pytest.mark.parametrize(
    ("share", "blur"), [(0, 0.0085), (0.2, 0.0085), (0.29, 0.01055), (0.76, 0.020), (2, 0.031), (9, 0.031)]
)
def test_more_noise_is_smoothed_more(share: float, blur: float) -> None:
    assert smoothing_of(share) == pytest.approx(blur)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_the_median_is_that_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).standard_normal((count, 5))
    assert median_of(values).tolist() == np.median(values, axis=0).tolist()
    assert median_of(values[:, 0]) == np.median(values[:, 0])
