"""Following faces: what lies where it must be goes on, what does not is kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.recognition.types import Detection, Quality
from plainview.recognition.video import track as tracking
from plainview.recognition.video.still import best_of
from plainview.recognition.video.track import Tracker, iou, near
from plainview.recognition.video.types import Frame, Still

SECOND = 100
PIXELS = np.full((400, 1000, 3), 120, np.uint8)
POINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)


def face(x: float, y: float = 100, side: float = 50, score: float = 0.9) -> Detection:
    return Detection((x, y, side, side), POINTS * side + np.array([x, y], np.float32), score)


def unit(*values: float) -> np.ndarray:
    row = np.array(values, np.float32)
    return row / np.linalg.norm(row)


def looks_by_height(still: Still) -> np.ndarray:
    """The person is told by the row in which the face lies."""
    return unit(1, 0) if still.detection.box[1] < 200 else unit(0, 1)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(looks_by_height, SECOND)


def seen(tracker: Tracker) -> list[list[float]]:
    tracker.finish()
    return [[box[0] for box in track.boxes] for track in tracker.ended]


def test_a_walking_face_is_one_track(tracker: Tracker) -> None:
    for i in range(6):
        tracker.look(Frame(i * 20, PIXELS, ""), [face(100 + 40 * i)])
    assert len(seen(tracker)) == 1


def test_a_fast_one_that_looks_alike_goes_on_and_a_stranger_does_not(tracker: Tracker) -> None:
    tracker.look(Frame(0, PIXELS, ""), [face(100)])
    tracker.look(Frame(20, PIXELS, ""), [face(220)])
    tracker.look(Frame(40, PIXELS, ""), [face(340, y=210)])
    assert seen(tracker) == [[100, 220], [340]]


def test_two_that_pass_each_other_keep_their_own(tracker: Tracker) -> None:
    for i in range(8):
        tracker.look(Frame(i * 10, PIXELS, ""), [face(100 + 20 * i, y=100), face(240 - 20 * i, y=150)])
    assert [(row[0], row[-1]) for row in seen(tracker)] == [(100, 240), (240, 100)]


def test_a_cut_and_a_long_absence_end_a_track(tracker: Tracker) -> None:
    tracker.look(Frame(0, PIXELS, ""), [face(100)])
    tracker.look(Frame(20, PIXELS, "", cut=True), [face(100)])
    tracker.look(Frame(20 + 121, PIXELS, ""), [face(100)])
    assert len(seen(tracker)) == 3


def test_too_small_a_face_is_no_track_and_a_new_one_makes_it_unsure(tracker: Tracker) -> None:
    tracker.look(Frame(0, PIXELS, ""), [face(100, side=15)])
    assert not tracker.unsure
    tracker.look(Frame(20, PIXELS, ""), [face(100)])
    assert tracker.unsure
    tracker.look(Frame(40, PIXELS, ""), [face(101)])
    assert not tracker.unsure


def test_the_best_still_of_each_second_is_kept() -> None:
    def still(pts: int, quality: int) -> Still:
        return Still(pts, "", face(0), Quality(quality), (10, 10), False, PIXELS, PIXELS)

    rows = [still(i * 10, 50 + i % 7) for i in range(200)] + [still(1234, 99)]
    kept = best_of(rows, SECOND)
    assert len(kept) == 8
    assert kept[0].quality.overall == 99
    assert len({row.pts // SECOND for row in kept}) == 8
    assert best_of(kept, SECOND) == kept


def test_geometry() -> None:
    assert iou((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert iou((0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert iou((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0
    assert near((0, 0, 50, 50), (150, 0, 50, 50))
    assert not near((0, 0, 50, 50), (160, 0, 50, 50))
    assert not near((0, 0, 50, 50), (10, 0, 90, 90))
    assert tracking.SAME_FACE < 0.363
