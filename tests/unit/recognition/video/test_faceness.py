"""A second look at tracks: faces are faces at every size and right angle, hands beside them are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.factories.models import collins, engine, hopper

from plainview.recognition.quality import assess
from plainview.recognition.video.faceness import (
    ARM,
    AWAY,
    FACE,
    MARGIN,
    TURNED_FACE,
    TURNS,
    beside,
    faceness,
    is_away,
    turn_of,
    turned,
    turns_seen,
    unturned,
)
from plainview.recognition.video.still import make_still
from plainview.recognition.video.types import Frame, Still, Track


def still(degrees: int = 0) -> Still:
    """Hopper's face in a picture that must be turned by so many degrees to be upright."""
    pixels = turned(hopper().pixels, (360 - degrees) % 360)
    upright = engine().glance(hopper().pixels)[0]
    height, width = hopper().pixels.shape[:2]
    box = unturned(upright.box, (width, height), degrees)
    return make_still(Frame(0, pixels, ""), replace(upright, box=box), assess(hopper().pixels, upright))


@pytest.mark.parametrize("degrees", TURNS)
def test_the_turn_of_a_face_is_recognised(degrees: int) -> None:
    assert turn_of(engine(), [still(degrees)]) == degrees


@pytest.mark.parametrize("degrees", TURNS)
def test_frames_are_looked_at_at_each_right_angle(degrees: int) -> None:
    frame = turned(collins().pixels, (360 - degrees) % 360)
    seen = turns_seen(engine(), [frame, frame], 640)
    assert degrees == 0 or degrees in seen
    assert turns_seen(engine(), [], 640) == set()


def test_a_face_is_one_at_every_size_and_a_texture_is_none() -> None:
    assert faceness(engine(), [still()]) > 0.85
    noise = np.random.default_rng(1).integers(0, 255, (192, 192, 3), dtype=np.uint8)
    assert faceness(engine(), [replace(still(), thumbnail=noise)]) < 0.3


@pytest.mark.parametrize("degrees", TURNS)
def test_a_box_of_a_turned_frame_comes_back(degrees: int) -> None:
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[10:30, 20:50] = 255
    view = turned(pixels, degrees)
    rows, columns = np.nonzero(view[:, :, 0])
    box = (columns.min(), rows.min(), columns.max() - columns.min() + 1, rows.max() - rows.min() + 1)
    assert unturned(tuple(map(float, box)), (view.shape[1], view.shape[0]), degrees) == (20, 10, 30, 20)


@pytest.mark.parametrize(("first", "x", "hand"), [(50, 600, True), (50, 601, False), (100, 600, True), (101, 0, False)])
def test_a_hand_is_within_an_arm_of_a_face_that_is_visible(first: int, x: float, hand: bool) -> None:
    face = Track(0, 100, (0, 100), (0, 0, 100, 100), (0, 0, 100, 100), (), np.zeros(2, np.float32))
    other = replace(face, first=first, last=first + 50, first_box=(x, 0, 100, 100), last_box=(x, 0, 100, 100))
    assert beside(other, face) is hand


@pytest.mark.parametrize(("yaws", "away"), [((45, -60), True), ((44, 80), False)])
def test_a_head_is_away_when_every_still_is(yaws: tuple[float, ...], away: bool) -> None:
    one = still()
    stills = [
        replace(one, quality=replace(one.quality, components=one.quality.components | {"yaw": yaw})) for yaw in yaws
    ]
    assert is_away(stills) is away


def test_the_lines_that_were_measured() -> None:
    assert (FACE, TURNED_FACE, MARGIN, AWAY, ARM) == (0.7, 0.8, 0.02, 45.0, 6.0)
