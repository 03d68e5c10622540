"""A score as a number from 0 to 100: 100 less the percentage of strangers who reach it."""

from __future__ import annotations

import pytest

from plainview.scores.similarity import similarity


@pytest.mark.parametrize(
    ("once_in", "expected"),
    [(1.0, 0.0), (2.0, 50.0), (100.0, 99.0), (10_000.0, 99.99), (1e8, 99.999999), (1e12, 100.0), (0.5, 0.0)],
)
def test_it_is_the_share_of_strangers_who_do_not_reach_the_score(once_in: float, expected: float) -> None:
    assert similarity(once_in, 0.4) == expected


@pytest.mark.parametrize(
    ("cosine", "expected"),
    [(1.0, 100.0), (0.4, 40.0), (0.12345678, 12.345678), (0.0, 0.0), (-0.3, 0.0), (1.0000002, 100.0)],
)
def test_without_a_calibration_it_is_the_cosine(cosine: float, expected: float) -> None:
    assert similarity(None, cosine) == expected


def test_it_has_six_digits_behind_the_point() -> None:
    assert similarity(3.0, 0.0) == 66.666667
