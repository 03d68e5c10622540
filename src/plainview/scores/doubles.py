"""Searching a gallery's references as strangers, with their own person's other pictures left out, without labels.

Owns which pairs of references must be two pictures of one person. It names nobody and changes nothing: what it finds
is left out of a calibration and forgotten.

Two lines part strangers from doubles. The lower one is the cosine that strangers would reach once in 50 searches of
the gallery, if the cosines of its pairs followed one normal law. Galleries with families, or with people of few
origins, hold strangers above it; so the upper one is where the Gumbel law of the best cosines, laid through their lower
half, expects a fifth of one stranger in the whole sample. Where many more references pass the lower line than that law
expects, there are doubles and the lower line parts; else the upper one does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from plainview.scores.scoring import WEIGHT, Scorer
from plainview.scores.tail import gumbel_body, gumbel_chance, gumbel_score

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

ONCE_IN = 50.0
"""Searches of which strangers pass the lower line in one, by the normal law of the gallery's pairs."""

EXPECTED = 0.2
"""Strangers that the upper line expects in the whole sample."""

EXCESS, LEAST_EXCESS = 5.6, 0.02
"""How far the share above the lower line must pass what the Gumbel law expects before it counts as doubles: standard
errors (four, and 1.4 because bests come in pairs), and a share at least."""

_NEAREST_COUNT = 16  # highest cosines kept of each reference: more pictures of one person than that leave no stranger
_PAIRS = 500  # cosines of each block row from which the normal law is estimated
_BLOCK = 256  # rows of scores at once: 256 x 100,000 float32 are 100 MB


@dataclass(frozen=True, slots=True)
class StrangersBest:
    """What the sample reached.

    Attributes:
        best: float64: the best score of each reference among those of other people.
        independent: how many of them count as independent.
        remaining: share of the sample whose best may still be of its own person.
        body: the Gumbel law of the lower half of `best`, where the lower line parted; else None.
    """

    best: Doubles
    independent: int
    remaining: float
    body: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The highest few of each reference, falling, and whose they are: float64 and int64, shape (rows, few)."""

    values: Doubles
    whose: Rows


def strangers_best(
    templates: Floats, rows: Rows, columns: Rows, scorer: Scorer, pictures: Mapping[int, Floats] = MappingProxyType({})
) -> StrangersBest:
    """Search each of some references as a stranger among others.

    Args:
        templates: float32, shape (n, d), unit rows: the gallery.
        rows: which of them are searched.
        columns: which of them they are compared with.
        scorer: what orders the gallery's lists.
        pictures: row -> the picture, float32, shape (d,), that is searched with in place of the mean in `templates`.
    """
    taken, moved = WEIGHT * scorer.nearness(templates), scorer.share(templates)
    probes, several = templates[rows], np.array([[key in pictures] for key in rows.tolist()], dtype=np.bool_)
    for place in np.flatnonzero(several[:, 0]).tolist():
        probes[place] = pictures[int(rows[place])]
    cosines, scores, law = _compare(probes, WEIGHT * scorer.nearness(probes), rows, templates, columns, taken)
    lower = law.inv_cdf(1 - 1 / (ONCE_IN * len(columns)))
    body = gumbel_body(np.where(cosines.values < lower, cosines.values, -1.0).max(axis=1))
    upper = max(lower, gumbel_score(EXPECTED / len(rows), *body))
    expected = gumbel_chance(lower, *body)
    share = float((cosines.values[:, 0] >= lower).mean())
    error = math.sqrt(max(expected, 1 / len(rows)) / len(rows))
    many = share - expected > max(EXCESS * error, LEAST_EXCESS)
    own = _own(templates, probes, cosines, lower if many else upper)
    # As a stranger, a reference would be in nobody's nearness, nor its own person's other pictures, or the mean that
    # it is a part of, in its own.
    share_of_cohort = min(1.0, scorer.size / len(templates))
    others = own.sum(axis=1, keepdims=True) * share_of_cohort
    nearer = (others + several * share_of_cohort) * scorer.share(probes)[:, None]
    adjusted = scores.values + (share_of_cohort + others) * moved[scores.whose] + nearer
    left = np.where(_among(scores.whose, cosines.whose, own), -np.inf, adjusted)
    at, best = left.argmax(axis=1), left.max(axis=1)
    known = np.isfinite(best)
    if many:
        linked = cosines.values[:, 0][cosines.values[:, 0] >= lower]
        missed = NormalDist(float(linked.mean()), max(float(linked.std()), 1e-3)).cdf(lower)
        remaining = min(share * missed / (1 - missed), 0.5)  # their mean is above the line: at most half is missed
    else:
        between = np.where(own, -np.inf, cosines.values).max(axis=1) >= lower
        remaining = max(0.0, float(between.mean()) - expected)
    whose = scores.whose[np.arange(len(rows)), at]
    return StrangersBest(
        best[known],
        _independent(rows[known], whose[known], cosines.whose[known], own[known]),
        remaining,
        gumbel_body(best[known]) if many and known.any() else None,
    )


def _compare(
    probes: Floats, taken_of_probes: Doubles, rows: Rows, templates: Floats, columns: Rows, taken: Doubles
) -> tuple[_Nearest, _Nearest, NormalDist]:
    """The highest cosines and the highest scores of each row, and the normal law of the cosines of all pairs."""
    few = min(_NEAREST_COUNT, len(columns))
    nearest_two = [_Nearest(np.empty((len(rows), few)), np.empty((len(rows), few), np.int64)) for _ in range(2)]
    random, sampled = np.random.default_rng(0), []
    part = templates[columns]
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        cosines = probes[start : start + len(block)] @ part.T
        sampled.append(cosines[:, random.integers(len(columns), size=_PAIRS)].ravel())
        cosines[block[:, None] == columns[None, :]] = -np.inf
        scores = cosines - taken_of_probes[start : start + len(block), None] - taken[columns][None, :]
        for values, nearest in zip((cosines, scores), nearest_two, strict=True):
            at = np.argpartition(values, len(columns) - few, axis=1)[:, -few:]
            at = np.take_along_axis(at, np.argsort(-np.take_along_axis(values, at, 1), axis=1, kind="stable"), 1)
            nearest.values[start : start + len(block)] = np.take_along_axis(values, at, 1)
            nearest.whose[start : start + len(block)] = columns[at]
    pairs = np.concatenate(sampled)
    middle, spread = np.median(pairs), np.subtract(*np.quantile(pairs, [0.75, 0.25])) / 1.349
    return nearest_two[0], nearest_two[1], NormalDist(float(middle), max(float(spread), 1e-6))


def _own(templates: Floats, probes: Floats, cosines: _Nearest, line: float) -> NDArray[np.bool_]:
    """Which of the kept are of the row's own person: those above the line, and those near the mean of these."""
    own: NDArray[np.bool_] = cosines.values >= line
    for i in np.flatnonzero(own[:, 0]):
        person = probes[i] + templates[cosines.whose[i][own[i]]].sum(axis=0)
        own[i] |= templates[cosines.whose[i]] @ (person / np.linalg.norm(person)) >= line
    return own


def _among(whose: Rows, others: Rows, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where each row of `whose` names one of its chosen `others`."""
    inside = np.zeros(whose.shape, dtype=np.bool_)
    for i in np.flatnonzero(chosen[:, 0]):
        inside[i] = np.isin(whose[i], others[i][chosen[i]])
    return inside


def _independent(rows: Rows, whose: Rows, others: Rows, own: NDArray[np.bool_]) -> int:
    """People in the sample, each counted once, and once for two who are each other's best."""
    sampled = set(rows.tolist())
    people = sum(
        1 / (1 + len(sampled.intersection(other[chosen].tolist()))) for other, chosen in zip(others, own, strict=True)
    )
    best = dict(zip(rows.tolist(), whose.tolist(), strict=True))
    mutual = sum(best.get(other) == reference for reference, other in best.items()) / 2
    return max(int(people - mutual), 1)
