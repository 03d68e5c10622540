"""A drawn cover hides nose tip, mouth and chin, leaves the eyes, and follows the face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.models import engine, hopper, random_points

from plainview.evaluation.covers import COLOURS, TOPS, draw_cover


@pytest.mark.parametrize("number", range(len(COLOURS) * len(TOPS)))
def test_mouth_and_nose_are_covered_and_the_eyes_are_not(number: int) -> None:
    pixels = hopper().pixels
    before = pixels.copy()
    points = engine().faces(hopper())[0].detection.points
    covered = draw_cover(pixels, points, number)
    assert np.array_equal(pixels, before)
    changed = (covered != pixels).any(axis=2)
    at = [bool(changed[round(float(y)), round(float(x))]) for x, y in points]
    assert at == [False, False, True, True, True]
    assert 0.02 < changed.mean() < 0.3
    assert np.array_equal(covered, draw_cover(pixels, points, number))


def test_the_eight_kinds_differ() -> None:
    points = engine().faces(hopper())[0].detection.points
    kinds = {draw_cover(hopper().pixels, points, number).tobytes() for number in range(16)}
    assert len(kinds) == len(COLOURS) * len(TOPS)


@given(st.integers(0, 500))
def test_any_face_can_be_covered(seed: int) -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    assert draw_cover(pixels, random_points(seed), seed).shape == pixels.shape
