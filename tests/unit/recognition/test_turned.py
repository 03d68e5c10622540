"""Faces that lie turned in their pictures: found, said, and given the template of the face upright."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.recognition.align import TEMPLATES
from plainview.recognition.decode import Decoder
from plainview.recognition.detect import Detector
from plainview.recognition.edits import Rotate, apply
from plainview.recognition.engine import compare
from plainview.recognition.turned import (
    BELIEVED,
    SUSPECT_BELOW,
    TURNS,
    best_turn,
    central,
    every_turn,
    lean,
    quarter,
    square_around,
    turned_back,
    turned_by,
    unturned,
)
from plainview.recognition.types import Detection, Picture

UPSIDE_DOWN = Path(__file__).parents[2] / "inputs" / "portrait-upside-down.jpg"


def points_turned_by(degrees: float) -> np.ndarray:
    """The points of an upright face, turned clockwise."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return ((TEMPLATES["arcface-112"] - 56) @ turn + 56).astype(np.float32)


def turned(picture: Picture, degrees: float) -> Picture:
    return apply(picture, [Rotate(degrees)]) if degrees else picture


@pytest.mark.parametrize(
    ("degrees", "said"),
    [(0, 0), (24, 0), (-24, 0), (26, 26), (-47, -47), (80, 90), (-104, -90), (110, 110), (176, 180), (-170, 180)],
)
def test_a_face_is_called_turned_beyond_what_people_do_with_their_heads(degrees: float, said: int) -> None:
    assert lean(points_turned_by(degrees)) == pytest.approx(degrees, abs=0.1)
    assert turned_by(points_turned_by(degrees)) == said


def test_points_of_a_turned_square_come_back() -> None:
    square = np.zeros((96, 96), np.uint8)
    square[10, 70] = 255  # y, x
    for turn, shown in zip(TURNS, every_turn(np.repeat(square[:, :, None], 3, axis=2)), strict=True):
        weights = shown[:, :, 0].astype(float)
        y, x = (float((weights * grid).sum() / weights.sum()) for grid in np.mgrid[:96, :96])
        assert unturned(np.array([[x, y]], np.float32), turn)[0] == pytest.approx((70, 10), abs=0.3)


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_a_face_of_a_turned_picture_comes_back(turn: int) -> None:
    picture = np.zeros((60, 100), np.uint8)
    picture[20:30, 70:90] = 1
    picture[22, 75] = 2
    shown = np.rot90(picture, turn // 90)
    rows, columns = np.nonzero(shown)
    y, x = np.argwhere(shown == 2)[0]
    box = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    face = Detection(box, np.full((5, 2), (x, y), np.float32), 0.9)
    back = turned_back(face, turn, shown.shape[1], shown.shape[0])
    assert back.box == (70, 20, 20, 10)
    assert back.points.tolist() == [[75, 22]] * 5


@pytest.mark.parametrize("degrees", [0, 45, 90, 135, 180, -45, -90, -135])
@pytest.mark.parametrize("portrait", [models.hopper, models.collins])
def test_a_turned_portrait_has_the_template_of_the_upright_one(portrait: object, degrees: int) -> None:
    engine, upright = models.engine(), portrait()  # type: ignore[operator]
    shown = turned(upright, degrees)
    face = engine.probe_face(shown)[1]
    assert abs(face.quality.components["turned"] - degrees) <= 15
    template = engine.template(upright, engine.probe_face(upright)[1].detection)
    assert compare(template, engine.template(shown, face.detection)) > 0.93
    said = [line for line in face.quality.advice if "turned by" in line]
    assert len(said) == bool(degrees)


def test_a_portrait_that_is_upside_down_is_enrolled_as_the_upright_one() -> None:
    with Decoder() as decoder:
        picture = decoder.decode(UPSIDE_DOWN.read_bytes())
    engine = models.engine()
    (face,) = engine.enrol_faces(picture)
    upright = turned(picture, 180)
    (other,) = engine.enrol_faces(upright)
    assert face.quality.components["turned"] == 180
    assert other.quality.components["turned"] == 0
    both = [engine.reference_template(shown, one.detection) for shown, one in ((picture, face), (upright, other))]
    assert compare(*both) > 0.95


def test_a_face_that_was_enrolled_as_it_lay_is_found_turned() -> None:
    """As an earlier version stored it: the points where an upright face has them."""
    engine, picture = models.engine(), turned(models.hopper(), 180)
    now = engine.enrol_faces(picture)[0].detection
    lying = Detection(now.box, (now.points[::-1][[1, 0, 2, 4, 3]]).copy(), SUSPECT_BELOW - 0.01)
    assert turned_by(lying.points) == 0
    face = engine.found_turned(picture, lying)
    assert face is not None
    assert np.abs(face.detection.points - now.points).max() < 5
    upright = engine.enrol_faces(models.hopper())[0].detection
    assert engine.found_turned(models.hopper(), upright) is None
    assert engine.found_turned(picture, now) is None


def test_a_face_on_its_side_that_is_not_seen_again_in_its_square_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    detector, pixels = models.engine().detector, turned(models.hopper(), 90).pixels
    assert len(detector._lying(pixels, BELIEVED)) == 1
    assert len(detector.looked(pixels, BELIEVED)) == 0  # as it is, it shows no face
    monkeypatch.setattr(Detector, "looked", lambda self, square, threshold: np.empty((0, 15), np.float32))
    assert detector._lying(pixels, BELIEVED) == []


def test_an_upright_portrait_is_looked_at_no_more_often_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = models.engine().detector
    monkeypatch.setattr(detector, "_turned", None)  # calling it would fail
    for portrait in (models.hopper(), models.collins()):
        assert len(detector.detect(portrait.pixels)) == 1


@pytest.mark.parametrize(
    "box", [(30.0, 20.0, 24.0, 48.0), (30.5, 20.0, 48.0, 9.0), (-9.0, 70.0, 20.0, 24.0), (80.0, -9.0, 7.0, 8.0)]
)
def test_the_square_around_a_box_has_the_box_in_its_middle_and_is_black_beyond_the_picture(
    box: tuple[float, float, float, float],
) -> None:
    pixels = np.random.default_rng(1).integers(1, 255, (100, 110, 3), dtype=np.uint8)
    square, back = square_around(pixels, box)
    assert (square.shape, square.dtype) == ((96, 96, 3), np.uint8)
    longest = max(box[2:])
    scale = np.ceil(2 * longest) / 96
    assert back[:, :2].tolist() == [[scale, 0], [0, scale]]
    middle = back @ [47.5, 47.5, 1]
    assert np.abs(middle + 0.5 - [box[0] + box[2] / 2, box[1] + box[3] / 2]).max() <= 0.5
    wide = np.pad(pixels, ((200, 200), (200, 200), (0, 0))).astype(np.float32)
    inner = cv2.warpAffine(
        wide, back + np.array([[0, 0, 200], [0, 0, 200]]), (96, 96), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    if scale == 1:
        assert (inner == square).all()
    else:  # cut first, so that at its border nothing of the picture beyond it is mixed in
        assert np.abs(inner - square)[4:-4, 4:-4].mean() < 12


def test_a_large_face_is_shrunk_by_averaging() -> None:
    pixels = np.zeros((384, 384, 3), np.uint8)
    pixels[::2] = 200
    square, back = square_around(pixels, (96.0, 96.0, 192.0, 192.0))
    assert (square == 100).all()
    assert back.tolist() == [[4, 0, 1.5], [0, 4, 1.5]]
    assert square_around(pixels, (5.0, 5.0, 0.0, 0.0))[1][0, 0] == 2 / 96


def seen(*middle: float, score: float) -> np.ndarray:
    """A row of a face of 48 pixels with its middle there, and five points at 10, 20, ..."""
    return np.array([[middle[0] - 24, middle[1] - 24, 48, 48, *range(10, 110, 10), score]], np.float32)


def best(scores: dict[int, float], expected: int = 0) -> tuple[int, float] | None:
    rows = [seen(47.5, 47.5, score=scores[turn]) if turn in scores else np.empty((0, 15), np.float32) for turn in TURNS]
    chosen = best_turn(rows, expected, np.array([[2.0, 0, 5], [0, 2.0, 7]]))
    if chosen is None:
        return None
    turn, points, score = chosen
    assert points.dtype == np.float32
    expected_points = unturned(np.arange(10, 110, 10, dtype=np.float32).reshape(5, 2), turn) * 2 + [5, 7]
    assert np.abs(points - expected_points).max() < 1e-3
    return turn, round(score, 4)


def test_another_turn_is_believed_where_it_is_sure_and_surer_than_the_expected_one() -> None:
    assert best({}) is None
    assert best({0: 0.9}) is None
    assert best({180: 0.85}) == (180, 0.85)
    assert best({180: 0.82, 90: 0.5}) is None
    assert best({0: 0.8, 90: 0.84, 45: 0.9}) == (45, 0.9)
    assert best({0: 0.895, 45: 0.9}) is None
    assert best({0: 0.875, 45: 0.9}) == (45, 0.9)
    assert best({0: 0.9, 45: 0.85}, expected=45) == (0, 0.9)
    assert best({45: 0.9, -45: 0.9}) == (45, 0.9)
    # At the edges, in numbers that are exact.
    assert best({180: float(np.float32(BELIEVED)) + 1e-6}) is not None
    assert best_turn([seen(47.5, 47.5, score=0.5)] * 8, 0, np.eye(2, 3)) is None


def test_a_face_beside_the_middle_of_its_square_is_another_one() -> None:
    for x, y, own in ((47.5, 47.5, 1), (64, 47.5, 1), (64.5, 47.5, 0), (47.5, 31, 1), (47.5, 30.5, 0), (30.5, 47.5, 0)):
        assert len(central(seen(x, y, score=0.9))) == own
    assert central(np.empty((0, 15), np.float32)).shape == (0, 15)


@pytest.mark.parametrize(
    ("degrees", "near"),
    [(44, 0), (46, 90), (-46, -90), (134, 90), (136, 180), (-134, -90), (-136, 180), (180, 180), (-179, 180)],
)
def test_a_lean_has_its_nearest_quarter(degrees: int, near: int) -> None:
    assert quarter(degrees) == near


@pytest.mark.parametrize(
    ("degrees", "said"),
    [(24.9, 0), (25.1, 25), (74.9, 75), (75.1, 90), (104.9, 90), (105.1, 105), (164.9, 165), (165.1, 180)],
)
def test_a_face_within_15_degrees_of_a_quarter_turn_is_called_by_it(degrees: float, said: int) -> None:
    assert turned_by(points_turned_by(degrees)) == said
    assert turned_by(points_turned_by(-degrees)) == (said if said == 180 else -said)
