"""What each error rate is, exactly, and when there are too few trials to state it.

Owns the arithmetic of false match, false non-match, identification and their intervals, on plain arrays of
scores. It must never state a rate that its trials cannot carry: such an `Estimate` has no value and says why.

Definitions follow ISO/IEC 19795-1:2021 (FMR, FNMR, DET, FPIR, FNIR, CMC) and NIST FRTE 1:N (NISTIR 8271: FNIR
at a threshold that gives a fixed FPIR, with the gallery size). A comparison counts as a match when its score
is at or above the threshold. A score shared by several trials (a tie) always counts against the system.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Weights = NDArray[np.float64]

FMR_POINTS = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5, "1e-6": 1e-6}
"""Where TAR (1 - FNMR) is stated."""

FPIR_POINTS = {"0.1": 0.1, "0.01": 0.01, "0.003": 0.003}
"""Where FNIR is stated; NIST FRTE 1:N uses 0.003, its earlier reports 0.001."""

MIN_EXPECTED_PAIRS = 10
"""False matches to expect at a rate before a threshold is read off there. More than three, because one person
takes part in many impostor pairs, so that the pairs are not independent."""

MIN_EXPECTED_PROBES = 3
"""False positives to expect at a rate before a threshold is read off there: the rule of 3 (ISO/IEC 19795-1,
annex on sample size: no error in n independent trials leaves up to 3/n possible at 95 % confidence)."""

MIN_PEOPLE = 10
"""People, at least, behind any rate: fewer cannot be resampled to an interval that means anything."""

LEVEL = (0.025, 0.975)
"""Quantiles of the bootstrap that bound an interval of 95 %."""

_SLACK = 1e-9  # relative: 0.01 * 300 must allow 3, whatever the rounding


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its interval of 95 %, or the reason why it is not stated.

    Attributes:
        value: 0 to 1 (or a ratio); None: insufficient data.
        low: lower bound; None where `value` is.
        high: upper bound; None where `value` is.
        why: empty, or what is insufficient.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""

    @property
    def interval(self) -> list[float] | None:
        """[low, high], or None."""
        return None if self.low is None or self.high is None else [self.low, self.high]


def insufficient(why: str) -> Estimate:
    """An estimate that is not one."""
    return Estimate(None, why=f"insufficient data: {why}")


def threshold_at(descending: Floats, weights: Weights, total: float, rate: float) -> np.float32:
    """The lowest threshold at which at most `rate` of the trials reach it.

    Args:
        descending: the scores, highest first; those below the last one may have been left out.
        weights: how often each score counts.
        total: sum of the weights of all trials, left-out ones included.
        rate: 0 to 1.

    Returns:
        A score. All trials that share a score are above it or below it together.
    """
    reached = np.cumsum(weights)
    first_too_many = int(np.searchsorted(reached, rate * total * (1 + _SLACK), side="right"))
    if first_too_many >= len(descending):
        return np.float32(-np.inf) if not len(descending) or reached[-1] >= total else descending[-1]
    return np.float32(np.nextafter(descending[first_too_many], np.float32(np.inf)))


def rate_at_or_above(scores: Floats, weights: Weights, total: float, threshold: np.float32) -> float:
    """Part of the trials that reach a threshold: FMR of impostor scores, FPIR of non-mated ones."""
    return float(weights[scores >= threshold].sum() / total) if total > 0 else 0.0


def rate_below(scores: Floats, weights: Weights, threshold: np.float32) -> float:
    """Part of the trials that stay below a threshold: FNMR of mated scores, FNIR of mates' scores."""
    total = weights.sum()
    return float(weights[scores < threshold].sum() / total) if total > 0 else 0.0


def ranks(mate_scores: Floats, other_scores: Floats) -> Ints:
    """Rank of each probe's mate, from 1; others with the same score rank before it.

    Args:
        mate_scores: float32, shape (probes,); -inf: no template could be made of the probe.
        other_scores: float32, shape (probes, others): scores of everybody else in the gallery.
    """
    before: Ints = (other_scores >= mate_scores[:, None]).sum(axis=1)
    return 1 + before


def cmc(mate_ranks: Ints, weights: Weights, longest: int) -> list[float]:
    """Cumulative match characteristic: part of the mated probes whose mate is at rank 1, 2, ... `longest`."""
    total = weights.sum()
    return [float(weights[mate_ranks <= rank].sum() / total) for rank in range(1, longest + 1)]


def det(
    impostor: Floats, weights: Weights, total: float, mated: Floats, mated_weights: Weights, points: int = 60
) -> list[tuple[float, float]]:
    """Detection error trade-off: (FMR, FNMR) at thresholds from the least FMR that can be stated upwards.

    Args:
        impostor: scores, highest first, as for `threshold_at`.
        weights: their weights.
        total: weight of all impostor trials.
        mated: mated scores in any order.
        mated_weights: their weights.
        points: at most so many.
    """
    least, most = MIN_EXPECTED_PAIRS / total if total else 1.0, weights.sum() / total if total else 0.0
    if not len(mated) or least >= most:
        return []
    curve = []
    for rate in np.geomspace(least, most, points):
        threshold = threshold_at(impostor, weights, total, float(rate))
        curve.append(
            (
                rate_at_or_above(impostor, weights, total, threshold),
                rate_below(mated, mated_weights, threshold),
            )
        )
    return curve


def resamples(people: int, replicates: int, seed: int) -> Iterator[Weights]:
    """How often each person is drawn, in each resample of all people with replacement (Efron's bootstrap).

    People are resampled, not scores: the scores of one person go together (ISO/IEC 19795-1 on dependence;
    Bolle, Ratha and Pankanti, "Error analysis of pattern recognition systems: the subsets bootstrap", 2004).

    Yields:
        float64, shape (people,), sum `people`.
    """
    random = np.random.default_rng(seed)
    for _ in range(replicates):
        yield random.multinomial(people, np.full(people, 1 / people)).astype(np.float64)


def with_interval(value: float, replicates: list[float], trials: float) -> Estimate:
    """Bound a rate by the quantiles of its resamples.

    Where every trial went one way, all resamples do, and the bound is the rule of 3 instead.

    Args:
        value: the rate, 0 to 1.
        replicates: the rate in each resample; NaN where it had no trials.
        trials: independent trials behind it, for the rule of 3.
    """
    known = np.array([value for value in replicates if np.isfinite(value)])
    low, high = (float(q) for q in np.quantile(known, LEVEL)) if len(known) else (value, value)
    reach = min(1.0, 3 / trials) if trials else 1.0
    if value == 0.0:
        high = max(high, reach)
    if value == 1.0:
        low = min(low, 1 - reach)
    return Estimate(value, min(low, value), max(high, value))
