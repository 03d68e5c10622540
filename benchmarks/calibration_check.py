"""Do the stated rates hold? Held-out strangers against galleries: stated and observed rates, over several seeds.

    python benchmarks/calibration_check.py DATASET [--rulings FILE] [--cache DIR] [--seeds N] [--json FILE]

DATASET has a folder for each person (lfw-dev). Each seed divides the people again: some are enrolled, the others are strangers who
are in no gallery, each with one picture. Galleries have one picture of each person, every picture without
saying whose it is ("doubles"), or up to 3 or 10 pictures of each person by subject, compared through their mean. Larger ones
are filled with synthetic templates, drawn from the covariance of the real ones; their strangers are half real and half
synthetic, and are counted separately. A rate "holds" when the observed one is in the stated interval, or when its own 95 %
interval (Wilson's, from the number of strangers) reaches it; both are counted.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from plainview.evaluation.dataset import read_dataset
from plainview.evaluation.embedding import TemplateCache, default_cache, measure
from plainview.evaluation.rulings import read_rulings, without
from plainview.evaluation.samples import Samples, gather
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine
from plainview.scores.calibration import Calibration
from plainview.scores.scoring import scorer_of
from plainview.scores.subjects import mean_template

RATES = (1, 3, 10, 100)
NEARLY_ALWAYS = 1.02  # used for "once in 1"
SIZES = (300, 642)
SEVERAL = (3, 10)
"""Most pictures of a person in galleries by subject."""

LARGE = ((10_000, 3), (100_000, 1))
"""Sizes filled with synthetic templates, and how many of the seeds are run at each."""


@dataclass
class Trial:
    """One rate of one gallery: its stated interval, and how many of the strangers reached the score."""

    low: float
    high: float
    reached: int
    strangers: int

    @property
    def inside(self) -> bool:
        """Return whether the observed rate is within the stated interval."""
        return 1 / self.high <= self.reached / self.strangers <= 1 / self.low

    @property
    def overlaps(self) -> bool:
        """Return whether the observed rate's own interval overlaps the stated one."""
        n, p, z = self.strangers, self.reached / self.strangers, 1.96
        middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
        return 1 / self.high <= high and low <= 1 / self.low


def samples_of(dataset: Path, rulings: Path | None, cache: Path, engine: Engine) -> Samples:
    """Return the usable pictures of the data set, without those under a wrong name."""
    listed = read_dataset(dataset)
    ruled = read_rulings(rulings, listed) if rulings else None
    listed = without(listed, ruled) if ruled else listed
    templates = TemplateCache(cache)
    with Decoder(children=2) as decoder:
        measured = measure(listed.items, engine, decoder, templates)
    templates.close()
    return gather(listed.items, measured, (), engine.pack.dimension, ruled.same_people if ruled else ())


def score_at(calibration: Calibration, once_in: float) -> float:
    """Return the score that strangers reach once in this many searches, by the calibration."""
    low, high = -1.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if calibration.rate(middle).once_in > once_in else (middle, high)
    return (low + high) / 2


class StatedRates:
    """A gallery with its calibration and stated rates, computed once."""

    def __init__(
        self,
        gallery: np.ndarray,
        table: tuple[tuple[float, float], ...],
        pictures: Mapping[int, np.ndarray] = MappingProxyType({}),
    ) -> None:
        self._gallery, self._scorer = gallery, scorer_of(gallery)
        calibration = Calibration.fit(gallery, table, scorer=self._scorer, pictures=pictures)
        self._stated = [
            (score, calibration.rate(score))
            for score in (score_at(calibration, max(once_in, NEARLY_ALWAYS)) for once_in in RATES)
        ]

    def observed(self, strangers: np.ndarray, known: np.ndarray | None = None) -> list[Trial]:
        """Return stated and observed rates; `known` marks the pairs that show one person after all."""
        best = np.empty(len(strangers))
        for start in range(0, len(strangers), 200):
            scores = self._scorer.scores(strangers[start : start + 200], self._gallery)
            if known is not None:
                scores[known[start : start + 200]] = -9
            best[start : start + 200] = scores.max(axis=1)
        return [Trial(rate.low, rate.high, int((best >= score).sum()), len(best)) for score, rate in self._stated]


class People:
    """The pictures of a data set by person."""

    def __init__(self, samples: Samples) -> None:
        usable = samples.usable
        self.templates, self.person = samples.templates, samples.person
        self.pictures = {
            who: rows
            for who in range(len(samples.people))
            if len(rows := np.flatnonzero((samples.person == who) & usable))
        }
        self.ignored = samples.ignored
        every = samples.templates[usable]
        self.mean, self.spread = (
            every.mean(axis=0),
            np.linalg.cholesky(np.cov(every.T) + 1e-6 * np.eye(every.shape[1])),
        )

    def divided(self, size: int, random: np.random.Generator, *, doubles: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return pictures of `size` random people as a gallery, one or all of each, and one of each of at most 700 others."""
        order = random.permutation(np.array(sorted(self.pictures)))
        enrolled = [self.pictures[who] if doubles else [random.choice(self.pictures[who])] for who in order[:size]]
        others = order[size:][: 700 if size >= SIZES[-1] else 1000]
        return np.concatenate(enrolled), np.array([random.choice(self.pictures[who]) for who in others])

    def by_subject(
        self, size: int, random: np.random.Generator, most: int
    ) -> tuple[np.ndarray, dict[int, np.ndarray], np.ndarray, np.ndarray]:
        """Return the mean of up to `most` pictures of each of `size` people, a picture of those with several, by place, a
        picture of each person enrolled (to know them by), and one of each of the others."""
        order = random.permutation(np.array(sorted(self.pictures)))
        enrolled = [random.permutation(self.pictures[who])[:most] for who in order[:size]]
        means = np.stack([mean_template(self.templates[np.sort(own)]) for own in enrolled])
        several = {place: self.templates[own[0]] for place, own in enumerate(enrolled) if len(own) > 1}
        others = order[size:][: 700 if size >= SIZES[-1] else 1000]
        first = np.array([own[0] for own in enrolled])
        return means, several, first, np.array([random.choice(self.pictures[who]) for who in others])

    def same(self, strangers: np.ndarray, gallery: np.ndarray) -> np.ndarray:
        """Return which pairs show one human being under two names, as a person ruled."""
        pairs = np.zeros((len(strangers), len(gallery)), dtype=bool)
        for a, b in self.ignored:
            for first, second in ((a, b), (b, a)):
                pairs |= (self.person[strangers] == first)[:, None] & (self.person[gallery] == second)[None, :]
        return pairs

    def synthetic(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Return synthetic templates of synthetic people."""
        rows = random.standard_normal((count, len(self.mean))).astype(np.float32) @ self.spread.T.astype(np.float32)
        rows += self.mean
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def table_of(name: str, runs: list[list[Trial]], size: int) -> list[dict[str, object]]:
    """Return one line for each rate, over the seeds."""
    lines = []
    for i, once_in in enumerate(RATES):
        trials = [run[i] for run in runs]
        reached, strangers = sum(t.reached for t in trials), sum(t.strangers for t in trials)
        lines.append(
            {
                "gallery": name,
                "size": size,
                "stated_once_in": once_in,
                "interval": [
                    round(float(np.median([getattr(t, side) for t in trials])), 1) for side in ("low", "high")
                ],
                "observed_once_in": round(strangers / reached, 1) if reached else None,
                "reached": reached,
                "strangers": strangers,
                "seeds": len(trials),
                "inside": sum(t.inside for t in trials),
                "holds": sum(t.inside or t.overlaps for t in trials),
            }
        )
    return lines


def main() -> None:
    """Print one line for each gallery and rate."""
    parser = argparse.ArgumentParser(description="Compare stated with observed rates.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rulings", type=Path)
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--small", action="store_true", help="leave out the galleries with synthetic templates")
    arguments = parser.parse_args()
    engine = Engine.load(declared_use="evaluation")
    people = People(samples_of(arguments.dataset, arguments.rulings, arguments.cache, engine))
    table = engine.pack.calibration.cosine_at_fmr if engine.pack.calibration else ()
    lines: list[dict[str, object]] = []
    for size in SIZES:
        for doubles in (False, True):
            runs = []
            for seed in range(arguments.seeds):
                enrolled, others = people.divided(size, np.random.default_rng([seed, size]), doubles=doubles)
                known = people.same(others, enrolled)
                runs.append(StatedRates(people.templates[enrolled], table).observed(people.templates[others], known))
            lines += table_of(
                f"{size} people, {'every picture' if doubles else 'one picture each'}", runs, len(enrolled)
            )
    for size in SIZES:
        for most in SEVERAL:
            runs = []
            for seed in range(arguments.seeds):
                random = np.random.default_rng([seed, size, most])
                means, several, first, others = people.by_subject(size, random, most)
                known = people.same(others, first)
                runs.append(StatedRates(means, table, several).observed(people.templates[others], known))
            lines += table_of(f"{size} people, up to {most} pictures each by subject", runs, size)
    for size, seeds in () if arguments.small else LARGE:
        kinds: dict[str, list[list[Trial]]] = {"real": [], "synthetic": []}
        for seed in range(seeds):
            random = np.random.default_rng([seed, size])
            enrolled, others = people.divided(SIZES[-1], random, doubles=False)
            drawn = people.synthetic(size - len(enrolled) + len(others), random)
            gallery = np.concatenate([people.templates[enrolled], drawn[len(others) :]])
            known = np.zeros((len(others), size), dtype=bool)
            known[:, : len(enrolled)] = people.same(others, enrolled)
            stated = StatedRates(gallery, table)
            kinds["real"].append(stated.observed(people.templates[others], known))
            kinds["synthetic"].append(stated.observed(drawn[: len(others)]))
        for kind, runs in kinds.items():
            lines += table_of(f"642 people and synthetic, {kind} strangers", runs, size)
    head = ("gallery", "size", "stated", "interval", "observed", "inside", "holds")
    print("{:44} {:>7} {:>7} {:>16} {:>9} {:>8} {:>7}".format(*head))  # noqa: T201  the script's answer
    for line in lines:
        low, high = line["interval"]  # type: ignore[misc]
        print(  # noqa: T201
            f"{line['gallery']:44} {line['size']:7} {line['stated_once_in']:7} {low:7g} to {high:<6g} "
            f"{line['observed_once_in'] or 'none':>9} {line['inside']:4} of {line['seeds']:<3} {line['holds']:3} of {line['seeds']}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps({"rates": lines}, indent=1) + "\n")


if __name__ == "__main__":
    main()
