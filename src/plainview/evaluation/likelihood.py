"""Likelihood ratios of scores, and what they cost: Cllr, measured on people that the ratios were not made from.

Owns one model, logistic regression of the score with both kinds of pair weighing alike, and its cost (Brümmer and
du Preez, "Application-independent evaluation of speaker detection", 2006): 0 for ratios that always know, 1 for ratios
that always say 1. A ratio is made where mated pairs are known to be such independently of their scores. In a deployment
none are: pairs that examiners confirmed were found by their scores, and a ratio from them would flatter itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plainview.evaluation import metrics
from plainview.evaluation.metrics import MIN_PEOPLE, Estimate, Ints, insufficient
from plainview.evaluation.samples import Samples, Scorer

MOST_IMPOSTORS = 200_000
"""Impostor pairs of each half that are used, drawn at random: the error of Cllr is then its mated pairs'."""

_STEPS = 30  # of Newton's method: it settles in about ten
_RIDGE = 1e-3  # keeps the slope finite where the two kinds do not overlap


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """The ratio's model and cost.

    Attributes:
        cllr: bits; mean of two halves of the people, each by the model of the other.
        slope, offset: natural log of the ratio = offset + slope * score, fitted to everybody; None where insufficient.
    """

    cllr: Estimate
    slope: float | None
    offset: float | None


@dataclass(frozen=True, slots=True)
class _Trials:
    """Pairs within one half of the people: scores and the people of each pair."""

    scores: NDArray[np.float64]
    mated: NDArray[np.bool_]
    a: Ints
    b: Ints

    @property
    def enough(self) -> bool:
        return len(set(self.a[self.mated].tolist())) >= MIN_PEOPLE and not self.mated.all()


def likelihood_ratio(samples: Samples, scorer: Scorer, *, seed: int, replicates: int) -> LikelihoodRatio:
    """Fit ratios on one half of the people and measure them on the other, both ways.

    Args:
        samples: the pictures.
        scorer: compares them.
        seed: of the halves and the bootstrap.
        replicates: resamples of people.
    """
    order = np.random.default_rng(seed).permutation(len(samples.people))
    halves = [_trials(samples, scorer, np.sort(half), seed) for half in np.array_split(order, 2)]
    if not all(half.enough for half in halves):
        why = f"fewer than {MIN_PEOPLE} people with mated pairs in one half, or no pair of two people"
        return LikelihoodRatio(insufficient(why), None, None)
    models = [_fit(half) for half in halves]
    costs = [_costs(half, *model) for half, model in zip(halves, reversed(models), strict=True)]
    ones = np.ones(len(samples.people))
    value = _cllr(halves, costs, ones)
    drawn = [_cllr(halves, costs, weights) for weights in metrics.resamples(len(ones), replicates, seed)]
    low, high = (float(q) for q in np.nanquantile(drawn, metrics.LEVEL))
    both = _Trials(
        *(np.concatenate([getattr(half, name) for half in halves]) for name in ("scores", "mated", "a", "b"))
    )
    slope, offset = _fit(both)
    return LikelihoodRatio(Estimate(value, min(low, value), max(high, value)), slope, offset)


def _trials(samples: Samples, scorer: Scorer, people: Ints, seed: int) -> _Trials:
    rows = np.flatnonzero(samples.usable & ~samples.masked & np.isin(samples.person, people))
    person = samples.person[rows]
    scores = scorer.scores(samples.probes[rows], samples.templates[rows])
    first, second = np.triu_indices(len(rows), 1)
    a, b = person[first], person[second]
    mated = a == b
    others = np.flatnonzero(~mated)
    for x, y in samples.ignored:
        others = others[~((np.minimum(a[others], b[others]) == x) & (np.maximum(a[others], b[others]) == y))]
    drawn = np.random.default_rng(seed).permutation(others)[:MOST_IMPOSTORS]
    chosen = np.concatenate([np.flatnonzero(mated), drawn])
    return _Trials(scores[first[chosen], second[chosen]].astype(np.float64), mated[chosen], a[chosen], b[chosen])


def _fit(trials: _Trials) -> tuple[float, float]:
    """(slope, offset) of the logarithm of the ratio."""
    middle, spread = float(trials.scores.mean()), max(float(trials.scores.std()), 1e-9)
    x = np.stack([(trials.scores - middle) / spread, np.ones(len(trials.scores))], axis=1)
    weight = np.where(trials.mated, 0.5 / trials.mated.sum(), 0.5 / (~trials.mated).sum())
    ridge, beta = np.diag([_RIDGE, 0.0]), np.zeros(2)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ beta, -50, 50)))
        slope = x.T @ (weight * (trials.mated - chance)) - ridge @ beta
        bend = (x * (weight * chance * (1 - chance))[:, None]).T @ x + ridge + 1e-12 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-9:
            break
    return float(beta[0] / spread), float(beta[1] - beta[0] * middle / spread)


def _costs(trials: _Trials, slope: float, offset: float) -> NDArray[np.float64]:
    """Bits that each pair's ratio costs: log2(1 + 1/LR) of a mated pair, log2(1 + LR) of two people."""
    log_ratios = offset + slope * trials.scores
    return np.asarray(np.logaddexp(0.0, np.where(trials.mated, -log_ratios, log_ratios)) / np.log(2))


def _cllr(halves: list[_Trials], costs: list[NDArray[np.float64]], weights: NDArray[np.float64]) -> float:
    """Mean cost of both kinds of pair, of both halves, when person p counts weights[p] times."""
    per_side = []
    for half, cost in zip(halves, costs, strict=True):
        for kind in (half.mated, ~half.mated):
            counted = weights[half.a[kind]] * np.where(half.a[kind] == half.b[kind], 1.0, weights[half.b[kind]])
            per_side.append(float((cost[kind] * counted).sum() / counted.sum()) if counted.sum() else np.nan)
    return float(np.mean(per_side))
