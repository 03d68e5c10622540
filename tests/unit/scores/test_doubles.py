"""Doubles are left out where there are any, and strangers are kept where there are none."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from plainview.scores import doubles
from plainview.scores.doubles import StrangersBest, _compare, _independent, _Nearest, _own, strangers_best
from plainview.scores.scoring import Scorer, scorer_of
from plainview.scores.tail import gumbel_body, gumbel_chance


def people(count: int, seed: int, dimension: int = 64) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    rows[:, 0] += 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pictures(of: np.ndarray, seed: int, noise: float = 0.45) -> np.ndarray:
    rows = of + noise * people(len(of), seed, of.shape[1])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def found(rows: np.ndarray, scorer: Scorer | None = None) -> StrangersBest:
    every = np.arange(len(rows))
    return strangers_best(rows, every, every, scorer or Scorer(np.empty((0, 1), np.float32)))


SINGLE = people(600, 1)


def test_without_doubles_every_best_is_kept() -> None:
    plain = found(SINGLE)
    scores = SINGLE @ SINGLE.T
    np.fill_diagonal(scores, -1)
    assert np.sort(plain.best) == pytest.approx(np.sort(scores.max(axis=1)), abs=1e-6)
    assert plain.remaining < 0.01
    assert plain.body is None
    best = scores.argmax(axis=1)
    mutual = sum(best[best[i]] == i for i in range(600)) // 2
    assert plain.independent == 600 - mutual


@pytest.mark.parametrize("each", [2, 4])
def test_with_doubles_the_bests_are_those_of_other_people(each: int) -> None:
    whole = np.concatenate([pictures(SINGLE, seed) for seed in range(2, 2 + each)])
    person = np.tile(np.arange(600), each)
    scores = whole @ whole.T
    scores[person[:, None] == person[None, :]] = -1
    true = np.sort(scores.max(axis=1))
    seen = found(whole)
    assert seen.body is not None
    for share in (0.3, 0.9):
        assert np.quantile(seen.best, share) == pytest.approx(np.quantile(true, share), abs=0.01)
    assert seen.independent <= 600 * 1.1


def test_a_gallery_of_one_family_keeps_its_high_scores() -> None:
    """Faces of few origins lie near each other: the normal law of all pairs would call many of them doubles."""
    near = people(4, 9)
    mixed = SINGLE + 0.5 * near[np.arange(600) % 4]
    mixed = np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)
    scores = mixed @ mixed.T
    np.fill_diagonal(scores, -1)
    assert np.quantile(found(mixed).best, 0.99) == pytest.approx(np.quantile(scores.max(axis=1), 0.99), abs=1e-6)


def test_bests_are_what_strangers_reach_by_the_score_that_orders_lists() -> None:
    scorer = scorer_of(SINGLE)
    strangers = scorer.scores(people(4000, 7), SINGLE).max(axis=1)
    own = found(SINGLE, scorer).best
    assert float(own.mean()) == pytest.approx(float(strangers.mean()), abs=0.002)
    assert np.quantile(own, 0.9) == pytest.approx(np.quantile(strangers, 0.9), abs=0.008)
    scores = scorer.scores(SINGLE, SINGLE)
    np.fill_diagonal(scores, -9)
    kept = scores.max(axis=1)  # what references put into each other's nearness is not given back
    assert abs(float(kept.mean() - strangers.mean())) > abs(float(own.mean() - strangers.mean()))


def test_whoever_is_near_the_mean_of_a_person_is_of_that_person() -> None:
    """The second lies below the line to the row itself, and above it to the mean of the row and the first."""
    degrees = np.radians([0, 40, 50, 90])
    templates = np.stack([np.cos(degrees), np.sin(degrees)], axis=1).astype(np.float32)
    values = (templates[:1] @ templates[1:].T).astype(np.float64)
    near = _Nearest(values, np.array([[1, 2, 3]]))
    assert _own(templates, np.array([0]), near, 0.7).tolist() == [[True, True, False]]
    assert _own(templates, np.array([0]), near, 0.8).tolist() == [[False, False, False]]


def test_people_are_counted_once_and_so_are_two_who_are_each_others_best() -> None:
    rows, others, nobody = np.arange(4), np.zeros((4, 1), np.int64), np.zeros((4, 1), np.bool_)
    assert _independent(rows, np.array([1, 0, 3, 0]), others, nobody) == 3
    twins = np.array([[1], [0], [3], [2]])
    assert _independent(rows, np.array([2, 3, 1, 0]), twins, ~nobody) == 2
    assert _independent(rows[:2], np.array([2, 3]), twins[:2], ~nobody[:2]) == 1


def test_a_stranger_gets_back_what_others_have_put_into_nearness() -> None:
    """Half of the gallery is the cohort: a reference lies in the nearness of the others with a chance of one half."""
    scorer = Scorer(SINGLE[:300])
    given = scorer.scores(SINGLE, SINGLE) + 0.5 * scorer.share(SINGLE)[None, :]
    np.fill_diagonal(given, -9)
    assert np.sort(found(SINGLE, scorer).best) == pytest.approx(np.sort(given.max(axis=1)), abs=1e-6)


def test_a_stranger_gets_back_what_other_pictures_of_their_own_have_put_in() -> None:
    """Two pictures of each person: one more for whoever is compared, and one for the stranger."""
    pairs = np.concatenate([pictures(SINGLE[:300], 2, 0.2), pictures(SINGLE[:300], 3, 0.2)])
    scorer, every = Scorer(pairs[::2]), np.arange(600)
    share = scorer.share(pairs)
    given = scorer.scores(pairs, pairs) + (0.5 + 0.5) * share[None, :] + 0.5 * share[:, None]
    given[every, every] = given[every, (every + 300) % 600] = -9
    assert np.sort(found(pairs, scorer).best) == pytest.approx(np.sort(given.max(axis=1)), abs=1e-6)


def test_a_stranger_of_several_pictures_is_searched_with_one_and_gets_back_what_the_mean_has_put_in() -> None:
    """The first half of the gallery are means of several pictures; half of it is the cohort."""
    every, scorer = np.arange(600), Scorer(SINGLE[::2])
    probes = np.concatenate([pictures(SINGLE[:300], 5, 0.3), SINGLE[300:]])
    searched = strangers_best(SINGLE, every, every, scorer, {row: probes[row] for row in range(300)})
    given = scorer.scores(probes, SINGLE) + 0.5 * scorer.share(SINGLE)[None, :]
    given[:300] += 0.5 * scorer.share(probes[:300])[:, None]
    np.fill_diagonal(given, -9)
    assert np.sort(searched.best) == pytest.approx(np.sort(given.max(axis=1)), abs=1e-6)


def lower_line(rows: np.ndarray) -> tuple[float, np.ndarray]:
    """The cosine that strangers reach once in 50 searches by the normal law of all pairs, and each row's highest."""
    every = np.arange(len(rows))
    cosines, _, law = _compare(rows, np.zeros(len(rows)), every, rows, every, np.zeros(len(rows)))
    return law.inv_cdf(1 - 1 / (50 * len(rows))), cosines.values


def test_the_law_of_all_pairs_has_their_median_and_their_quartiles() -> None:
    pairs = (SINGLE @ SINGLE.T)[np.triu_indices(600, 1)]
    every = np.arange(600)
    law = _compare(SINGLE, np.zeros(600), every, SINGLE, every, np.zeros(600))[2]
    assert law.mean == pytest.approx(float(np.median(pairs)), abs=0.003)
    assert law.quantiles(4)[2] == pytest.approx(float(np.quantile(pairs, 0.75)), abs=0.003)


def test_as_many_doubles_may_remain_as_lie_below_the_line_by_the_law_of_those_above() -> None:
    whole = np.concatenate([SINGLE[:300], pictures(SINGLE[:300], 3, 1.1)])
    line, highest = lower_line(whole)
    linked = highest[:, 0][highest[:, 0] >= line]
    missed = NormalDist(float(linked.mean()), float(linked.std())).cdf(line)
    assert missed > 0.001
    assert found(whole).remaining == pytest.approx(len(linked) / 600 * missed / (1 - missed), rel=1e-6)


def test_where_every_double_is_the_very_same_picture_none_remains() -> None:
    assert found(np.concatenate([SINGLE[:300], SINGLE[:300]])).remaining == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("copies", "many"), [(10, False), (14, True)]
)  # shares of 3.3 and 4.6 % more than are expected
def test_doubles_are_many_only_beyond_what_chance_explains(copies: int, many: bool) -> None:
    assert (found(np.concatenate([SINGLE, SINGLE[:copies]])).body is not None) is many


@pytest.mark.parametrize("seed", [1, 3])
def test_among_few_references_at_least_one_double_is_expected_by_chance(seed: int) -> None:
    few = people(40, seed)
    many = [found(np.concatenate([few, few[:copies]])).body is not None for copies in range(1, 6)]
    assert many == [False, False, False, True, True]


def test_without_many_doubles_what_is_above_the_upper_line_does_not_remain() -> None:
    """Only those between the lines do, as far as they are more than the law expects."""
    low = np.concatenate([0.6 * SINGLE, np.sqrt(1 - 0.36) * np.eye(600, dtype=np.float32)], axis=1)
    whole = np.concatenate([low, low[:5]])
    line, highest = lower_line(whole)
    body = gumbel_body(np.where(highest < line, highest, -1.0).max(axis=1))
    beyond = float((highest[:, 0] >= line).mean()) - gumbel_chance(line, *body)
    assert found(whole).body is None
    assert found(whole).remaining < beyond


def test_the_limits_that_part_strangers_from_doubles() -> None:
    assert (doubles.ONCE_IN, doubles.EXPECTED, doubles.EXCESS, doubles.LEAST_EXCESS) == (50.0, 0.2, 5.6, 0.02)
