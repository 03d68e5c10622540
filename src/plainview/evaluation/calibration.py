"""What a score means in one gallery: how often the best candidate of a stranger reaches it.

Owns a gallery's calibration, made from the gallery's own templates without any label: each of a random sample of
references is searched as a stranger among all others. It never states how likely a candidate is the person.

Two images of one person in a gallery look like a stranger who reached a very high score. Scores that strangers
reach less than once in 50 searches of a gallery of this size, by the pack's own figures, are therefore left out as
suspected doubles. Doubles below that line stay in and make the stated rate too high rather than too low.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.policy.decision import Refused

MIN_REFERENCES = 100
"""Smallest gallery that is calibrated by itself: below it the 1-in-10 tail rests on fewer than ten references."""

SAMPLE = 2_000
"""References searched as strangers: the 1-in-100 rate then rests on 20 of them."""

COLUMNS = 100_000
"""References that they are compared with at most: bounds the work; the rate is scaled to the whole size."""

_TAIL = 0.1  # share of the sample to which the tail is fitted
_DOUBLE_ONCE_IN = 50.0  # see the module's text
_BOOTSTRAP = 200  # resamples; 2.5 % tails of 200 rest on five each
_SHAPES = (-0.4, 0.0)  # of the tail: cosines end at 1, so never heavier than exponential
_FLOOR = 0.1  # of one sample: the tail is not prolonged further than ten times what was seen
_BLOCK = 256  # rows of scores at once: 256 x 100,000 float32 are 100 MB


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a stranger's best candidate reaches a score.

    Attributes:
        once_in: in how many searches of this gallery once, 1 or more.
        low, high: 95 % interval of `once_in`, by bootstrap over references; for the pack's own figures equal to it.
        own: True when it rests on the gallery's own scores, False when on the pack's figures.
        beyond: True when it is rarer than can be stated: `low` is then what it is at least.
    """

    once_in: float
    low: float
    high: float
    own: bool
    beyond: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """One gallery's calibration under one pack.

    Attributes:
        size: references in the gallery when it was made.
        compared: references that the sample was compared with.
        best: sorted best scores of the sample as strangers; empty: the pack's figures are used.
        table: (FMR, cosine) of the pack, falling FMR; empty when the pack states none.
    """

    size: int
    compared: int
    best: tuple[float, ...]
    table: tuple[tuple[float, float], ...]

    @classmethod
    def fit(
        cls, templates: NDArray[np.float32], table: Sequence[tuple[float, float]] = (), *, seed: int = 0
    ) -> Calibration:
        """Calibrate a gallery.

        Args:
            templates: float32, shape (n, dimension), unit rows: every reference of the gallery.
            table: the pack's (FMR, cosine) pairs.
            seed: of the sample; the same gallery gives the same calibration.
        """
        size = len(templates)
        known = tuple(sorted(((float(fmr), float(cosine)) for fmr, cosine in table), reverse=True))
        if size < MIN_REFERENCES:
            return cls(size, size, (), known)
        random = np.random.default_rng(seed)
        rows = np.sort(random.choice(size, min(SAMPLE, size), replace=False))
        columns = np.sort(random.choice(size, COLUMNS, replace=False)) if size > COLUMNS else np.arange(size)
        line = cosine_at(_pairs_rate(_DOUBLE_ONCE_IN, len(columns)), known) if known else math.inf
        best = np.empty(len(rows), dtype=np.float64)
        held = templates[columns]
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            scores = templates[block] @ held.T
            scores[block[:, None] == columns[None, :]] = -1.0
            scores[scores >= line] = -1.0
            best[start : start + len(block)] = scores.max(axis=1)
        return cls(size, len(columns), tuple(round(float(score), 6) for score in np.sort(best)), known)

    def rate(self, score: float, *, size: int | None = None) -> Rate:
        """How often a stranger's best candidate reaches `score` in this gallery, at `size` references.

        Raises:
            Refused: calibration.none, when neither the gallery nor the pack says anything.
        """
        now = max(self.size if size is None else size, 1)
        if not self.best:
            if not self.table:
                raise Refused(
                    "calibration.none", "No rate", "The gallery is small and its model pack states no figures.",
                    "Enrol more, or use a pack with measured figures.",
                )  # fmt: skip
            last, most = self.table[-1]
            once = 1 / _of_size(max(fmr_at(score, self.table), last), now)
            return Rate(once, once, once, own=False, beyond=score > most)
        ratio = now / max(self.compared - 1, 1)
        best = np.array(self.best)
        floor = _FLOOR / len(best)
        chance = float(_Tails.fit(best[None]).chances(score)[0])
        once = 1 / _of_size(max(chance, floor), ratio)
        found = sorted(
            1 / _of_size(max(float(one), floor), ratio) for one in _resampled(self.best).chances(score)
        )
        cut = _BOOTSTRAP // 40
        low, high = min(found[cut], once), max(found[-1 - cut], once)
        return Rate(once, low, high, own=True, beyond=chance < floor)

    def to_json(self) -> str:
        """As text; `from_json` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            held: dict[str, Any] = json.loads(text)
            table = tuple((float(fmr), float(cosine)) for fmr, cosine in held["table"])
            return cls(int(held["size"]), int(held["compared"]), tuple(map(float, held["best"])), table)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a calibration: {error}") from None


def sentence(rate: Rate, size: int) -> str:
    """The rate in plain words, for people."""
    if rate.once_in < 1.5:
        text = f"Nearly every search of this gallery for a stranger reaches this score ({size:,} references)"
    elif rate.beyond:
        text = f"A stranger would reach this score in fewer than one of {_round(rate.low)} searches of this gallery"
    else:
        text = f"A stranger would reach this score in about one of {_round(rate.once_in)} searches of this gallery"
        if rate.own and _round(rate.low) != _round(rate.high):
            text += f" (between {_round(rate.low)} and {_round(rate.high)})"
    return text + (
        "." if rate.own else "; by the model's general figures, as the gallery is too small for its own."
    )


def _round(value: float) -> str:
    """Two digits, no more: the third would pretend."""
    digits = max(0, 1 - math.floor(math.log10(value)))
    rounded = round(value, digits if value < 10 else 1 - math.floor(math.log10(value)))
    return f"{rounded:,.0f}" if rounded >= 10 or rounded == int(rounded) else f"{rounded:.1f}"


@dataclass(frozen=True, slots=True)
class _Tails:
    """P(best >= score) by several samples: counted where a sample is, a generalised Pareto tail beyond its last tenth.

    Attributes:
        samples: float64, shape (rows, n), each row sorted.
        edges, shapes, scales: float64, shape (rows,), of the tails; scale 0 where the last tenth is one score.
    """

    samples: NDArray[np.float64]
    edges: NDArray[np.float64]
    shapes: NDArray[np.float64]
    scales: NDArray[np.float64]

    @classmethod
    def fit(cls, samples: NDArray[np.float64]) -> _Tails:
        """Fit a tail to each row of sorted best scores."""
        begin = int(samples.shape[1] * (1 - _TAIL))
        edges = samples[:, begin]
        excess = samples[:, begin:] - edges[:, None]
        mean, spread = excess.mean(axis=1), excess.var(axis=1)
        # Moments: for a generalised Pareto, mean^2 / variance = 1 - 2 shape.
        ratio = np.divide(mean**2, spread, out=np.ones_like(mean), where=spread > 0)
        shapes = np.clip(0.5 * (1 - ratio), *_SHAPES)
        return cls(samples, edges, shapes, np.where(mean > 0, mean * (1 - shapes), 0.0))

    def chances(self, score: float) -> NDArray[np.float64]:
        """P(best >= score) by each sample; float64, shape (rows,)."""
        count = self.samples.shape[1]
        counted = (self.samples >= score).sum(axis=1) / count
        over = np.divide(
            score - self.edges, self.scales, out=np.zeros_like(self.edges), where=self.scales > 0
        )
        over = np.maximum(over, 0.0)
        flat = self.shapes == 0
        powers = -1 / np.where(flat, -1.0, self.shapes)
        left = np.where(
            flat, np.exp(-over), np.maximum(1 + np.where(flat, 0.0, self.shapes) * over, 0.0) ** powers
        )
        beyond = (count - int(count * (1 - _TAIL))) / count * left
        return np.where(score <= self.edges, counted, np.where(self.scales > 0, beyond, 0.0))


@lru_cache(maxsize=8)  # 3 MB each; a candidate list asks the same one for each of its scores
def _resampled(best: tuple[float, ...]) -> _Tails:
    """Tails of the bootstrap's samples; the same calibration gives the same ones."""
    random, held = np.random.default_rng(0), np.array(best)
    return _Tails.fit(np.stack([np.sort(random.choice(held, len(held))) for _ in range(_BOOTSTRAP)]))


def _of_size(chance: float, ratio: float) -> float:
    """The chance that the best of `ratio` times as many reaches it."""
    return -math.expm1(ratio * math.log1p(-min(chance, 1 - 1e-12)))


def _pairs_rate(once_in: float, size: int) -> float:
    return -math.expm1(math.log1p(-1 / once_in) / size)


def fmr_at(score: float, table: Sequence[tuple[float, float]]) -> float:
    """FMR at a cosine: straight lines through log FMR between the pack's figures, the outer ones prolonged."""
    cosines, logs = [cosine for _, cosine in table], [math.log(fmr) for fmr, _ in table]
    return min(math.exp(_line(score, cosines, logs)), 1.0)


def cosine_at(fmr: float, table: Sequence[tuple[float, float]]) -> float:
    """The cosine at an FMR, as `fmr_at`."""
    return _line(-math.log(fmr), [-math.log(rate) for rate, _ in table], [cosine for _, cosine in table])


def _line(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    if len(xs) == 1:
        return ys[0]
    at = min(max(int(np.searchsorted(xs, x)), 1), len(xs) - 1)
    slope = (ys[at] - ys[at - 1]) / (xs[at] - xs[at - 1])
    return ys[at - 1] + slope * (x - xs[at - 1])
