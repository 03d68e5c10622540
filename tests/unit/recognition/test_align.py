"""The similarity transform and the aligned face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import models

from plainview.recognition.align import ALIGNED_SIDE, TEMPLATES, align, part_shown, similarity

TEMPLATE = TEMPLATES["arcface-112"]


def _spots(points: np.ndarray, height: int, width: int, radius: float) -> np.ndarray:
    """A grey picture with a soft white spot on each point."""
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.full((height, width), 40.0)
    for x, y in points:
        picture += 200 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _centres(aligned: np.ndarray, radius: int) -> np.ndarray:
    """Centre of brightness around each point of the template."""
    bright = aligned[:, :, 0].astype(float) - 40
    rows, columns = np.mgrid[0:ALIGNED_SIDE, 0:ALIGNED_SIDE]
    found = []
    for x, y in TEMPLATE:
        near = bright * (np.hypot(columns - x, rows - y) < radius)
        found.append([(near * columns).sum() / near.sum(), (near * rows).sum() / near.sum()])
    return np.array(found)


@given(st.integers(0, 10_000))
def test_a_similarity_is_undone_exactly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle, scale, shift = rng.uniform(-np.pi, np.pi), rng.uniform(0.1, 20), rng.uniform(-500, 500, 2)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = similarity(TEMPLATE, TEMPLATE.astype(float) @ turn.T + shift)
    np.testing.assert_allclose(matrix, np.column_stack([turn, shift]), rtol=0, atol=1e-9 * max(scale, 500))


@given(st.integers(0, 10_000))
def test_no_similarity_nearby_fits_better(seed: int) -> None:
    points = models.random_points(seed).astype(float)
    best = similarity(points, TEMPLATE)

    def error(matrix: np.ndarray) -> float:
        return float(((points @ matrix[:, :2].T + matrix[:, 2] - TEMPLATE) ** 2).sum())

    assert np.isclose(best[0, 0], best[1, 1])
    assert np.isclose(best[0, 1], -best[1, 0])
    rng = np.random.default_rng(seed + 1)
    for _ in range(20):
        da, db, dx, dy = rng.normal(0, [1e-3, 1e-3, 0.1, 0.1])
        assert error(best) <= error(best + np.array([[da, -db, dx], [db, da, dy]])) + 1e-9


def test_it_never_mirrors() -> None:
    mirrored = TEMPLATE * [-1, 1]
    matrix = similarity(mirrored, TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize("points", [np.full((5, 2), 7.0), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_points_without_a_shape_are_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite and not all the same"):
        similarity(points.astype(np.float32), TEMPLATE)


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.9, 2.5, 4.3, 9.0])
@pytest.mark.parametrize("degrees", [0, 25, -140])
def test_the_points_land_on_the_template_at_every_size(scale: float, degrees: float) -> None:
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (TEMPLATE - 56) @ turn.T
    shift = 20 - moved.min(axis=0) + 40 * scale
    points = (moved + shift).astype(np.float32)
    width, height = (points.max(axis=0) + 20 + 40 * scale).astype(int)
    aligned = align(_spots(points, height, width, max(1.5, 2.5 * scale)), points)
    assert aligned.shape == (112, 112, 3)
    assert aligned.dtype == np.uint8
    np.testing.assert_allclose(_centres(aligned, 8), TEMPLATE, rtol=0, atol=0.35)


def test_a_smaller_side_shows_the_same_part() -> None:
    points = (TEMPLATE * 2 + 30).astype(np.float32)
    picture = _spots(points, 320, 320, 5)
    whole, small = align(picture, points), align(picture, points, side=56)
    expected = cv2.resize(whole, (56, 56), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(small.astype(float) - expected).mean() < 1.5


def test_large_faces_are_averaged_not_sampled() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    aligned = align(noise, (TEMPLATE * 8).astype(np.float32))
    assert aligned[8:-8, 8:-8].std() < 25  # sampling would keep the noise's 74


def test_a_face_past_the_border_is_black_there() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    aligned = align(white, (TEMPLATE - [56, 0]).astype(np.float32))
    assert (aligned[:90, :50] == 0).all()
    assert (aligned[:90, 60:] == 255).all()
    assert (align(white, TEMPLATE + 5000) == 0).all()
    assert (align(white, TEMPLATE * 9 + 5000) == 0).all()


def test_very_long_pictures_are_aligned() -> None:
    strip = np.full((120, 40_000, 3), 9, np.uint8)
    assert (align(strip, (TEMPLATE + np.array([39_000, 0])).astype(np.float32)) == 9).all()


def test_only_faces_enlarged_more_than_twice_are_enlarged_cubically() -> None:
    points = TEMPLATES["arcface-112"]
    pixels = np.random.default_rng(5).integers(0, 256, (112, 112, 3), np.uint8)
    for scale, differs in ((1.0, False), (0.51, False), (0.49, True)):
        plain, cubic = (align(pixels, points * np.float32(scale), cubic=chosen) for chosen in (False, True))
        assert (plain != cubic).any() == differs, scale


@pytest.mark.parametrize(
    ("scale", "margin", "halvings"), [(2.0, 3, 0), (1.0, 4, 0), (0.5, 6, 0), (0.49, 7, 1), (0.25, 10, 1), (0.2, 12, 2)]
)
def test_the_part_that_is_shown_has_two_pixels_more_on_each_side_of_both(
    scale: float, margin: int, halvings: int
) -> None:
    """Of a picture whose pixels tell where they are; the square of 20 pixels begins at 100, 120."""
    rows, columns = np.mgrid[:400, :400]
    pixels = np.stack([columns // 2, rows // 2, columns * 0], axis=2).astype(np.uint8)
    matrix = np.array([[scale, 0, -100 * scale], [0, scale, -120 * scale]])
    points = np.array([[100, 120], [110, 130], [120, 150], [104, 128], [108, 132]], np.float32)
    shown, moved = part_shown(pixels, points, matrix, 20)
    left, top = 100 - margin, 120 - margin
    factor = 2**halvings
    size = (margin + int(np.ceil(20 / scale)) + margin) // factor
    assert abs(shown.shape[0] - size) <= 1
    assert abs(shown.shape[1] - size) <= 1
    assert np.abs(moved - ((points - [left, top] + 0.5) / factor - 0.5)).max() < 1e-3
    if not halvings:
        assert shown.shape[:2] == (size, size)
        assert (shown == pixels[top : top + size, left : left + size]).all()


def test_a_part_of_one_line_is_not_halved() -> None:
    points = np.array([[100, 0], [110, 0], [120, 0], [104, 0], [108, 0]], np.float32)
    matrix = np.array([[0.1, 0, -10], [0, 0.1, 0]])
    assert part_shown(np.zeros((1, 400, 3), np.uint8), points, matrix, 20)[0].shape[0] == 1
    assert part_shown(np.zeros((2, 400, 3), np.uint8), points, matrix, 20)[0].shape[0] == 1
    assert part_shown(np.zeros((3, 400, 3), np.uint8), points, matrix, 20)[0].shape[0] == 1
