"""From which cosine of their means are two subjects likely one person? The source of `scores.cautions.ENTERED_TWICE`.

    python benchmarks/entered_twice.py DATASET [--rulings FILE] [--cache DIR]

DATASET has a folder for each person. The pictures of a person are divided into two disjoint groups, as if the source had
entered them twice, and the means of both are compared; and so are the means of every two people (of at most three
pictures each). Prints the highest cosines of two people, and the shares of people entered twice that reach some cosines.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from calibration_check import samples_of

from plainview.evaluation.embedding import default_cache
from plainview.evaluation.samples import Samples
from plainview.recognition.engine import Engine
from plainview.scores.subjects import mean_template

GROUPS = ((1, 1), (2, 1), (2, 2), (3, 3))
"""Pictures in both entries of a person."""

COSINES = (0.42, 0.464, 0.5, 0.55)
MOST = 3  # pictures of a person where two people are compared


def lines(samples: Samples) -> Iterator[str]:
    """Yield a line for two people, and one for each size of a person's two entries."""
    people = [np.flatnonzero((samples.person == who) & samples.usable) for who in range(len(samples.people))]
    people = [own for own in people if len(own) > 1]
    means = np.stack([mean_template(samples.templates[own[:MOST]]) for own in people])
    cosines = means @ means.T
    one_human = {tuple(sorted(pair)) for pair in samples.ignored}
    pairs = [
        float(cosines[first, second])
        for first in range(len(people))
        for second in range(first)
        if tuple(sorted((samples.person[people[first][0]], samples.person[people[second][0]]))) not in one_human
    ]
    highest = " ".join(f"{cosine:.3f}" for cosine in sorted(pairs, reverse=True)[:5])
    yield f"two people, up to {MOST} pictures each: {len(pairs)} pairs, the highest {highest}"
    for first, second in GROUPS:
        both = np.array(
            [
                float(
                    mean_template(samples.templates[own[:first]])
                    @ mean_template(samples.templates[own[first : first + second]])
                )
                for own in people
                if len(own) >= first + second
            ]
        )
        reached = ", ".join(f"{(both >= cosine).mean():.3f} reach {cosine}" for cosine in COSINES)
        yield f"one person entered twice, {first} and {second} pictures: {len(both)} people, the lowest {both.min():.3f}; {reached}"


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description="Compare the means of people entered twice with those of two people.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rulings", type=Path)
    parser.add_argument("--cache", type=Path, default=default_cache())
    asked = parser.parse_args()
    engine = Engine.load(declared_use="evaluation")
    for line in lines(samples_of(asked.dataset, asked.rulings, asked.cache, engine)):
        print(line)  # noqa: T201  the script's answer


if __name__ == "__main__":
    main()
