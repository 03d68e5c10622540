"""Tails agree with the sample where it is, fall beyond it, and give back the laws that made the sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.scores.tail import Doubles, Tails, gumbel_body, gumbel_chance, gumbel_score

SAMPLE = np.sort(0.3 - 0.03 * np.log(-np.log(np.random.default_rng(1).uniform(size=4000))))


def chance(best: Doubles, score: float, share: float) -> float:
    return float(Tails.fit(best[np.newaxis], share).chances([score])[0, 0])


def test_within_the_sample_it_counts() -> None:
    assert chance(SAMPLE, float(SAMPLE[2000]), 0.1) == pytest.approx(0.5)
    assert chance(SAMPLE, -1.0, 0.1) == 1.0


@pytest.mark.parametrize("rate", [0.05, 0.01, 0.002])
def test_beyond_it_the_law_is_found_again(rate: float) -> None:
    score = gumbel_score(rate, 0.3, 0.03)
    assert gumbel_chance(score, 0.3, 0.03) == pytest.approx(rate)
    for share in (0.05, 0.1, 0.2):
        assert chance(SAMPLE, score, share) == pytest.approx(rate, rel=0.4)


def test_the_body_is_found_whatever_lies_above_it() -> None:
    spoilt = np.sort(np.concatenate([SAMPLE[:2800], np.full(1200, 0.9)]))
    for place, scale in (gumbel_body(SAMPLE), gumbel_body(np.sort(SAMPLE))):
        assert place == pytest.approx(0.3, abs=0.003)
        assert scale == pytest.approx(0.03, rel=0.1)
    assert gumbel_body(spoilt)[0] == pytest.approx(gumbel_body(SAMPLE)[0], abs=0.01)


@given(st.floats(-1, 2), st.floats(-1, 2))
@settings(max_examples=50, deadline=None)
def test_a_higher_score_is_never_more_frequent(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= chance(SAMPLE, high, 0.1) <= chance(SAMPLE, low, 0.1) <= 1
    assert 0 <= gumbel_chance(high, 0.3, 0.03) <= gumbel_chance(low, 0.3, 0.03) <= 1


def test_a_sample_of_one_value_has_no_tail() -> None:
    flat = np.full(50, 0.4)
    assert chance(flat, 0.4, 0.1) == 1.0
    assert chance(flat, 0.5, 0.1) == 0.0
    assert gumbel_body(flat)[1] > 0


def test_a_sample_that_follows_the_law_exactly_gives_it_back_exactly() -> None:
    """Its quantiles of one in a hundred are the law's own."""
    shares = np.arange(1, 100) / 100
    law = 0.3 - 0.03 * np.log(-np.log(shares))
    assert gumbel_body(np.concatenate([[0.0], law, [1.0]])) == pytest.approx((0.3, 0.03), abs=1e-9)


@pytest.mark.parametrize(
    ("sample", "share", "score", "expected"),
    [
        ([0.0, 0.2], 1.0, 0.1, math.exp(-1)),  # mean and deviation are equal: an exponential tail
        ([0.0] * 5 + [1.0] * 4, 1.0, 0.4, 1.1**-10),  # mean^2 / variance = 0.8: shape 0.1, scale 0.4
        ([0.0] * 99 + [1.0], 1.0, 0.02, 1.5**-5),  # never heavier than shape 0.2: scale 0.008
        (list(np.linspace(0, 1, 1001)), 1.0, 0.35, 0.8**2.5),  # never shorter than shape -0.4: scale 0.7
        ([0.0] * 99 + [1.0], 1.0, 0.001, (1 + 0.2 / 8) ** -5),  # just above the edge the law counts already
        ([-1.0] * 6 + [0.0, 0.2], 0.25, 0.1, 0.25 * math.exp(-1)),  # a tail is its share of the sample
        ([0.1, 0.2, 0.3], 0.0, 0.35, 0.0),  # no share: the highest alone, which is no tail
        ([0.1, 0.2, 0.3], 0.0, 0.3, 1 / 3),
    ],
)
def test_a_tail_is_the_generalised_pareto_law_of_its_mean_and_variance(
    sample: list[float], share: float, score: float, expected: float
) -> None:
    assert chance(np.array(sample), score, share) == pytest.approx(expected, abs=1e-6)


def test_far_below_the_place_of_a_gumbel_law_every_search_reaches_the_score() -> None:
    assert gumbel_chance(-1e6, 0.3, 0.03) == 1.0
