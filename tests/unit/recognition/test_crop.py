"""Faces that are shown together are at one scale, upright, and nothing but moved, turned and scaled."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.factories.models import collins, engine, hopper, picture, scaled, turned

from plainview.recognition.crop import EYES, SURROUND, aligned_square, face_square, surroundings, within
from plainview.recognition.types import Picture, Points

SIDE = 640


def eyes_of(source: Picture, points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the eyes end up in the square: dots painted at their points, found again."""
    found = []
    for point in points[:2]:
        dot = np.zeros_like(source.pixels)
        cv2.circle(dot, (round(float(point[0])), round(float(point[1]))), 4, (255, 255, 255), -1)
        shown = aligned_square(dot, points, SIDE)
        rows, columns = np.nonzero((shown > 180).all(axis=2))
        found.append(np.array([columns.mean(), rows.mean()]))
    return found[0], found[1]


@pytest.mark.parametrize(
    "source",
    [collins(), hopper(), scaled(collins(), 0.6), scaled(hopper(), 2.5), turned(collins(), 25)],
    ids=["collins", "hopper", "small", "large", "turned"],
)
def test_eyes_are_level_and_equally_far_apart_whatever_the_picture(source: Picture) -> None:
    points = engine().faces(source)[0].detection.points
    shown = aligned_square(source.pixels, points, SIDE)
    assert (shown.shape, shown.dtype) == ((SIDE, SIDE, 3), np.uint8)
    left, right = eyes_of(source, points)
    across, down = right - left
    assert abs(across / (EYES * SIDE) - 1) < 0.03  # the dots are painted at whole pixels
    assert abs(down) < 0.01 * SIDE
    assert abs((left[0] + right[0]) / 2 - SIDE / 2) < 0.01 * SIDE


def test_two_renderings_of_one_picture_become_the_same_square() -> None:
    points = engine().faces(hopper())[0].detection.points
    first = aligned_square(hopper().pixels, points, SIDE).astype(int)
    second = aligned_square(scaled(hopper(), 1.5).pixels, points * 1.5 + 0.25, SIDE).astype(int)
    assert np.abs(first - second).mean() < 6


def test_what_lies_outside_is_grey() -> None:
    points = engine().faces(hopper())[0].detection.points
    gone = aligned_square(hopper().pixels, points + 10_000, 64)
    assert (gone == SURROUND).all()
    corner = aligned_square(hopper().pixels, points - points.mean(axis=0), SIDE)
    assert (corner[0, 0] == SURROUND).all()
    assert not (corner == SURROUND).all()


def test_a_head_turned_to_the_side_is_not_blown_up() -> None:
    points = engine().faces(hopper())[0].detection.points.copy()
    points[:, 0] = points[:, 0].mean() + (points[:, 0] - points[:, 0].mean()) * 0.3
    left, right = eyes_of(hopper(), points)
    assert np.hypot(*(right - left)) < 0.7 * EYES * SIDE  # by the eyes alone it would be all of it


def test_points_that_are_all_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="similarity"):
        aligned_square(hopper().pixels, np.ones((5, 2), np.float32), 64)


def test_a_box_is_shown_in_the_middle() -> None:
    shown = face_square(hopper().pixels, engine().faces(hopper())[0].detection.box, SIDE)
    x, y, width, height = engine().faces(picture(shown))[0].detection.box
    assert abs(x + width / 2 - SIDE / 2) < 0.06 * SIDE
    assert abs(y + height / 2 - SIDE / 2) < 0.06 * SIDE


@pytest.mark.parametrize(
    ("shape", "longest", "expected"),
    [
        ((40, 100), 50, (20, 50)),
        ((100, 40), 50, (50, 20)),
        ((40, 100), 100, (40, 100)),
        ((40, 100), 300, (40, 100)),
        ((1, 1000), 10, (1, 10)),
        ((1000, 1), 10, (10, 1)),
    ],
)
def test_a_picture_is_scaled_down_to_its_longer_side_and_never_up(
    shape: tuple[int, int], longest: int, expected: tuple[int, int]
) -> None:
    assert within(np.zeros((*shape, 3), np.uint8), longest).shape[:2] == expected


@pytest.mark.parametrize("box", [(40, 30, 20, 20), (45, 30, 10, 20), (40, 35, 20, 10)])
def test_the_square_is_twice_the_longer_side_of_the_box_about_its_middle(box: tuple[int, int, int, int]) -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[30:50, 40:60] = 255
    shown = face_square(pixels, box, 40)
    rows, columns = np.nonzero((shown > 128).all(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 10, 29)


def test_the_part_of_a_box_beyond_the_picture_is_grey() -> None:
    shown = face_square(np.zeros((20, 20, 3), np.uint8), (-10, 0, 20, 20), 40)
    assert (shown[20, :15] == SURROUND).all()
    assert (shown[20, 25:35] == 0).all()


@pytest.mark.parametrize("box", [(160, 160, 320, 320), (400, 160, 320, 320)], ids=["inside", "over the edge"])
def test_a_large_face_is_made_smaller_by_averaging(box: tuple[int, int, int, int]) -> None:
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    shown = face_square(stripes, box, 160).astype(int)
    assert np.abs(shown - 128).max() <= 8  # leaving pixels out would show black and white


def test_surroundings_are_the_colours_of_each_quarter_row_by_row() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    colours = [(10, 20, 30), (40, 50, 60), (70, 80, 90), (100, 110, 120)]
    for colour, (row, column) in zip(colours, [(0, 0), (0, 100), (100, 0), (100, 100)], strict=True):
        pixels[row : row + 100, column : column + 100] = colour
    seen = np.array(surroundings(pixels, (50, 50, 100, 100))).reshape(4, 2, 3)
    assert seen[:, 0].round().tolist() == [list(colour) for colour in colours]
    assert (seen[:, 1] < 4).all()


def test_surroundings_spread_as_their_colours_do() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:, :, 1] = np.where(np.arange(200) % 40 < 20, 100, 140)[np.newaxis, :]
    seen = np.array(surroundings(pixels, (50, 50, 100, 100))).reshape(4, 2, 3)
    assert np.abs(seen[:, 1, 1] - 20).max() < 3
    assert (seen[:, 1, [0, 2]] == 0).all()


@pytest.mark.parametrize(("across", "down", "counts"), [(0.29, 0.39, False), (0.35, 0.39, True), (0.29, 0.45, True)])
def test_the_face_itself_is_no_surrounding(across: float, down: float, counts: bool) -> None:
    pixels = np.full((400, 400, 3), 90, np.uint8)
    plain = surroundings(pixels, (100, 100, 200, 200))
    cv2.ellipse(pixels, (200, 200), (round(400 * across), round(400 * down)), 0, 0, 360, (250, 250, 250), -1)
    assert (surroundings(pixels, (100, 100, 200, 200)) != plain) is counts
    assert plain == (90.0, 90.0, 90.0, 0.0, 0.0, 0.0) * 4


GRADIENT = np.random.default_rng(2).integers(0, 120, (40, 50, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("box", "shown", "seen"),
    [
        ((10, 10, 20, 20), (slice(0, 40), slice(0, 40)), (slice(0, 40), slice(0, 40))),
        ((-10, -20, 20, 20), (slice(30, 40), slice(20, 40)), (slice(0, 10), slice(0, 20))),
        ((40, 35, 20, 20), (slice(0, 15), slice(0, 20)), (slice(25, 40), slice(30, 50))),
        ((-29, 10, 20, 20), (slice(0, 40), slice(39, 40)), (slice(0, 40), slice(0, 1))),  # one column
        ((-30, 10, 20, 20), (slice(0, 0), slice(0, 0)), (slice(0, 0), slice(0, 0))),  # none
        ((10, 50, 20, 20), (slice(0, 0), slice(0, 0)), (slice(0, 0), slice(0, 0))),
    ],
)
def test_at_its_own_size_a_face_is_shown_pixel_by_pixel_and_grey_beyond(
    box: tuple[int, int, int, int], shown: tuple[slice, slice], seen: tuple[slice, slice]
) -> None:
    square = face_square(GRADIENT, box, 40)
    expected = np.full((40, 40, 3), SURROUND, np.uint8)
    expected[shown] = GRADIENT[seen]
    assert (square == expected).all()


def test_a_face_of_twice_the_size_is_shown_by_means_of_four() -> None:
    square = face_square(GRADIENT, (10, 10, 20, 20), 20).astype(int)
    means = GRADIENT[:, :40].reshape(20, 2, 20, 2, 3).mean(axis=(1, 3))
    assert np.abs(square - means).max() <= 1


@pytest.mark.parametrize("corner", [(-40, 5), (5, -40), (40, 5), (5, 40), (-15, 5), (5, 25), (-40, -40)])
def test_a_box_wholly_beyond_the_picture_is_all_grey(corner: tuple[int, int]) -> None:
    white = np.full((20, 20, 3), 255, np.uint8)
    assert (face_square(white, (*corner, 10, 10), 200) == SURROUND).all()
