"""Nearness is a property of one template and the cohort; who is near everybody gains nothing by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.scores.scoring import (
    COHORT,
    COSINE,
    DECIMALS,
    LEAST,
    NEAREST,
    NEARNESS,
    PASSED_OVER,
    SHORT_LIST,
    WEIGHT,
    Scorer,
    cohort_rows,
    ordered,
    scorer_of,
    short_list,
)


def unit(count: int, seed: int, dimension: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclass(frozen=True)
class Found:
    """What an index gives."""

    reference: int
    score: float


def test_it_is_the_mean_of_the_sixth_to_the_fiftieth_score() -> None:
    cohort, probes = unit(200, 1), unit(3, 2)
    rising = np.sort(probes @ cohort.T, axis=1)
    expected = rising[:, -NEAREST:-PASSED_OVER].mean(axis=1)
    assert Scorer(cohort).nearness(probes) == pytest.approx(expected, abs=1e-5)
    nearness = Scorer(cohort).nearness
    plain = probes @ cohort[:5].T - WEIGHT * (nearness(probes)[:, None] + nearness(cohort[:5])[None, :])
    assert Scorer(cohort).scores(probes, cohort[:5]) == pytest.approx(plain, abs=1e-6)


def test_other_pictures_of_the_same_person_change_little() -> None:
    cohort, probe = unit(200, 1, 64), unit(1, 2, 64)
    doubles = probe + 0.2 * unit(PASSED_OVER, 3, 64)
    doubles /= np.linalg.norm(doubles, axis=1, keepdims=True)
    alone = Scorer(cohort).nearness(probe)
    among = Scorer(np.concatenate([cohort, doubles, probe]).astype(np.float32)).nearness(probe)
    assert 0 <= float((among - alone)[0]) < 0.03


def test_whoever_is_near_everybody_loses() -> None:
    hub = unit(1, 3)
    crowd = unit(300, 4) + 2 * hub
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)
    lone = unit(1, 5)
    lone -= (lone @ hub.T) * hub
    lone /= np.linalg.norm(lone)
    first, second = Scorer(crowd).nearness(np.concatenate([hub, lone]))
    assert first > second + 0.3


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_the_cohort_nor_what_is_asked_together_changes_anything(seed: int) -> None:
    cohort, probes = unit(80, seed), unit(4, seed + 1)
    shuffled = np.random.default_rng(seed).permutation(cohort)
    together = Scorer(cohort).nearness(probes).tolist()
    assert Scorer(shuffled).nearness(probes).tolist() == together
    assert [Scorer(cohort).nearness(probe[np.newaxis])[0] for probe in probes] == together


@pytest.mark.parametrize("cohort", [unit(1, 5), unit(3, 5), np.repeat(unit(1, 5), 90, axis=0)])
def test_degenerate_cohorts_give_finite_scores(cohort: np.ndarray) -> None:
    assert np.isfinite(Scorer(cohort).scores(unit(2, 6), np.concatenate([unit(2, 7), unit(1, 5)]))).all()


def test_a_small_gallery_is_ordered_by_the_cosine() -> None:
    small = unit(LEAST - 1, 1)
    scorer = scorer_of(small)
    assert scorer.name == COSINE
    assert scorer.scores(unit(2, 6), small) == pytest.approx(unit(2, 6) @ small.T, abs=1e-6)
    assert scorer_of(unit(LEAST, 1)).name == NEARNESS


def test_a_cohort_is_drawn_once() -> None:
    rows = cohort_rows(5_000)
    assert len(set(rows.tolist())) == COHORT
    assert rows.tolist() == sorted(rows.tolist()) == cohort_rows(5_000).tolist()
    assert cohort_rows(150).tolist() == list(range(150))


def test_a_list_is_ordered_by_score_and_equal_ones_by_number() -> None:
    found = [Found(7, 0.5), Found(3, 0.5), Found(5, 0.49), Found(9, 0.4)]
    rows = ordered(found, 0.1, {7: 0.2, 3: 0.2, 5: 0.1})
    assert [row.reference for row in rows] == [5, 3, 7]  # 9 was erased meanwhile
    assert [row.cosine for row in rows] == [0.49, 0.5, 0.5]
    assert rows[0].score == pytest.approx(0.49 - WEIGHT * 0.2)
    assert short_list(2) == 200
    assert short_list(50) == 500


def test_a_cohort_of_five_has_nobody_to_pass_over() -> None:
    cohort, probes = unit(5, 1), unit(3, 2)
    assert Scorer(cohort).nearness(probes) == pytest.approx((probes @ cohort.T).mean(axis=1), abs=1e-6)


def test_the_very_picture_itself_does_not_count() -> None:
    cohort = unit(3, 1)
    expected = [(cohort[i] @ cohort[j] + cohort[i] @ cohort[k]) / 2 for i, j, k in ((0, 1, 2), (1, 0, 2), (2, 0, 1))]
    assert Scorer(cohort).nearness(cohort) == pytest.approx(expected, abs=1e-6)
    assert Scorer(cohort[:1]).nearness(cohort[:1]) == 0


def test_a_cohort_of_one_is_a_mean_of_one() -> None:
    assert Scorer(unit(1, 1)).nearness(unit(1, 2)) == pytest.approx(float((unit(1, 1) @ unit(1, 2).T)[0, 0]), abs=1e-6)


def test_of_no_templates_there_is_no_nearness_and_no_share() -> None:
    none = np.empty((0, 16), np.float32)
    for scorer in (Scorer(unit(200, 1)), Scorer()):
        assert scorer.nearness(none).shape == scorer.share(none).shape == (0,)


def test_one_more_person_near_moves_the_sixth_in_and_the_fiftieth_out() -> None:
    cohort, templates = unit(200, 1), unit(4, 2)
    rising = np.sort(templates @ cohort.T, axis=1)
    lost = np.maximum(rising[:, -NEAREST - 1], 0)
    assert Scorer(cohort).share(templates) == pytest.approx(WEIGHT * (rising[:, -6] - lost) / 45, abs=1e-6)
    assert (lost > 0).any()
    assert Scorer(unit(3, 1)).share(templates) == pytest.approx(0)
    assert Scorer(unit(7, 1)).share(templates) == pytest.approx(
        [
            WEIGHT * max(row[1] - max(row[0], 0), 0) / 45  # the sixth of seven, and the last
            for row in np.sort(templates @ unit(7, 1).T, axis=1)
        ],
        abs=1e-6,
    )


def test_the_figures_that_were_tuned() -> None:
    assert (COHORT, NEAREST, PASSED_OVER, WEIGHT, DECIMALS, SHORT_LIST) == (1_000, 50, 5, 0.75, 6, 200)
