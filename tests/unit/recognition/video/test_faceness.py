"""A second look at tracks: faces are faces at every size and right angle, hands beside them are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.factories.models import collins, engine, hopper

from plainview.recognition.quality import assess
from plainview.recognition.types import Detection
from plainview.recognition.video.faceness import (
    ARM,
    AWAY,
    FACE,
    MARGIN,
    TURNED_FACE,
    TURNS,
    _central,
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


class Looks:
    """An engine that sees one face in every view."""

    def __init__(self, box: tuple[float, float, float, float]) -> None:
        self.box, self.asked = box, list[tuple[tuple[int, ...], int, float]]()

    def glance(self, view: np.ndarray, longest: int, lowest: float = 0.0) -> list[Detection]:
        self.asked.append((view.shape, longest, lowest))
        return [Detection(self.box, np.zeros((5, 2), np.float32), 0.75)]


@pytest.mark.parametrize(
    ("middle", "seen"),
    [((96, 96), True), ((143, 96), True), ((144, 96), False), ((96, 49), True), ((96, 48), False), ((49, 143), True)],
)
def test_a_face_of_a_still_is_about_its_middle(middle: tuple[int, int], seen: bool) -> None:
    for width, height in ((30, 20), (8, 50)):
        looks = Looks((middle[0] - width / 2, middle[1] - height / 2, width, height))
        assert _central(looks, np.zeros((192, 192, 3), np.uint8), 192) == (0.75 if seen else 0.0)  # type: ignore[arg-type]


def test_the_first_two_stills_are_looked_at_in_three_sizes() -> None:
    looks = Looks((36, 36, 20, 20))  # of the largest it is not in the middle
    assert faceness(looks, [still()] * 3) == pytest.approx(0.5)  # type: ignore[arg-type]
    assert looks.asked == [((side, side, 3), side, 0.1) for side in (96, 128, 192)] * 2
