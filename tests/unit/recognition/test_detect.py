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
