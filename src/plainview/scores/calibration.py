"""What a score means in one gallery: how often the best candidate of a stranger scores as high.

Owns a gallery's calibration, made from the gallery's own templates without any label: each of a random sample of
references is searched as a stranger among all others. It speaks of one kind of score, the cosine or the one that orders
lists (`evaluation.scoring`), and never states how likely a candidate is the person.

Two images of one person in a gallery look like a stranger who reached a very high score. `evaluation.doubles` finds
and leaves out what must be such doubles; what may remain of them widens the interval towards rarer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.policy.decision import Refused
from plainview.scores.doubles import strangers_best
from plainview.scores.scoring import LEAST, Scorer
from plainview.scores.tail import Tails, gumbel_chance

MIN_REFERENCES = LEAST
"""Smallest gallery that is calibrated by itself: below it the 1-in-10 tail rests on fewer than ten references."""

SAMPLE = 2_000
"""References searched as strangers: the 1-in-100 rate then rests on 20 of them."""

COLUMNS = 100_000
"""References that they are compared with at most: bounds the work; the rate is scaled to the whole size."""

_TAILS = (
    0.05,
    0.1,
    0.2,
)  # shares of the sample to which tails are fitted: the interval covers all three models
_TAIL = 0.1  # the share that is stated
_BOOTSTRAP = 100  # resamples, each with every tail: 2.5 % of 300 is seven
_FLOOR = 0.1  # of one sample: the tail is not prolonged further than ten times what was seen
_FEWEST = 20  # independent references, at least, that a resample draws


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a stranger's best candidate reaches a score.

    Attributes:
        once_in: in how many searches of this gallery once, 1 or more.
        low, high: 95 % interval of `once_in`: resampled references, three models of the tail, and doubles that may
            remain; for the pack's own figures equal to it.
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
        independent: how many of the sample count as independent: people, and pairs that are each other's best, once.
        doubles: share of the sample that may still have met its own person.
        body: (place, scale) of the Gumbel law of the sample's lower half, where doubles were left out; else None.
        scorer: the name of what the scores are, see `evaluation.scoring`.
        table: (FMR, cosine) of the pack, falling FMR; empty when the pack states none.
    """

    size: int
    compared: int
    best: tuple[float, ...]
    independent: int
    doubles: float
    body: tuple[float, float] | None
    scorer: str
    table: tuple[tuple[float, float], ...]

    @classmethod
    def fit(
        cls,
        templates: NDArray[np.float32],
        table: Sequence[tuple[float, float]] = (),
        *,
        scorer: Scorer | None = None,
        pictures: Mapping[int, NDArray[np.float32]] = MappingProxyType({}),
        seed: int = 0,
    ) -> Calibration:
        """Calibrate a gallery.

        Args:
            templates: float32, shape (n, dimension), unit rows: what a search of the gallery compares, a person once
                as far as the source says who they are.
            table: the pack's (FMR, cosine) pairs.
            scorer: what the scores are; None: the cosine.
            pictures: row of a person with several pictures -> the template of one of them, float32, (dimension,): as a
                stranger that picture is searched with, because a probe is one picture and no mean.
            seed: of the sample; the same gallery gives the same calibration.
        """
        size, scorer = len(templates), scorer or Scorer()
        known = tuple(sorted(((float(fmr), float(cosine)) for fmr, cosine in table), reverse=True))
        if size < MIN_REFERENCES:
            return cls(size, size, (), 0, 0.0, None, scorer.name, known)
        random = np.random.default_rng(seed)
        rows = np.sort(random.choice(size, min(SAMPLE, size), replace=False))
        columns = np.sort(random.choice(size, COLUMNS, replace=False)) if size > COLUMNS else np.arange(size)
        impostors = strangers_best(templates, rows, columns, scorer, pictures)
        best = tuple(round(float(score), 6) for score in np.sort(impostors.best))
        return cls(
            size, len(columns), best, impostors.independent, impostors.remaining, impostors.body, scorer.name, known
        )

    def rate(self, score: float, *, size: int | None = None) -> Rate:
        """How often a stranger's best candidate reaches `score` in this gallery, at `size` references.

        Raises:
            Refused: calibration.none, when neither the gallery nor the pack says anything.
        """
        return self.rates([score], size=size)[0]

    def rates(self, scores: Sequence[float], *, size: int | None = None) -> list[Rate]:
        """As `rate`, of many scores: a list of candidates is one computation.

        Raises:
            Refused: calibration.none.
        """
        now = max(self.size if size is None else size, 1)
        if not self.best:
            if not self.table:
                raise Refused(
                    "calibration.none",
                    "No rate",
                    "The gallery is small and its model pack has no published figures.",
                    "Enrol more references, or use a pack with measured figures.",
                )
            last, most = self.table[-1]
            once = [1 / _of_size(max(fmr_at(score, self.table), last), now) for score in scores]
            return [Rate(of, of, of, own=False, beyond=score > most) for of, score in zip(once, scores, strict=True)]
        stated = _fitted(self.best).chances(scores)[:, 0]
        resampled = _resampled(self.best, max(self.independent, _FEWEST))
        drawn = np.sort(np.concatenate([tails.chances(scores) for tails in resampled], axis=1))
        return [self._rate(*pair, now) for pair in zip(scores, stated.tolist(), drawn, strict=True)]

    def _rate(self, score: float, stated: float, drawn: NDArray[np.float64], now: int) -> Rate:
        """The rate of one score from its chance by the sample, and by the resamples, ascending."""
        ratio, floor = now / max(self.compared - 1, 1), _FLOOR / len(self.best)
        cut = len(drawn) // 40
        most_often = float(max(drawn[-1 - cut], stated))
        if self.body is not None:
            most_often = max(most_often, gumbel_chance(score, *self.body))
        least_often = float(min(drawn[cut], stated)) - self.doubles
        once, low, high = (1 / _of_size(max(share, floor), ratio) for share in (stated, most_often, least_often))
        return Rate(once, low, high, own=True, beyond=stated < floor)

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
            values: dict[str, Any] = json.loads(text)
            table = tuple((float(fmr), float(cosine)) for fmr, cosine in values["table"])
            body = None if values["body"] is None else (float(values["body"][0]), float(values["body"][1]))
            return cls(
                int(values["size"]),
                int(values["compared"]),
                tuple(map(float, values["best"])),
                int(values["independent"]),
                float(values["doubles"]),
                body,
                str(values["scorer"]),
                table,
            )
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"not a calibration: {error}") from None


RARE = 100.0
"""Searches for strangers among which one reaches a score that is called rare: chosen, more than a desk runs in a month."""


def sentence(rate: Rate, size: int) -> str:
    """Return the rate in plain words, for people."""
    if rate.once_in < 1.5:
        text = f"Ordinary: almost any stranger scores this high here ({size:,} references)"
    elif rate.beyond:
        text = f"Fewer than 1 in {_round(rate.low)} searches for someone who is not in this gallery score this high"
    else:
        text = f"About 1 in {_round(rate.once_in)} searches for someone who is not in this gallery score this high"
        if rate.own and _round(rate.low) != _round(rate.high):
            text += f" (between 1 in {_round(rate.low)} and 1 in {_round(rate.high)})"
    return text + ("." if rate.own else "; by the model's general figures, as the gallery is too small for its own.")


def in_words(rate: Rate) -> str:
    """Return the rate in a few words, for a card: "Rare: about 1 in 8,300"."""
    often = "Rare" if rate.once_in >= RARE else "Common"
    return f"{often}: {'under' if rate.beyond else 'about'} 1 in {_round(rate.low if rate.beyond else rate.once_in)}"


def _round(value: float) -> str:
    """Two digits, no more: the third would pretend; whole below ten."""
    rounded = round(value, 1 - math.floor(math.log10(value)))
    return f"{rounded:,.0f}"


@lru_cache(maxsize=64)
def _fitted(best: tuple[float, ...]) -> Tails:
    return Tails.fit(np.array(best)[np.newaxis], _TAIL)


@lru_cache(maxsize=8)  # 2 MB each; every candidate of a list asks for the same ones
def _resampled(best: tuple[float, ...], draws: int) -> tuple[Tails, ...]:
    """The fitted tails of resamples of the sample, each of as many as are independent; one set for each share."""
    random, maxima = np.random.default_rng(0), np.array(best)
    samples = np.stack([np.sort(random.choice(maxima, draws)) for _ in range(_BOOTSTRAP)])
    return tuple(Tails.fit(samples, share) for share in _TAILS)


def _of_size(chance: float, ratio: float) -> float:
    """The chance that the best of `ratio` times as many reaches it."""
    return -math.expm1(ratio * math.log1p(-min(chance, 1 - 1e-12)))


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
