"""Templates of one face get one number, in the order in which faces first appear."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.scores.same_face import LIKELY, SAME_FACE, TRIPWIRE, same_faces


def at(*degrees: float) -> np.ndarray:
    turned = np.radians(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("degrees", "numbers"),
    [
        ((), []),
        ((0,), [0]),
        ((0, 59, 180), [0, 0, 1]),  # cosines .515 and below 0
        ((0, 61), [0, 1]),
        ((0, 180, 175, 5), [0, 1, 1, 0]),
        ((0, 90, 180, 50), [0, 1, 2, 1]),  # the nearest one, not the first
    ],
)
def test_a_template_belongs_to_the_nearest_earlier_one_that_is_near_enough(
    degrees: tuple[float, ...], numbers: list[int]
) -> None:
    assert same_faces(at(*degrees), 0.5) == numbers


def test_a_cosine_at_the_limit_is_the_same_face() -> None:
    assert same_faces(np.array([[1, 0], [0.5, 0.8660254]], np.float32), 0.5) == [0, 0]


def test_the_limits_are_those_of_the_packs_card() -> None:
    assert (SAME_FACE, TRIPWIRE, LIKELY) == (0.37, 0.464, 0.3)
    assert same_faces(at(0, 68)) == [0, 0]  # cosine .3746
    assert same_faces(at(0, 69)) == [0, 1]  # cosine .3584
