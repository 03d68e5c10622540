"""Error rates by group, at one threshold for all, and how far the groups lie apart.

Owns what a group's FMR and FNMR are: FMR among pairs of different people who are both of the group, FNMR among
mated pairs of its people. The groups are the data set's own labels and are used to sort results only. It must
never name a cause, and never state a group's rate from too few trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plainview.evaluation import metrics
from plainview.evaluation.metrics import MIN_EXPECTED_PAIRS, MIN_PEOPLE, Estimate, insufficient
from plainview.evaluation.pairs import Pairs, impostor_weight
from plainview.evaluation.samples import Samples

RATE = 1e-3
"""The overall FMR whose threshold the caller gives (verification.GROUP_FMR)."""

Group = tuple[str, str]
"""(column, value)."""


@dataclass(frozen=True, slots=True)
class _Members:
    """Where a group is found: pictures (bool), mated pairs and impostor tail pairs (indices)."""

    pictures: NDArray[np.bool_]
    mated: NDArray[np.int64]
    tail: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group: FMR, FNMR, people, pictures, impostor pairs, mated pairs."""

    fmr: Estimate
    fnmr: Estimate
    people: int
    pictures: int
    impostor_pairs: int
    mated_pairs: int


def find_groups(samples: Samples, pairs: Pairs, chosen: NDArray[np.bool_]) -> dict[Group, _Members]:
    """Find each group's pictures and pairs; a pair belongs to a group when both its pictures do."""
    groups: dict[Group, _Members] = {}
    for column, labels in samples.groups.items():
        for value in sorted(set(labels[chosen].tolist()) - {""}):
            pictures = chosen & (labels == value)
            groups[column, value] = _Members(
                pictures,
                np.flatnonzero(pictures[pairs.mated_a] & pictures[pairs.mated_b]),
                np.flatnonzero(pictures[pairs.tail_a] & pictures[pairs.tail_b]),
            )
    return groups


def group_rates(
    groups: dict[Group, _Members],
    pairs: Pairs,
    samples: Samples,
    threshold: np.float32,
    weights: NDArray[np.float64],
) -> dict[Group, tuple[float, float]]:
    """Return (FMR, FNMR) of each group when person p counts weights[p] times; NaN where it has no trial."""
    rates: dict[Group, tuple[float, float]] = {}
    above = int(np.searchsorted(-pairs.tail, -threshold, side="right"))
    for group, members in groups.items():
        hits = members.tail[: np.searchsorted(members.tail, above)]
        wrong = weights[samples.person[pairs.tail_a[hits]]] * weights[samples.person[pairs.tail_b[hits]]]
        total = impostor_weight(samples, members.pictures, weights)
        own = weights[samples.person[pairs.mated_a[members.mated]]]
        rates[group] = (
            float(wrong.sum() / total) if total > 0 else np.nan,
            metrics.rate_below(pairs.mated[members.mated], own, threshold) if own.sum() > 0 else np.nan,
        )
    return rates


def differentials(
    groups: dict[Group, _Members],
    pairs: Pairs,
    samples: Samples,
    threshold: float | None,
    draws: Sequence[dict[Group, tuple[float, float]]],
) -> tuple[dict[str, dict[str, GroupRates]], dict[str, dict[str, Estimate]]]:
    """Return the rates of each group, and for each column how far they lie apart.

    Args:
        groups: from `find_groups`.
        pairs: all comparisons.
        samples: the pictures.
        threshold: of the overall FMR; None: too few impostor pairs for one.
        draws: `group_rates` of each resample.
    """
    ones = np.ones(len(samples.people))
    values = group_rates(groups, pairs, samples, np.float32(threshold), ones) if threshold is not None else {}
    rates: dict[str, dict[str, GroupRates]] = {}
    for group, members in groups.items():
        people = len(set(samples.person[members.pictures].tolist()))
        mated_people = len(set(samples.person[pairs.mated_a[members.mated]].tolist()))
        impostors = round(impostor_weight(samples, members.pictures, ones))
        fmr = fnmr = insufficient(f"no threshold at an overall FMR of {RATE:g}")
        if threshold is not None:
            fmr = insufficient(
                f"{people} people, {impostors * RATE:.1f} false matches expected; "
                f"{MIN_PEOPLE} and {MIN_EXPECTED_PAIRS} are needed"
            )
            if impostors * RATE >= MIN_EXPECTED_PAIRS and people >= MIN_PEOPLE:
                fmr = metrics.with_interval(values[group][0], [draw[group][0] for draw in draws], impostors)
            fnmr = insufficient(f"{mated_people} people with mated pairs; {MIN_PEOPLE} are needed")
            if mated_people >= MIN_PEOPLE:
                fnmr = metrics.with_interval(values[group][1], [draw[group][1] for draw in draws], mated_people)
        rates.setdefault(group[0], {})[group[1]] = GroupRates(
            fmr, fnmr, people, int(members.pictures.sum()), impostors, len(members.mated)
        )
    return rates, {column: _apart(column, rates[column], draws) for column in rates}


def _apart(
    column: str, rates: dict[str, GroupRates], draws: Sequence[dict[Group, tuple[float, float]]]
) -> dict[str, Estimate]:
    """Greatest over least, and greatest less least, among the groups whose rate is stated."""
    result: dict[str, Estimate] = {}
    for i, kind in enumerate(("fmr", "fnmr")):
        stated = {value: (rate.fmr, rate.fnmr)[i].value for value, rate in rates.items()}
        known = {value: rate for value, rate in stated.items() if rate is not None}
        if len(known) < 2:
            why = insufficient(f"{len(known)} groups with a stated {kind.upper()}; 2 are needed")
            result[f"{kind}_max_over_min"] = result[f"{kind}_gap"] = why
            continue
        most, least = max(known.values()), min(known.values())
        drawn = np.array([[draw[column, value][i] for value in known] for draw in draws], np.float64)
        drawn = drawn[np.isfinite(drawn).all(axis=1)] if len(drawn) else np.empty((0, len(known)))
        result[f"{kind}_gap"] = _bounded(most - least, drawn.max(axis=1) - drawn.min(axis=1))
        if least == 0:
            result[f"{kind}_max_over_min"] = insufficient("no error in one group: the ratio has no bound")
            continue
        with np.errstate(divide="ignore", invalid="ignore"):  # no error in a resample
            ratio = drawn.max(axis=1) / drawn.min(axis=1)
        result[f"{kind}_max_over_min"] = _bounded(most / least, ratio[np.isfinite(ratio)])
    return result


def _bounded(value: float, drawn: NDArray[np.float64]) -> Estimate:
    """Bound a difference between groups by its resamples."""
    if not len(drawn):
        return Estimate(value)
    low, high = (float(q) for q in np.quantile(drawn, metrics.LEVEL))
    return Estimate(value, min(low, value), max(high, value))
