"""The verification protocol: every picture against every other; error rates at thresholds, by group and stratum.

Owns TAR at fixed FMR, the DET curve, and what each group, quality and age gap does at one threshold. It must
never choose a threshold by group: there is one for all, as in the deployed system.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plainview.evaluation import metrics
from plainview.evaluation.demographics import Group, GroupRates, differentials, find_groups, group_rates
from plainview.evaluation.metrics import FMR_POINTS, MIN_EXPECTED_PAIRS, MIN_PEOPLE, Estimate, insufficient
from plainview.evaluation.pairs import Pairs, compare_all, impostor_weight
from plainview.evaluation.samples import Samples, Scorer

GROUP_FMR = "1e-3"
"""The overall FMR at whose threshold groups and strata are compared (a key of `FMR_POINTS`)."""

QUALITY_STRATA = ((0, 40), (40, 70), (70, 101))
"""Overall quality of the worse picture of a pair, from and below."""

AGE_GAPS = ((0, 2), (2, 5), (5, 10), (10, 200))
"""Years between the two pictures of a pair, from and below."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Results of the protocol.

    Attributes:
        pairs: all comparisons.
        mated_people: people with a mated pair.
        tar: FMR point -> 1 - FNMR.
        thresholds: FMR point -> the threshold, None where insufficient.
        det: points (FMR, FNMR).
        groups: column -> value -> rates.
        differential: column -> name -> estimate.
        strata: kind -> stratum -> (FNMR, mated pairs).
    """

    pairs: Pairs
    mated_people: int
    tar: dict[str, Estimate]
    thresholds: dict[str, float | None]
    det: list[tuple[float, float]]
    groups: dict[str, dict[str, GroupRates]]
    differential: dict[str, dict[str, Estimate]]
    strata: dict[str, dict[str, tuple[Estimate, int]]]


def verify_all(samples: Samples, scorer: Scorer, *, seed: int, replicates: int) -> Verification:
    """Run the protocol.

    Args:
        samples: the pictures.
        scorer: compares them.
        seed: of the bootstrap.
        replicates: resamples of people.
    """
    pairs = compare_all(samples, scorer)
    chosen = samples.usable & ~samples.masked
    owner = samples.person[pairs.mated_a]
    strata = _strata(samples, pairs)
    groups = find_groups(samples, pairs, chosen)
    values: dict[str, list[float]] = {point: [] for point in FMR_POINTS}
    group_draws: list[dict[Group, tuple[float, float]]] = []
    stratum_draws: dict[tuple[str, str], list[float]] = {key: [] for key in strata}
    for weights in metrics.resamples(max(1, len(samples.people)), replicates, seed):
        mated = weights[owner] if len(owner) else np.empty(0)
        tail = weights[samples.person[pairs.tail_a]] * weights[samples.person[pairs.tail_b]]
        total = impostor_weight(samples, chosen, weights)
        if not mated.sum() and not total:
            continue
        for point, rate in FMR_POINTS.items():
            threshold = metrics.threshold_at(pairs.tail, tail, total, rate)
            values[point].append(1 - metrics.rate_below(pairs.mated, mated, threshold) if mated.sum() else np.nan)
            if point == GROUP_FMR:
                group_draws.append(group_rates(groups, pairs, samples, threshold, weights))
                for key, members in strata.items():
                    inside = mated[members]
                    stratum_draws[key].append(
                        metrics.rate_below(pairs.mated[members], inside, threshold) if inside.sum() else np.nan
                    )
    ones, flat = np.ones(len(pairs.mated)), np.ones(len(pairs.tail))
    thresholds: dict[str, float | None] = {}
    tar: dict[str, Estimate] = {}
    people = len(set(owner.tolist()))
    for point, rate in FMR_POINTS.items():
        threshold = metrics.threshold_at(pairs.tail, flat, pairs.impostors, rate)
        trouble = _trouble(pairs.impostors, rate, point)
        thresholds[point] = None if trouble else float(threshold)
        if trouble or people < MIN_PEOPLE:
            tar[point] = insufficient(trouble or f"{people} people with mated pairs; {MIN_PEOPLE} are needed")
            continue
        value = 1 - metrics.rate_below(pairs.mated, ones, threshold)
        tar[point] = metrics.with_interval(value, values[point], people)
    at = thresholds[GROUP_FMR]
    rates = differentials(groups, pairs, samples, at, group_draws)
    return Verification(
        pairs,
        people,
        tar,
        thresholds,
        metrics.det(pairs.tail, flat, pairs.impostors, pairs.mated, ones) if people >= MIN_PEOPLE else [],
        rates[0],
        rates[1],
        _stratum_rates(strata, samples, pairs, at, stratum_draws),
    )


def _trouble(impostors: int, rate: float, point: str) -> str:
    expected = impostors * rate
    if expected >= MIN_EXPECTED_PAIRS * (1 - 1e-9):
        return ""
    return f"{expected:.1f} false matches expected at FMR {point}; {MIN_EXPECTED_PAIRS} are needed"


def _strata(samples: Samples, pairs: Pairs) -> dict[tuple[str, str], NDArray[np.int64]]:
    """(kind, stratum) -> the mated pairs in it, as indices."""
    worse = np.minimum(samples.quality[pairs.mated_a], samples.quality[pairs.mated_b])
    gap = np.abs(samples.years[pairs.mated_a] - samples.years[pairs.mated_b])
    strata = {
        ("quality", f"{low}-{high - 1}"): np.flatnonzero((worse >= low) & (worse < high))
        for low, high in QUALITY_STRATA
    }
    if np.isfinite(gap).any():
        for low, high in AGE_GAPS:
            name = f"{low}+ years" if high == AGE_GAPS[-1][1] else f"{low} to under {high} years"
            strata["age_gap", name] = np.flatnonzero((gap >= low) & (gap < high))
    return strata


def _stratum_rates(
    strata: dict[tuple[str, str], NDArray[np.int64]],
    samples: Samples,
    pairs: Pairs,
    threshold: float | None,
    draws: dict[tuple[str, str], list[float]],
) -> dict[str, dict[str, tuple[Estimate, int]]]:
    result: dict[str, dict[str, tuple[Estimate, int]]] = {}
    for (kind, name), members in strata.items():
        people = len(set(samples.person[pairs.mated_a[members]].tolist()))
        if threshold is None:
            estimate = insufficient(f"no threshold at FMR {GROUP_FMR}")
        elif people < MIN_PEOPLE:
            estimate = insufficient(f"{people} people; {MIN_PEOPLE} are needed")
        else:
            value = metrics.rate_below(pairs.mated[members], np.ones(len(members)), np.float32(threshold))
            estimate = metrics.with_interval(value, draws[kind, name], people)
        result.setdefault(kind, {})[name] = (estimate, len(members))
    return result
