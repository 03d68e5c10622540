"""How often a score is reached, from a sorted sample: counted where the sample is, a fitted tail beyond it.

Owns the two laws that are fitted: a generalised Pareto tail, never heavier than exponential because cosines end at 1,
and the Gumbel law of the greatest of many (Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_SHAPES = (-0.4, 0.2)  # of the generalised Pareto tail
_BODY = np.linspace(0.1, 0.6, 26)  # quantiles that the Gumbel law is laid through: below where doubles lie


def chance(best: Doubles, score: float, share: float) -> float:
    """P(best >= score) by a sample, float64, ascending, whose highest `share` gets a fitted tail."""
    count = len(best)
    begin = min(int(count * (1 - share)), count - 1)
    edge = best[begin]
    if score <= edge:
        return float(count - np.searchsorted(best, score, side="left")) / count
    excess = best[begin:] - edge
    mean = float(excess.mean())
    if mean <= 0:
        return 0.0
    # Moments: for a generalised Pareto, mean^2 / variance = 1 - 2 shape.
    shape = min(max(0.5 * (1 - mean**2 / float(excess.var())), _SHAPES[0]), _SHAPES[1])
    over = (score - edge) / (mean * (1 - shape))
    left = math.exp(-over) if abs(shape) < 1e-6 else max(1 + shape * over, 0.0) ** (-1 / shape)
    return (count - begin) / count * left


def gumbel_body(best: Doubles) -> tuple[float, float]:
    """(place, scale) of the Gumbel law through the lower part of a sample, by least squares on its quantiles."""
    reduced = -np.log(-np.log(_BODY))
    seen = np.quantile(best, _BODY)
    scale = float(
        ((reduced - reduced.mean()) * (seen - seen.mean())).sum() / ((reduced - reduced.mean()) ** 2).sum()
    )
    return float(seen.mean() - scale * reduced.mean()), max(scale, 1e-9)


def gumbel_chance(score: float, place: float, scale: float) -> float:
    """P(greatest >= score) by a Gumbel law."""
    return -math.expm1(-math.exp(min((place - score) / scale, 700.0)))


def gumbel_score(rate: float, place: float, scale: float) -> float:
    """The score that is reached at a rate, 0 to 1 exclusive, by a Gumbel law."""
    return place - scale * math.log(-math.log1p(-rate))
