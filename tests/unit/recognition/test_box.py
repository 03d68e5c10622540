"""A box that a person drew."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.recognition import box
from plainview.recognition.box import face_in_box
from plainview.recognition.edits import apply, place, read
from plainview.recognition.engine import compare
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Picture, Pixels, Vector


def template(picture: Picture) -> Vector:
    _, face = models.engine().probe_face(picture)
    return models.engine().template(picture, face.detection)


def drawn_around_the_face(degrees: float) -> Picture:
    """Grace Hopper turned, with a box around her face as a person draws it: a quarter larger than the detector's."""
    upright = models.hopper()
    chain = read([f"rotate:{degrees}"] if degrees else [])
    x, y, width, height = models.engine().faces(upright)[0].detection.box
    middle = place((512, 600), chain) @ [x + width / 2, y + height / 2, 1]
    side = round(1.25 * max(width, height))
    left, top = (max(0, round(float(value) - side / 2)) for value in middle[:2])
    words = [*(str(edit) for edit in chain), f"face:{left},{top},{side},{side} by A. Examiner"]
    return apply(upright, read(words))


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, -100])
def test_a_face_in_a_drawn_box_is_seen_whichever_way_it_is_turned(degrees: float) -> None:
    picture = drawn_around_the_face(degrees)
    assert compare(template(picture), template(models.hopper())) > 0.95
    (face,) = models.engine().faces(picture)
    assert face.detection.box == picture.drawn
    assert face.quality.advice[0].startswith("A person drew the box")


@pytest.mark.parametrize("scale", [0.25, 1.0, 2.0])
@pytest.mark.parametrize("corner", [(0, 0), (150, 100)], ids=["whole", "cut close to the face"])
def test_the_points_in_a_drawn_box_are_those_of_the_face(scale: float, corner: tuple[int, int]) -> None:
    left, top = corner
    known = models.engine().faces(models.hopper())[0].detection
    whole = models.hopper().pixels[top : 600 - 2 * top, left : 512 - left]  # the face ends at 352, 333
    size = (round(whole.shape[1] * scale), round(whole.shape[0] * scale))
    shown = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
    x, y, width, height = known.box
    box = (round((x - left) * scale), round((y - top) * scale), round(width * scale), round(height * scale))
    (face,) = models.engine().faces(dataclasses.replace(models.picture(shown), drawn=box))
    assert face.detection.box == box
    assert face.detection.score > 0.8
    assert np.abs(face.detection.points / scale + corner - known.points).max() < 0.05 * width


def test_a_box_without_a_visible_face_is_aligned_by_itself_and_said() -> None:
    plain = models.picture(np.full((300, 300, 3), 90, np.uint8))
    picture = dataclasses.replace(plain, drawn=(50, 60, 100, 120))
    (face,) = models.engine().faces(picture)
    assert face.detection.score == 0
    assert face.quality.overall == 0
    assert "aligned by the box alone" in face.quality.advice[1]
    left, top = face.detection.points.min(axis=0)
    right, bottom = face.detection.points.max(axis=0)
    assert 50 < left < right < 150
    assert 60 < top < bottom < 180
    assert template(picture).tobytes() == template(picture).tobytes()


def test_a_blurred_dark_face_that_is_not_found_is_seen_in_the_box() -> None:
    dim = models.picture((cv2.GaussianBlur(models.hopper().pixels, (0, 0), 6) * 0.05).astype(np.uint8))
    x, y, width, height = (round(value) for value in models.engine().faces(models.hopper())[0].detection.box)
    (face,) = models.engine().faces(dataclasses.replace(dim, drawn=(x, y, width, height)))
    assert face.detection.score > 0


def test_the_box_must_be_large_enough_to_compare() -> None:
    picture = dataclasses.replace(models.hopper(), drawn=(180, 120, 16, 16))
    assert models.engine().probe_face(picture)[0] == 1
    with pytest.raises(BadMedia, match="no face 2"):
        models.engine().probe_face(picture, 2)


class Spots:
    """A detector that finds five spots of different colours, and notes the squares that it is shown."""

    COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]])

    def __init__(self, scores: list[float]) -> None:
        self.scores, self.squares = iter(scores), list[Pixels]()

    def looked(self, square: Pixels, threshold: float) -> np.ndarray:
        assert threshold == 0.15
        self.squares.append(square)
        score, points = next(self.scores, 0.0), []
        for colour in self.COLOURS:
            like = np.clip(255 - np.abs(square.astype(int) - colour).sum(axis=2), 0, None).astype(float)
            if score == 0.0 or like.sum() == 0:
                return np.empty((0, 15), np.float32)
            points.append(
                [float((like * grid).sum() / like.sum()) for grid in np.mgrid[: like.shape[0], : like.shape[1]]][::-1]
            )
        return np.array([[*[0] * 4, *np.ravel(points), score]], np.float32)


def spotted(size: tuple[int, int], points: list[tuple[int, int]], radius: int) -> Pixels:
    pixels = np.zeros((*size, 3), np.uint8)
    for (x, y), colour in zip(points, Spots.COLOURS.tolist(), strict=True):
        cv2.rectangle(pixels, (x - radius, y - radius), (x + radius, y + radius), colour, -1)
    return pixels


@pytest.mark.parametrize("turn", box._TURNS)
@pytest.mark.parametrize("size", box._SIZES)
@pytest.mark.parametrize("factor", [1, 4])
def test_points_in_a_drawn_box_come_back_from_every_turn_and_size(turn: int, size: int, factor: int) -> None:
    """Both of boxes that are enlarged and of such that are shrunk; the box is higher than wide and near a corner."""
    points = [(28, 30), (44, 32), (36, 40), (30, 50), (42, 48)]
    points = [(factor * x + factor // 2, factor * y + factor // 2) for x, y in points]
    pixels = spotted((90 * factor, 100 * factor), points, 2 * factor)
    drawn = (20 * factor, 22 * factor, 32 * factor, 36 * factor)
    detector = Spots([0.5])
    ((score, seen),) = box._seen_in(detector, pixels, drawn, size, turn, np.asarray)  # type: ignore[arg-type]
    assert detector.squares[0].shape == (2 * size, 2 * size, 3)
    assert (score, seen.dtype) == (0.5, np.float32)
    assert np.abs(seen - points).max() < 0.35 * factor  # a pixel of the square is three of the picture at most


def test_the_surest_look_is_believed_and_contrast_is_stretched_where_none_shows_a_face() -> None:
    points = [(48, 50), (64, 52), (56, 60), (50, 70), (62, 68)]
    pixels, drawn = spotted((110, 120), points, 2), (40, 42, 32, 36)
    detector = Spots([0.3, 0.4, *[0.2] * 22])
    assert face_in_box(detector, pixels, drawn).score == pytest.approx(0.4)  # type: ignore[arg-type]
    assert len(detector.squares) == 24
    detector = Spots([0.0] * 24 + [0.6])
    face = face_in_box(detector, pixels, drawn)  # type: ignore[arg-type]
    assert face.box == (40.0, 42.0, 32.0, 36.0)
    assert (face.score, len(detector.squares)) == (pytest.approx(0.6), 48)
    first, again = detector.squares[0], detector.squares[24]
    assert (again == box._stretched(first)).all()
    assert (again != first).any()


@pytest.mark.parametrize(
    ("drawn", "inside"),
    [
        ((48, 50, 16, 24), True),  # from point to point
        ((49, 50, 16, 24), False),
        ((48, 51, 16, 24), False),
        ((48, 50, 15, 24), False),
        ((48, 50, 16, 23), False),
        ((20, 20, 96, 60), True),  # the points reach over a quarter
        ((20, 20, 97, 60), False),
    ],
)
def test_points_are_within_the_box_and_reach_over_a_quarter_of_it(
    drawn: tuple[int, int, int, int], inside: bool
) -> None:
    points = np.array([(48, 50), (64, 52), (56, 60), (50, 74), (62, 72)], float)

    class Exact:
        def looked(self, square: Pixels, threshold: float) -> np.ndarray:
            x, y, width, height = drawn
            there = (points - [x + width / 2, y + height / 2]) * 96 / max(width, height) + 95.5
            return np.array([[*[0] * 4, *there.ravel(), 0.9]], np.float32)

    seen = box._seen_in(Exact(), np.zeros((110, 130, 3), np.uint8), drawn, 96, 0, np.asarray)  # type: ignore[arg-type]
    assert bool(seen) is inside


@pytest.mark.parametrize("drawn", [(0, 0, 16, 4000), (0, 0, 4000, 16)])
def test_a_box_as_narrow_as_a_line_is_a_line_when_it_is_shrunk(drawn: tuple[int, int, int, int]) -> None:
    white = np.full((drawn[3], drawn[2], 3), 255, np.uint8)
    detector = Spots([0.0])
    box._seen_in(detector, white, drawn, 48, 0, np.asarray)  # type: ignore[arg-type]
    (square,) = detector.squares
    assert square[:, :, 0].sum() / 255 == pytest.approx(48, abs=1)  # 48 long and 1 wide


def test_an_average_face_is_in_the_middle_of_its_box_and_symmetric() -> None:
    eyes, nose, mouth = box._IN_BOX[:2], box._IN_BOX[2], box._IN_BOX[3:]
    assert eyes[:, 0].sum() == mouth[:, 0].sum() == pytest.approx(1)
    assert eyes[0, 1] == eyes[1, 1] < nose[1] < mouth[0, 1] == mouth[1, 1]
    assert box._IN_BOX.tolist() == [[0.31, 0.37], [0.69, 0.37], [0.5, 0.57], [0.35, 0.74], [0.65, 0.74]]
    face = face_in_box(Spots([]), np.zeros((300, 300, 3), np.uint8), (50, 60, 100, 200))  # type: ignore[arg-type]
    assert face.points.tolist() == [[81, 134], [119, 134], [100, 174], [85, 208], [115, 208]]
