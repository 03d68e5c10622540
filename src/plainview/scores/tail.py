"""How often a score is reached, from a sorted sample: counted where the sample is, a fitted tail beyond it.

Owns the two laws that are fitted: a generalised Pareto tail, never heavier than exponential because cosines end at 1,
and the Gumbel law of the greatest of many (Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_SHAPES = (-0.4, 0.2)  # of the generalised Pareto tail
_FLAT = 1e-6  # a shape this near to 0 is an exponential tail
_BODY = np.linspace(0.1, 0.6, 26)  # quantiles that the Gumbel law is laid through: below where doubles lie


@dataclass(frozen=True, slots=True)
class Tails:
    """P(best >= score) by many samples of one length at once; their tails are fitted once, whatever scores are asked for.

    Moments: for a generalised Pareto, mean^2 / variance = 1 - 2 shape.

    Attributes:
        samples: float64, shape (rows, n), each row ascending.
        share: of each sample that gets a fitted tail.
        edges, shapes, scales: float64, shape (rows,), of the tails; scale 0 where a tail is one score.
    """

    samples: Doubles
    share: float
    edges: Doubles
    shapes: Doubles
    scales: Doubles

    @classmethod
    def fit(cls, samples: Doubles, share: float) -> Tails:
        """Fit a tail to the highest `share` of each row."""
        begin = _begin(samples.shape[1], share)
        edges = samples[:, begin]
        excess = samples[:, begin:] - edges[:, None]
        mean, spread = excess.mean(axis=1), excess.var(axis=1)
        ratio = np.divide(mean**2, spread, out=np.ones_like(mean), where=spread > 0)
        shapes = np.clip(0.5 * (1 - ratio), *_SHAPES)
        return cls(samples, share, edges, shapes, np.where(mean > 0, mean * (1 - shapes), 0.0))

    def chances(self, scores: Sequence[float]) -> Doubles:
        """P(best >= score) by each sample for each score; float64, shape (scores, rows)."""
        asked, count = np.asarray(scores, np.float64)[:, np.newaxis], self.samples.shape[1]
        counted = np.stack([(self.samples >= score).sum(axis=1) for score in scores]) / count
        over = np.divide(asked - self.edges, self.scales, out=np.zeros_like(counted), where=self.scales > 0)
        over = np.maximum(over, 0.0)
        flat = np.abs(self.shapes) < _FLAT
        powers = -1 / np.where(flat, 1.0, self.shapes)
        left = np.where(flat, np.exp(-over), np.maximum(1 + np.where(flat, 0.0, self.shapes) * over, 0.0) ** powers)
        beyond = (count - _begin(count, self.share)) / count * left
        return np.asarray(np.where(asked <= self.edges, counted, np.where(self.scales > 0, beyond, 0.0)))


def _begin(count: int, share: float) -> int:
    return min(int(count * (1 - share)), count - 1)


def gumbel_body(best: Doubles) -> tuple[float, float]:
    """(place, scale) of the Gumbel law through the lower part of a sample, by least squares on its quantiles."""
    reduced = -np.log(-np.log(_BODY))
    seen = np.quantile(best, _BODY)
    scale = float(((reduced - reduced.mean()) * (seen - seen.mean())).sum() / ((reduced - reduced.mean()) ** 2).sum())
    return float(seen.mean() - scale * reduced.mean()), max(scale, 1e-9)


def gumbel_chance(score: float, place: float, scale: float) -> float:
    """P(greatest >= score) by a Gumbel law."""
    return -math.expm1(-math.exp(min((place - score) / scale, 700.0)))


def gumbel_score(rate: float, place: float, scale: float) -> float:
    """The score that is reached at a rate, 0 to 1 exclusive, by a Gumbel law."""
    return place - scale * math.log(-math.log1p(-rate))
