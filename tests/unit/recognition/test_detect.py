"""Finding faces: at every size, in order, in original pixels, and never an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from tests.factories import models

from plainview.recognition import detect as detecting
from plainview.recognition.detect import MIN_SCORE, Detector, merge
from plainview.recognition.types import Detection, Picture, Pixels

HOPPER_BOX = (183, 120, 170, 213)  # x, y, width, height as OpenCV's own FaceDetectorYN finds it


def _detect(pixels: Pixels, **options: float) -> list[Detection]:
    return models.engine().detector.detect(pixels, **options)


def _grid(tile: int, columns: int, rows: int) -> Pixels:
    """A crowd: the same two people again and again."""
    faces = [models.hopper().pixels[60:400, 100:440], models.collins().pixels[20:220, 120:320]]
    small = [cv2.resize(face, (tile, tile), interpolation=cv2.INTER_AREA) for face in faces]
    return np.vstack([np.hstack([small[(row + column) % 2] for column in range(columns)]) for row in range(rows)])


def test_one_face_in_each_portrait() -> None:
    (hopper,) = _detect(models.hopper().pixels)
    np.testing.assert_allclose(hopper.box, HOPPER_BOX, atol=5)
    assert hopper.score > 0.9
    assert hopper.points.dtype == np.float32
    (left_eye, right_eye, nose, left_mouth, right_mouth) = hopper.points
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert len(_detect(models.collins().pixels)) == 1


@pytest.mark.parametrize("factor", [0.1, 0.15, 0.4, 0.7, 1.3, 2.2, 2.51, 5.0])
def test_box_and_points_are_in_pixels_of_the_original_at_every_size(factor: float) -> None:
    (native,) = _detect(models.hopper().pixels)
    (found,) = _detect(models.scaled(models.hopper(), factor).pixels)
    tolerance = 0.06 * native.box[2] * factor + 1.5
    np.testing.assert_allclose(found.box, np.array(native.box) * factor, rtol=0, atol=tolerance * 1.5)
    np.testing.assert_allclose(found.points, native.points * factor, rtol=0, atol=tolerance)


def test_a_face_that_fills_a_large_picture_is_found_once_with_a_small_one_beside_it() -> None:
    """At 1280 pixels YuNet sees the small face and parts of the large one; at 320 the large one alone."""
    canvas = np.full((2000, 2600, 3), 90, np.uint8)
    close_up = models.hopper().pixels[110:345, 165:370]
    canvas[25:1975, 30:1731] = cv2.resize(close_up, (1701, 1950), interpolation=cv2.INTER_CUBIC)
    canvas[1500:1700, 2200:2400] = models.collins().pixels[20:220, 120:320]
    first, second = _detect(canvas)
    assert first.box[2] > 1300
    assert 60 < second.box[2] < 130
    assert second.box[0] > 2200


@pytest.mark.parametrize(("tile", "columns", "rows"), [(60, 20, 10), (250, 20, 10), (200, 3, 3)])
def test_every_face_of_a_crowd_is_found(tile: int, columns: int, rows: int) -> None:
    found = _detect(_grid(tile, columns, rows))
    cells = {
        (int(box[0] + box[2] / 2) // tile, int(box[1] + box[3] / 2) // tile) for box in (face.box for face in found)
    }
    assert len(cells) == columns * rows
    areas = [face.box[2] * face.box[3] for face in found]
    assert areas == sorted(areas, reverse=True)


@pytest.mark.parametrize("degrees", [-40, -20, 20, 40])
def test_the_points_of_a_tilted_face_are_turned_with_it(degrees: float) -> None:
    upright, tilted = (
        _detect(models.hopper().pixels)[0],
        _detect(models.turned(models.hopper(), degrees).pixels)[0],
    )

    def angle(face: Detection) -> float:
        across = face.points[1] - face.points[0] + face.points[4] - face.points[3]
        return float(np.degrees(np.arctan2(across[1], across[0])))

    assert angle(tilted) - angle(upright) == pytest.approx(degrees, abs=8)


def test_a_doubtful_face_counts_only_where_no_other_does() -> None:
    covered = models.hopper().pixels.copy()
    covered[215:345, 170:370] = 30
    blurred = cv2.GaussianBlur(covered, (0, 0), 9)[80:420, 60:380]
    (doubtful,) = _detect(blurred)
    assert detecting.SECOND_LOOK_SCORE <= doubtful.score < MIN_SCORE
    both = np.zeros((340, 640, 3), np.uint8)
    both[:, :320] = blurred
    both[:320, 320:] = models.scaled(models.collins(), 0.625).pixels
    (sure,) = _detect(both)
    assert sure.score >= MIN_SCORE
    assert sure.box[0] > 320


def test_a_higher_threshold_still_ends_with_the_second_look() -> None:
    (found,) = _detect(models.hopper().pixels, min_score=0.999)
    assert found.score < 0.999


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (20, 10_000), (10_000, 20), (31, 33), (0, 10), (40_000, 3)])
@pytest.mark.parametrize("value", [0, 255])
def test_pictures_without_a_face_have_an_empty_list(size: tuple[int, int], value: int) -> None:
    assert _detect(np.full((*size, 3), value, np.uint8)) == []


def test_noise_is_not_an_error() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert all(face.score < MIN_SCORE for face in _detect(noise))


def test_the_same_picture_gives_the_same_list() -> None:
    crowd = _grid(70, 9, 5)
    first, second = _detect(crowd), _detect(crowd.copy())
    assert [(face.box, face.score, face.points.tobytes()) for face in first] == [
        (face.box, face.score, face.points.tobytes()) for face in second
    ]


def test_a_view_of_a_larger_picture_is_read_as_it_is_shown() -> None:
    whole = models.hopper().pixels
    flipped = whole[:, ::-1]
    (found,) = _detect(flipped)
    assert found.box[0] == pytest.approx(512 - HOPPER_BOX[0] - HOPPER_BOX[2], abs=6)


class _Raw:
    """A network whose raw outputs are what a test says at stride 8 of the first look; nothing else."""

    def __init__(self, cells: dict[int, tuple[float, float, list[float], list[float]]]) -> None:
        self.cells = cells

    def run(self, _names: list[str] | None, feed: dict[str, Any]) -> list[np.ndarray]:
        height, width = feed["input"].shape[2:]
        outputs = []
        for stride in (8, 16, 32):
            count = (height // stride) * (width // stride)
            block = [np.zeros((1, count, n), np.float32) for n in (1, 1, 4, 10)]
            for cell, values in self.cells.items() if stride == 8 and count > max(self.cells) else ():
                for array, value in zip(block, values, strict=True):
                    array[0, cell] = value
            outputs += block
        return outputs


def test_raw_outputs_become_pixels_by_yunets_arithmetic() -> None:
    # Cell 9 of a picture 64 pixels wide: column 1, row 1 of a grid of 8 columns.
    raw = _Raw({9: (0.9025, 1.0, [0.5, 0.25, float(np.log(4)), float(np.log(2))], [0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1])})
    (face,) = Detector(raw).detect(np.zeros((128, 64, 3), np.uint8))
    assert face.score == pytest.approx(0.95)
    assert face.box == pytest.approx((12 - 16, 10 - 8, 32, 16))
    assert face.points.tolist() == [[8, 8], [16, 8], [12, 12], [8, 16], [16, 16]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("wild", [np.nan, np.inf, 1e30])
def test_wild_outputs_are_no_faces(wild: float) -> None:
    points = [wild, 0.0] * 5
    same = [0.5] * 10
    cells = {
        3: (1.0, 1.0, [0.0] * 4, points),
        9: (1.0, 1.0, [0.0] * 4, same),
        20: (np.nan, 1.0, [0.0] * 4, points),
    }
    assert Detector(_Raw(cells)).detect(np.zeros((64, 64, 3), np.uint8)) == []


def test_scores_above_1_are_cut() -> None:
    points = [0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1]
    (face,) = Detector(_Raw({9: (1.5, 1.2, [0.0] * 4, points)})).detect(np.zeros((64, 64, 3), np.uint8))
    assert face.score == 1.0


def _rows(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Candidates whose points are the corners and the middle of their boxes."""
    x, y, w, h = boxes.T
    points = [x, y, x + w, y, x + w / 2, y + h / 2, x, y + h, x + w, y + h]
    return np.column_stack([boxes, *points, scores]).astype(np.float32)


def test_overlapping_candidates_become_one_face_with_the_mean_of_the_close_ones() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 10, 10], [50, 50, 10, 10], [6, 1, 10, 10]], np.float32)
    first, second = merge(_rows(boxes, np.array([0.45, 0.9, 0.7, 0.4])))
    # Box 0 shares 81 of 119 with box 1: close. Box 3 shares 50 of 150: the same face, too far off to count.
    np.testing.assert_allclose(first[:4], [2 / 3, 2 / 3, 10, 10], atol=1e-4)
    np.testing.assert_allclose(first[4:6], [2 / 3, 2 / 3], atol=1e-4)
    assert first[14] == np.float32(0.9)
    np.testing.assert_allclose(second[:4], boxes[2])
    assert second[14] == np.float32(0.7)


@pytest.mark.parametrize(("inner_score", "faces"), [(0.6, 1), (0.85, 2)])
def test_a_doubtful_box_within_a_face_is_a_part_of_it(inner_score: float, faces: int) -> None:
    boxes = np.array([[0, 0, 100, 100], [30, 30, 30, 30]], np.float32)
    assert len(merge(_rows(boxes, np.array([0.9, inner_score])))) == faces


def test_faces_side_by_side_stay_two() -> None:
    boxes = np.array([[0, 0, 10, 10], [6, 0, 10, 10]], np.float32)  # 40 of 160 shared
    assert len(merge(_rows(boxes, np.array([0.9, 0.8])))) == 2
    assert merge(np.empty((0, 15), np.float32)).shape == (0, 15)


@settings(max_examples=100, deadline=None)
@given(st_numpy.arrays(np.float32, (12, 4), elements=st.floats(1, 50, width=32)), st.integers(0, 1000))
def test_every_candidate_is_a_face_or_overlaps_a_better_one(boxes: np.ndarray, seed: int) -> None:
    scores = np.random.default_rng(seed).random(12).astype(np.float32)
    faces = merge(_rows(boxes, scores))
    kept = [int(np.flatnonzero(scores == face[14])[0]) for face in faces]
    assert list(faces[:, 14]) == sorted(faces[:, 14], reverse=True)

    def overlap(a: np.ndarray, b: np.ndarray) -> float:
        wide = max(0.0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
        high = max(0.0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
        shared = float(wide * high)
        return shared / (float(a[2] * a[3] + b[2] * b[3]) - shared)

    def overlaps_or_holds(i: int, j: int) -> bool:
        iou = overlap(boxes[i], boxes[j])
        areas = [float(boxes[k, 2] * boxes[k, 3]) for k in (i, j)]
        shared = iou * sum(areas) / (1 + iou)
        return iou > 0.3 - 1e-4 or shared > (0.8 - 1e-4) * areas[0]

    assert all(overlap(boxes[i], boxes[j]) <= 0.3 + 1e-4 for i in kept for j in kept if i < j)
    for i in set(range(12)) - set(kept):
        assert any(scores[j] >= scores[i] and overlaps_or_holds(i, j) for j in kept)


@pytest.mark.parametrize("source", [models.hopper, models.collins])
def test_steady_points_do_not_depend_on_where_the_first_ones_lay(source: Callable[[], Picture]) -> None:
    pixels = source().pixels
    first = _detect(pixels)[0].points
    steady = models.engine().detector.steady(pixels, first)
    reach = float(np.hypot(*(first[1] - first[0])))
    assert steady.dtype == np.float32
    assert np.abs(steady - first).max() < 0.12 * reach
    shaken = first + np.random.default_rng(1).normal(0, 0.05 * reach, first.shape).astype(np.float32)
    again = models.engine().detector.steady(pixels, shaken)
    assert np.abs(again - steady).max() < 0.5 * np.abs(shaken - first).max()


def test_steady_points_of_the_mirror_image_are_mirrored() -> None:
    pixels = models.hopper().pixels
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    detector = models.engine().detector
    back = detector.steady(mirrored, _detect(mirrored)[0].points)[[1, 0, 2, 4, 3]]
    back[:, 0] = pixels.shape[1] - 1 - back[:, 0]
    assert np.abs(back - detector.steady(pixels, _detect(pixels)[0].points)).max() < 5.0  # the eyes are 85 pixels apart


def test_where_nothing_is_seen_the_points_stay() -> None:
    points = models.random_points(3)
    assert models.engine().detector.steady(np.zeros((300, 300, 3), np.uint8), points) is points
    with pytest.raises(ValueError, match="not all the same"):
        models.engine().detector.steady(np.zeros((300, 300, 3), np.uint8), np.ones((5, 2), np.float32))


def test_a_glance_finds_what_is_plain_and_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = models.engine().detector
    plain = models.collins().pixels
    (found,) = detector.glance(plain)
    assert found.box == detector.detect(plain)[0].box
    looks: list[float] = []
    real = detector._look
    monkeypatch.setattr(detector, "_look", lambda pixels, scale, low: looks.append(scale) or real(pixels, scale, low))
    assert detector.glance(np.full((360, 640, 3), 90, np.uint8)) == []
    assert looks == [1.0]


def test_a_quick_glance_at_a_large_frame_has_boxes_in_its_pixels() -> None:
    frame = np.full((1080, 1920, 3), 90, np.uint8)
    frame[300:812, 700:1212] = models.collins().pixels
    (whole,), (quick,) = models.engine().glance(frame), models.engine().glance(frame, 960)
    assert quick.box == pytest.approx(whole.box, abs=12)


@pytest.mark.parametrize(
    ("longest", "scales"),
    [
        (1280, ((1.0, 0.25), (0.5,))),
        (641, ((1.0, 320 / 641), (640 / 641,))),
        (640, ((1.0,), (0.5,))),
        (321, ((1.0,), (0.5,))),
        (320, ((1.0,), (0.5,), (2.0,))),
        (101, ((1.0,), (0.5,), (2.0,))),
        (100, ((3.0,), (1.0,))),
    ],
)
def test_the_sizes_at_which_a_picture_is_looked_at(longest: int, scales: tuple[tuple[float, ...], ...]) -> None:
    assert detecting._scales(longest) == scales


def _face(score: float, x: float = 0.0, width: float = 40.0, height: float = 40.0, y: float = 0.0) -> Detection:
    return Detection((x, y, width, height), np.zeros((5, 2), np.float32), score)


def test_one_or_two_faces_below_point_eight_are_unsure() -> None:
    for scores, unsure in (
        ((0.79,), True),
        ((0.8,), False),
        ((0.1, 0.79), True),
        ((0.1, 0.8), False),
        ((0.1,) * 3, False),
    ):
        assert detecting._unsure([_face(score) for score in scores]) is unsure


def _candidate(score: float, x: float, y: float = 0.0, size: float = 10.0) -> np.ndarray:
    return _rows(np.array([[x, y, size, size]], np.float32), np.array([score]))


class _Looks(Detector):
    """A detector whose looks are told: (pixels' shape, scale, threshold) -> candidates; they are noted."""

    def __init__(self, told: Callable[[tuple[int, ...], float, float], np.ndarray]) -> None:
        super().__init__(_Raw({}))
        self.told, self.noted = told, list[tuple[tuple[int, ...], float, float]]()

    def _look(self, pixels: Pixels, scale: float, threshold: float) -> np.ndarray:
        self.noted.append((pixels.shape[:2], scale, threshold))
        rows = self.told(*self.noted[-1])
        return rows[rows[:, 14] >= threshold]


NONE = np.empty((0, 15), np.float32)


def test_a_picture_is_looked_at_again_until_a_face_is_seen_and_less_strictly_at_last() -> None:
    seen = {1.0: 0.4, 0.5: 0.5, 2.0: 0.0}
    pixels = np.zeros((200, 300, 3), np.uint8)
    detector = _Looks(lambda shape, scale, low: _candidate(seen[scale], 5 / scale) if shape == (200, 300) else NONE)
    assert [face.score for face in detector._detections(pixels, 0.6)] == [pytest.approx(0.4)]
    upright, turned = [((200, 300), scale, 0.3) for scale in (1.0, 0.5, 2.0)], [(300, 200), (300, 200), (200, 300)]
    assert detector.noted == [*upright, *((shape, 1.0, 0.83) for shape in turned)]
    seen[0.5] = 0.9
    detector.noted.clear()
    assert [face.score for face in detector._detections(pixels, 0.6)] == [pytest.approx(0.9)]
    assert detector.noted == upright[:2]
    detector.noted.clear()
    assert [face.score for face in detector._detections(pixels, 0.2)] == [pytest.approx(0.4)]  # as asked
    assert detector.noted[0] == ((200, 300), 1.0, 0.2)


def test_an_unsure_face_gives_way_to_one_that_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    detector = _Looks(lambda shape, scale, low: _candidate(0.79, 5))
    asked: list[float] = []
    monkeypatch.setattr(detector, "_lying", lambda pixels, threshold: asked.append(threshold) or [_face(0.9)])
    assert [face.score for face in detector._detections(pixels, 0.6)] == [0.9]
    monkeypatch.setattr(detector, "_lying", lambda pixels, threshold: asked.append(threshold) or [])
    assert [face.score for face in detector._detections(pixels, 0.7)] == [pytest.approx(0.79)]
    detector.told = lambda shape, scale, low: _candidate(0.8, 5)
    detector._detections(pixels, 0.6)
    assert asked == [0.83, 0.83]  # a sure one is not doubted
    detector.told = lambda shape, scale, low: NONE
    assert detector._detections(pixels, 0.9) == []
    assert asked == [0.83, 0.83, 0.9]


def test_of_three_turned_looks_the_surest_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    scores = {"90": 0.85, "-90": 0.9, "180": 0.87}
    which: list[str] = []

    def told(shape: tuple[int, ...], scale: float, threshold: float) -> np.ndarray:
        name = ("90", "-90", "180")[len(detector.noted) - 1]
        which.append(name)
        return _candidate(scores[name], 20, 30)

    detector = _Looks(told)
    monkeypatch.setattr(detector, "_seen_again", lambda turned, face: True)
    (face,) = detector._lying(pixels, 0.83)
    assert (which, face.score) == (["90", "-90", "180"], pytest.approx(0.9))
    assert face.box == pytest.approx((30, 170, 10, 10))  # 170 is 200 less 20 and 10
    detector.noted.clear()
    monkeypatch.setattr(detector, "_seen_again", lambda turned, face: len(detector.noted) != 2)
    (face,) = detector._lying(pixels, 0.83)
    assert face.box == pytest.approx((270, 160, 10, 10))


def _tilted(
    monkeypatch: pytest.MonkeyPatch, leans: list[float], rows: list[np.ndarray]
) -> tuple[list[Any], Detection, _Looks]:
    turns: list[Any] = []
    told, seen = iter(leans), iter(rows)
    matrix = cv2.getRotationMatrix2D
    monkeypatch.setattr(detecting, "lean", lambda points: next(told))
    monkeypatch.setattr(cv2, "getRotationMatrix2D", lambda *how: turns.append(how) or matrix(*how))
    detector = _Looks(lambda shape, scale, low: next(seen))
    face = Detection((100.0, 50.0, 60.0, 100.0), np.ones((5, 2), np.float32), 0.7)
    found = detector._straightened(np.zeros((300, 300, 3), np.uint8), face, 90)
    return turns, found, detector


MIDDLE = _rows(np.array([[60, 60, 40, 40]], np.float32), np.array([0.5]))
"""A face in the middle of the square of 160 pixels."""


@pytest.mark.parametrize(
    ("leans", "turns"),
    [
        ([93.0], []),  # degrees beside the turn of 90
        ([87.0], []),
        ([94.0, 1.5], [98.0]),
        ([86.0, -1.5], [82.0]),
        ([94.0, 2.0, 1.0], [98.0, 102.0]),
        ([94.0, 2.0, 2.0, 2.0], [98.0, 102.0, 106.0]),  # three looks are the most
        ([-93.5, 1.0], [90 + 2 * 176.5]),  # the shorter way round
    ],
)
def test_a_tilted_face_is_looked_at_upright_until_it_is(
    monkeypatch: pytest.MonkeyPatch, leans: list[float], turns: list[float]
) -> None:
    asked, found, detector = _tilted(monkeypatch, leans, [MIDDLE] * 3)
    assert asked == [((130.0, 100.0), turn, 0.8) for turn in turns]
    assert detector.noted == [((160, 160), 1.0, 0.3)] * len(turns)
    assert (found.box, found.score) == ((100.0, 50.0, 60.0, 100.0), 0.7)
    if not turns:
        assert (found.points == 1).all()
        return
    # Back from the square: about its middle, turned the other way, 1.25 times as large.
    angle = np.radians(turns[-1])
    there = (MIDDLE[0, 4:14].reshape(5, 2) - 79.5) * 1.25
    back = there @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + [130, 100]
    assert np.abs(found.points - back).max() < 1e-3


def test_another_face_beside_the_middle_is_not_taken_for_the_tilted_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for right, down, taken in ((27.9, 0, True), (28.0, 0, False), (0, -27.9, True), (0, -28.0, False)):
        for width, height in ((30, 40), (40, 30)):
            place = (80 + right - width / 2, 80 + down - height / 2, width, height)
            row = _rows(np.array([place], np.float32), np.array([0.5]))
            _, found, _ = _tilted(monkeypatch, [94.0, 0.0], [row])
            assert bool((found.points != 1).any()) is taken
            monkeypatch.undo()


def test_a_small_face_is_not_enlarged_before_it_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detecting, "lean", lambda points: 10.0)
    scales: list[float] = []
    matrix = cv2.getRotationMatrix2D
    monkeypatch.setattr(
        cv2, "getRotationMatrix2D", lambda at, turn, scale: scales.append(scale) or matrix(at, turn, scale)
    )
    detector = _Looks(lambda *_: NONE)
    for width, height in ((80, 40), (40, 81), (20, 20)):
        detector._straightened(np.zeros((300, 300, 3), np.uint8), _face(0.7, width=width, height=height))
    assert scales == [1.0, 80 / 81, 1.0]


def test_points_of_a_second_look_count_within_their_reach_also_mirrored(monkeypatch: pytest.MonkeyPatch) -> None:
    target = np.array([[60, 60], [100, 60], [80, 80], [65, 100], [95, 100]], np.float32)
    right, up = np.array([7, 0]), np.array([0, -7])

    def row(points: np.ndarray, score: float) -> np.ndarray:
        return np.array([*[0] * 4, *points.ravel(), score], np.float32)

    mirrored = target[[1, 0, 2, 4, 3]] * [-1, 1] + [159, 0]
    far = row(target + right * 1.01, 0.95)
    rows = [np.array([far, row(target + right, 0.9), row(target, 0.8)]), np.array([row(mirrored + up, 0.7)])]
    asked: list[tuple[np.ndarray, float]] = []
    detector = Detector(_Raw({}))
    monkeypatch.setattr(detector, "looked_together", lambda squares, low: asked.append((squares, low)) or rows)
    square = np.random.default_rng(1).integers(0, 255, (160, 160, 3), dtype=np.uint8)
    seen = detector._seen_twice(square, target, 7.0)
    assert [points.tolist() for points in seen] == [(target + right).tolist(), (target + up).tolist()]
    ((squares, low),) = asked
    assert low == 0.3
    assert (squares[0] == square).all()
    assert (squares[1] == square[:, ::-1]).all()


def test_faces_are_the_largest_first_then_from_the_top_left() -> None:
    places = [(64, 0, 16), (0, 0, 16), (0, 96, 16), (96, 96, 32), (32, 48, 16)]
    boxes = np.array([(x, y, side, side) for x, y, side in places], np.float32)
    faces = detecting._largest_first(_rows(boxes, np.array([0.9, 0.8, 0.7, 0.6, 0.95])))
    order = [(96, 96), (0, 0), (64, 0), (32, 48), (0, 96)]
    assert [face.box[:2] for face in faces] == [pytest.approx(place) for place in order]


def test_a_face_is_brought_to_the_pixels_of_the_picture() -> None:
    face = Detection((1.0, 2.0, 3.0, 4.0), np.ones((5, 2), np.float32), 0.5)
    scaled = detecting._scaled(face, np.array([2.0, 3.0], np.float32))
    assert (scaled.box, scaled.score) == ((2.0, 6.0, 6.0, 12.0), 0.5)
    assert scaled.points.tolist() == [[2, 3]] * 5


@pytest.mark.parametrize(("apart", "faces"), [(0.0625, 1), (0.0, 0)])
def test_points_in_one_upright_line_are_no_face(apart: float, faces: int) -> None:
    points = [0.5, 0, 0.5 + apart, 0, 0.5, 0.5, 0.5, 1, 0.5, 1]  # a sixteenth of a cell is half a pixel
    raw = _Raw({9: (1.0, 1.0, [0.5, 0.5, 0.0, 0.0], points)})
    found = Detector(raw)._look(np.zeros((64, 64, 3), np.uint8), 1.0, 0.6)
    assert len(found) == faces
