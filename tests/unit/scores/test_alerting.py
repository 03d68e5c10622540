"""The score from which an alert is raised: what strangers reach no more often than was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.scores.alerting import most_rare, threshold
from plainview.scores.calibration import Calibration

TABLE = ((1e-3, 0.363), (1e-4, 0.424), (1e-5, 0.491), (1e-6, 0.594))


def crowd(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_small_gallery_takes_the_packs_figures() -> None:
    held = Calibration.fit(crowd(5, 0), TABLE)
    assert threshold(held, 1_000) == pytest.approx(0.363, abs=1e-3)
    assert threshold(held, 100_000) == pytest.approx(0.491, abs=1e-3)
    assert most_rare(held) == pytest.approx(1e6, rel=1e-3)
    assert most_rare(Calibration.fit(crowd(5, 0), TABLE[:3])) == 100_000  # what is stated can be asked for
    with pytest.raises(ValueError, match="rarer"):
        threshold(held, 1e9)


@pytest.mark.parametrize("one_in", [1_000, 10_000])
def test_strangers_reach_it_no_more_often_than_asked_for(one_in: int) -> None:
    held = Calibration.fit(crowd(1_000, 1), TABLE)
    limit = threshold(held, one_in)
    scores = crowd(1_000, 2) @ crowd(1_000, 1).T
    assert (scores >= limit).mean() <= 1 / one_in
    assert (scores >= limit).mean() >= 1 / one_in / 20  # and not so rarely that it finds nobody


def test_it_is_the_lowest_score_that_is_rare_enough() -> None:
    """A pack's figure of 1e-3 at .363 means that .363 itself is enough."""
    held = Calibration.fit(crowd(5, 0), TABLE)
    assert 0.363 - 1e-7 < threshold(held, 1_000) <= 0.363


def test_the_rarest_is_what_a_cosine_of_one_reaches_and_can_be_asked_for() -> None:
    best = tuple(float(score) for score in np.linspace(0.7, 0.99, 200))
    held = Calibration(100, 101, best, 200, 0.0, None, "cosine", ())
    assert most_rare(held) == round(held.rate(1.0, size=1).low, 3) < held.rate(2.0, size=1).low
    assert threshold(held, most_rare(held)) <= 1.0
