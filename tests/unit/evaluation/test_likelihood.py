"""Likelihood ratios cost little where scores tell, a whole bit where they do not, and nothing is said of too few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.factories.evaluation import made_up, samples, unit

from plainview.evaluation.likelihood import LikelihoodRatio, likelihood_ratio
from plainview.evaluation.samples import CosineScorer, Samples


def ratio(some: Samples, replicates: int = 20) -> LikelihoodRatio:
    return likelihood_ratio(some, CosineScorer(), seed=1, replicates=replicates)


def test_scores_that_tell_cost_little_and_the_ratio_rises_with_them() -> None:
    found = ratio(made_up(people=60, each=3, singles=20, noise=0.3))
    assert found.cllr.value is not None
    assert found.cllr.value < 0.1
    assert found.cllr.interval is not None
    assert found.cllr.interval[0] <= found.cllr.value <= found.cllr.interval[1]
    assert found.slope is not None
    assert found.offset is not None
    assert found.slope > 0
    assert found.offset + found.slope * 0.0 < 0 < found.offset + found.slope * 0.95


def test_scores_that_say_nothing_cost_one_bit() -> None:
    templates = unit(np.random.default_rng(3).normal(size=(200, 24)))
    found = ratio(samples(templates, np.repeat(np.arange(100), 2)))
    assert found.cllr.value == pytest.approx(1.0, abs=0.1)


def test_pairs_that_a_person_ruled_out_do_not_count() -> None:
    some = made_up(people=40, each=2, singles=0, noise=0.3)
    twins = some.templates.copy()
    twins[some.person == 1] = twins[some.person == 0]
    spoilt = replace(some, templates=twins)
    ruled = replace(spoilt, ignored=((0, 1),))
    costs = [ratio(each).cllr.value for each in (ruled, spoilt)]
    assert costs[0] is not None
    assert costs[1] is not None
    assert costs[0] <= costs[1]


def test_too_few_people_give_no_number() -> None:
    found = ratio(made_up(people=12, each=2, singles=5))
    assert found.cllr.value is None
    assert found.cllr.why.startswith("insufficient data")
    assert found.slope is None
