"""Nearness is a property of one template and the cohort; who is near everybody gains nothing by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.evaluation.normalise import NEAREST, WEIGHT, Normaliser


def unit(count: int, seed: int, dimension: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_it_is_the_mean_of_the_highest_scores_without_the_picture_itself() -> None:
    cohort, probes = unit(200, 1), unit(3, 2)
    expected = np.sort(probes @ cohort.T, axis=1)[:, -NEAREST:].mean(axis=1)
    assert Normaliser(cohort).nearness(probes) == pytest.approx(expected, abs=1e-5)
    own = Normaliser(cohort).nearness(cohort[:1])
    others = np.sort(cohort[:1] @ cohort[1:].T, axis=1)[:, -NEAREST:]
    # The picture itself takes a place among the nearest and is not counted.
    assert own[0] <= others.mean() + 0.02
    scores = Normaliser(cohort).scores(probes, cohort[:5])
    nearness = Normaliser(cohort).nearness
    plain = probes @ cohort[:5].T - WEIGHT * (nearness(probes)[:, None] + nearness(cohort[:5])[None, :])
    assert scores == pytest.approx(plain, abs=1e-6)


def test_whoever_is_near_everybody_loses() -> None:
    cohort = unit(300, 3)
    crowd = cohort.mean(axis=0, keepdims=True)
    hub = (crowd / np.linalg.norm(crowd)).astype(np.float32)
    lone = unit(1, 4)
    lone -= (lone @ hub.T) * hub
    lone /= np.linalg.norm(lone)
    near = Normaliser(
        np.concatenate([cohort + 2 * hub]) / np.linalg.norm(cohort + 2 * hub, axis=1, keepdims=True)
    )
    first, second = near.nearness(np.concatenate([hub, lone]))
    assert first > second + 0.3


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_cohort_changes_nothing(seed: int) -> None:
    cohort, probes = unit(80, seed), unit(4, seed + 1)
    shuffled = np.random.default_rng(seed).permutation(cohort)
    assert Normaliser(cohort).nearness(probes) == pytest.approx(
        Normaliser(shuffled).nearness(probes), abs=1e-5
    )


@pytest.mark.parametrize(
    "cohort", [np.empty((0, 16), np.float32), unit(1, 5), np.repeat(unit(1, 5), 90, axis=0)]
)
def test_degenerate_cohorts_give_finite_scores(cohort: np.ndarray) -> None:
    scores = Normaliser(cohort).scores(unit(2, 6), np.concatenate([unit(2, 7), unit(1, 5)]))
    assert np.isfinite(scores).all()
    if not len(cohort):
        assert scores[:, :2] == pytest.approx(unit(2, 6) @ unit(2, 7).T, abs=1e-6)
