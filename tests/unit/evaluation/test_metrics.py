"""Every error rate against cases counted by hand, with ties; what is too few; what resampling covers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.evaluation import metrics
from plainview.evaluation.metrics import Floats

TEN = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0], np.float32)
ONES = np.ones(10)
SCORES = st.lists(st.sampled_from([i / 8 for i in range(-8, 9)]), min_size=1, max_size=40)


def descending(scores: list[float]) -> Floats:
    return np.sort(np.array(scores, np.float32))[::-1]


def threshold(scores: Floats, rate: float) -> np.float32:
    return metrics.threshold_at(scores, np.ones(len(scores)), len(scores), rate)


@pytest.mark.parametrize(("rate", "reached"), [(0.0, 0), (0.1, 1), (0.19, 1), (0.2, 2), (0.3, 3), (0.99, 9)])
def test_the_threshold_lets_at_most_the_rate_through(rate: float, reached: int) -> None:
    assert (threshold(TEN, rate) <= TEN).sum() == reached


def test_everything_passes_at_a_rate_of_one() -> None:
    assert threshold(TEN, 1.0) == -np.inf


def test_scores_that_tie_across_the_rate_all_stay_below_the_threshold() -> None:
    tied = descending([0.9, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert metrics.rate_at_or_above(tied, ONES, 10, threshold(tied, 0.3)) == pytest.approx(0.1)
    assert metrics.rate_at_or_above(tied, ONES, 10, threshold(tied, 0.4)) == pytest.approx(0.4)


def test_a_score_at_the_threshold_is_above_it_for_impostors_and_mates_alike() -> None:
    at = np.float32(0.5)
    assert metrics.rate_at_or_above(TEN, ONES, 10, at) == pytest.approx(0.5)
    assert metrics.rate_below(TEN, ONES, at) == pytest.approx(0.5)


def test_left_out_low_scores_change_no_threshold() -> None:
    whole = threshold(TEN, 0.2)
    assert metrics.threshold_at(TEN[:4], ONES[:4], 10, 0.2) == whole


def test_weights_count_a_score_several_times() -> None:
    weights = np.array([0, 3, 0, 1, 1, 1, 1, 1, 1, 1], float)
    at = metrics.threshold_at(TEN, weights, 10, 0.3)
    assert metrics.rate_at_or_above(TEN, weights, 10, at) == pytest.approx(0.3)
    assert at > 0.6


def test_a_rate_whose_product_is_rounded_down_still_allows_its_whole_number() -> None:
    scores = descending([i / 300 for i in range(300)])
    assert (scores >= threshold(scores, 0.01)).sum() == 3


def test_everybody_with_the_mates_score_ranks_before_the_mate() -> None:
    others = np.array([[0.9, 0.5, 0.1], [0.1, 0.1, 0.1], [0.2, 0.3, 0.4]], np.float32)
    mates = np.array([0.5, 0.5, -np.inf], np.float32)
    assert metrics.ranks(mates, others).tolist() == [3, 1, 4]


def test_cmc_by_hand() -> None:
    assert metrics.cmc(np.array([1, 1, 2, 5]), np.ones(4), 4) == [0.5, 0.75, 0.75, 0.75]


def test_det_by_hand() -> None:
    impostor = descending([i / 1000 for i in range(1000)])
    mated = np.array([0.5, 0.9, 0.95, 2.0], np.float32)
    curve = metrics.det(impostor, np.ones(1000), 1000, mated, np.ones(4), points=3)
    assert [round(fmr, 3) for fmr, _ in curve] == [0.01, 0.1, 1.0]
    assert [fnmr for _, fnmr in curve] == [0.75, 0.25, 0.0]


def test_det_of_too_few_impostors_is_empty() -> None:
    assert metrics.det(TEN[:5], ONES[:5], 5, TEN, ONES) == []


@given(SCORES, st.floats(0, 1), st.floats(0, 1))
def test_fmr_never_rises_with_the_threshold_and_never_passes_the_rate(scores: list[float], a: float, b: float) -> None:
    ordered, low, high = descending(scores), min(a, b), max(a, b)
    at_low, at_high = threshold(ordered, low), threshold(ordered, high)
    assert at_low >= at_high
    count = np.ones(len(ordered))
    assert metrics.rate_at_or_above(ordered, count, len(ordered), at_low) <= low * (1 + 1e-9)


def test_resamples_keep_the_number_of_people_and_are_the_same_for_a_seed() -> None:
    first, again, other = (list(metrics.resamples(7, 5, seed)) for seed in (3, 3, 4))
    assert all(weights.sum() == 7 for weights in first)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_error_among_n_leaves_three_over_n_possible() -> None:
    none = metrics.with_interval(0.0, [0.0] * 50, 100)
    all_wrong = metrics.with_interval(1.0, [1.0] * 50, 100)
    assert none.interval == [0.0, 0.03]
    assert all_wrong.interval == [0.97, 1.0]


def test_an_interval_holds_its_value_and_leaves_out_resamples_without_trials() -> None:
    assert metrics.with_interval(0.5, [0.6, 0.7, np.nan], 10).low == 0.5


def test_insufficient_is_no_number() -> None:
    estimate = metrics.insufficient("2 people")
    assert (estimate.value, estimate.interval, estimate.why) == (None, None, "insufficient data: 2 people")


def test_intervals_over_people_cover_the_truth_about_as_often_as_they_say() -> None:
    """People differ: pictures of one fail together. Intervals over pictures would be far too narrow."""
    random = np.random.default_rng(5)
    people, each, truth, covered, rounds = 80, 10, 0.2, 0, 150
    for trial in range(rounds):
        chance = random.beta(0.4, 1.6, people)  # mean 0.2
        errors = random.binomial(each, chance)
        value = errors.sum() / (people * each)
        draws = [float(w @ errors / (w.sum() * each)) for w in metrics.resamples(people, 200, trial)]
        estimate = metrics.with_interval(value, draws, people)
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= truth <= estimate.high
    assert 0.88 <= covered / rounds <= 0.99
