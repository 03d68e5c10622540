"""The one template of a person with several pictures is their mean, of length 1, and never nothing."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.scores.subjects import LEAST_LENGTH, mean_template


def units(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, 16)) + 1.0
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_it_points_where_the_sum_of_the_pictures_does_and_has_length_1(count: int) -> None:
    rows = units(count)
    mean = mean_template(rows)
    total = rows.astype(np.float64).sum(axis=0)
    assert mean.dtype == np.float32
    assert mean == pytest.approx(total / np.linalg.norm(total), abs=1e-7)
    assert mean.tobytes() == mean_template(rows.copy()).tobytes()


def test_one_picture_is_the_person_to_the_last_bit() -> None:
    rows = units(1)
    assert mean_template(rows).tobytes() == rows[0].tobytes()


def test_of_pictures_that_contradict_each_other_wholly_the_first_counts() -> None:
    assert LEAST_LENGTH == 1e-3
    angles = np.arccos([0.0009, 0.0011])  # half of the angle between two: the mean has this length
    for angle, is_first in zip(angles, (True, False), strict=True):
        pair = np.array([[np.cos(angle), np.sin(angle)], [np.cos(angle), -np.sin(angle)]], np.float32)
        mean = mean_template(pair)
        assert mean.dtype == np.float32
        assert mean.tolist() == (pair[0].tolist() if is_first else [1.0, 0.0])
