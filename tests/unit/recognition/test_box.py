"""A box that a person drew."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.recognition.edits import apply, place, read
from plainview.recognition.engine import compare
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Picture, Vector


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
