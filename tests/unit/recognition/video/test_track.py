"""Following faces: what lies where it must be goes on, what does not is kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.recognition.types import Detection, Quality
from plainview.recognition.video import track as tracking
from plainview.recognition.video.still import best_of
from plainview.recognition.video.track import (
    LOST_AFTER,
    MIN_IOU,
    REACH,
    SAME_FACE,
    SAME_SIZE,
    SURE_SCORE,
    Open,
    Tracker,
    iou,
    near,
)
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


def test_a_box_goes_on_as_between_its_last_two_sightings_for_at_most_as_long_again() -> None:
    track = Open([100, 110], [(0.0, 5.0, 40.0, 50.0), (10.0, 2.0, 44.0, 52.0)])
    places = [track.expected(pts)[:2] for pts in (110, 115, 120, 130, 131)]
    assert places == [(10, 2), (15, 0.5), (20, -1), (30, -4), (30, -4)]
    assert track.expected(120)[2:] == (44, 52)
    assert Open([100], [(1.0, 2.0, 3.0, 4.0)]).expected(900) == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("other", "together"),
    [
        ((300, 0, 100, 100), True),
        ((301, 0, 100, 100), False),
        ((0, -300, 100, 100), True),
        ((0, -301, 100, 100), False),
        ((-30, 0, 160, 160), True),
        ((-30, 0, 161, 161), False),
        ((0, 0, 62.5, 62.5), True),
        ((0, 0, 62, 62), False),
        ((450, 0, 160, 100), True),
        ((451, 0, 160, 100), False),
    ],
)
def test_boxes_are_near_up_to_three_widths_and_a_ratio_of_1_6(
    other: tuple[float, float, float, float], together: bool
) -> None:
    assert near((0, 0, 100, 100), other) is together
    assert near(other, (0, 0, 100, 100)) is together


@pytest.mark.parametrize(
    ("other", "share"),
    [
        ((0, 0, 10, 10), 1),
        ((5, 0, 10, 10), 1 / 3),
        ((0, -5, 10, 10), 1 / 3),
        ((5, 5, 10, 10), 25 / 175),
        ((2, 2, 5, 4), 0.2),
        ((10, 0, 10, 10), 0),
        ((20, 20, 10, 10), 0),
        ((-20, 5, 10, 10), 0),
    ],
)
def test_the_shared_part_of_two_boxes(other: tuple[float, float, float, float], share: float) -> None:
    assert iou((0, 0, 10, 10), other) == iou(other, (0, 0, 10, 10)) == pytest.approx(share)
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_a_track_ends_after_1_2_seconds_without_a_sighting() -> None:
    tracker = Tracker(lambda still: np.zeros(1, np.float32), 1000)
    tracker.open = [Open([0, 100], []), Open([101], [])]
    tracker._end_lost(1300)
    assert [len(tracker.open), len(tracker.ended)] == [2, 0]
    assert tracker.unsure
    tracker._end_lost(1301)
    assert [track.seen for track in tracker.ended] == [[0, 100]]
    tracker.finish()
    assert [len(tracker.open), len(tracker.ended)] == [0, 2]
    assert not tracker.unsure


def test_the_limits_that_were_chosen() -> None:
    assert (MIN_IOU, REACH, SAME_SIZE, SAME_FACE, LOST_AFTER, SURE_SCORE) == (0.3, 3.0, 1.6, 0.3, 1.2, 0.8)


def test_a_face_belongs_to_one_track_and_a_track_to_one_face(tracker: Tracker) -> None:
    """Each of two faces overlaps both tracks: the pair that overlaps most goes first, the others have what is left."""
    tracker.look(Frame(0, PIXELS, ""), [face(100), face(110)])
    tracker.look(Frame(20, PIXELS, ""), [face(109), face(101)])
    assert seen(tracker) == [[100, 101], [110, 109]]


def test_two_faces_at_one_track_are_it_and_a_new_one(tracker: Tracker) -> None:
    tracker.look(Frame(0, PIXELS, ""), [face(100)])
    tracker.look(Frame(20, PIXELS, ""), [face(112), face(101), face(90)])
    assert sorted(seen(tracker)) == [[90], [100, 101], [112]]


def test_a_face_that_lies_where_it_must_be_goes_on_whatever_its_template(tracker: Tracker) -> None:
    tracker.look(Frame(0, PIXELS, ""), [face(100, y=190), face(300, y=190)])
    tracker.look(Frame(20, PIXELS, ""), [face(301, y=205), face(101, y=205)])
    assert seen(tracker) == [[100, 101], [300, 301]]
