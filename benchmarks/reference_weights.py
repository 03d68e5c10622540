"""Whether the pictures of a person should count differently in the mean by which the person is compared.

    python benchmarks/reference_weights.py FOLDER [--rulings FILE] [--galleries 20]

FOLDER as for `plainview evaluate`, whose cache of templates is used. Up to three pictures of a person are enrolled, at random,
and at least one is searched with: as it is, and with a drawn cover. Then the same with a cover drawn on the first of the three
pictures. Prints FNIR at FPIR 10 / 3 / 1 %, the mean of the galleries, for each way to weigh the pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plainview.evaluation.dataset import read_dataset
from plainview.evaluation.embedding import TemplateCache, default_cache, measure
from plainview.evaluation.rulings import read_rulings, without
from plainview.evaluation.samples import search_scorer
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine
from plainview.recognition.types import Vector

Floats = NDArray[np.float64]
Weigh = Callable[[Floats, Floats, NDArray[np.bool_]], Floats]
"""From the templates of a person's pictures, their quality and which are covered, to their weights."""

_RATES = (0.1, 0.03, 0.01)
_MOST = 3  # pictures enrolled of a person


def _alike(templates: Floats) -> Floats:
    others = (templates @ templates.T).sum(axis=1) - 1
    return np.asarray(np.clip(others / max(1, len(templates) - 1), 0.01, None), np.float64)


def _unless_none(chosen: NDArray[np.bool_]) -> Floats:
    return chosen.astype(np.float64) if chosen.any() else np.ones(len(chosen))


WAYS: dict[str, Weigh] = {
    "one picture": lambda templates, quality, covered: np.eye(len(quality))[0],
    "all alike": lambda templates, quality, covered: np.ones(len(quality)),
    "by quality": lambda templates, quality, covered: np.maximum(quality, 1),
    "by quality squared": lambda templates, quality, covered: np.maximum(quality, 1) ** 2,
    "without quality below 60": lambda templates, quality, covered: _unless_none(quality >= 60),
    "by likeness to the others": lambda templates, quality, covered: _alike(templates),
    "covered ones at half": lambda templates, quality, covered: np.where(covered, 0.5, 1.0),
    "without covered ones": lambda templates, quality, covered: _unless_none(~covered),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Weigh the pictures of a person.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rulings", type=Path)
    parser.add_argument("--galleries", type=int, default=20)
    arguments = parser.parse_args()
    dataset = read_dataset(arguments.folder)
    if arguments.rulings:
        dataset = without(dataset, read_rulings(arguments.rulings, dataset))
    engine, cache = Engine.load(), TemplateCache(default_cache())
    with Decoder() as decoder:
        plain = measure(dataset.items, engine, decoder, cache)
        covered = measure(dataset.items, engine, decoder, cache, covered=True)
    usable = [place for place, (a, b) in enumerate(zip(plain, covered, strict=True)) if a.code == b.code == ""]
    people = np.array([dataset.items[place].person for place in usable])
    quality = np.array([plain[place].quality for place in usable], np.float64)
    references, under_cover = (_stacked(of[place].reference for place in usable) for of in (plain, covered))
    for asked, measured in (("as it is", plain), ("drawn cover", covered)):
        probes = _stacked(measured[place].template for place in usable)
        for first, of_first in (("as it is", references), ("drawn cover", under_cover)):
            print(f"probe {asked}; first of the pictures {first}")  # noqa: T201
            for name, weigh in WAYS.items():
                rates = [
                    _missed(np.random.default_rng(seed), people, quality, references, of_first, probes, weigh)
                    for seed in range(arguments.galleries)
                ]
                print(f"  {name:26} " + " / ".join(f"{rate:.4f}" for rate in np.mean(rates, axis=0)))  # noqa: T201


def _stacked(vectors: Iterable[Vector | None]) -> NDArray[np.float32]:
    return np.stack([vector for vector in vectors if vector is not None])  # a usable picture has every one


def _missed(
    random: np.random.Generator,
    people: NDArray[np.str_],
    quality: Floats,
    references: NDArray[np.float32],
    of_first: NDArray[np.float32],
    probes: NDArray[np.float32],
    weigh: Weigh,
) -> list[float]:
    """FNIR at `_RATES` in one random gallery."""
    enrolled: dict[str, NDArray[np.int64]] = {}
    for person in np.unique(people):
        own = random.permutation(np.flatnonzero(people == person))
        if len(own) > 1:
            enrolled[person] = own[: min(_MOST, len(own) - 1)]
    means = []
    for own in enrolled.values():
        templates = references[own].astype(np.float64)
        templates[0] = of_first[own[0]]
        is_covered = (np.arange(len(own)) == 0) & (of_first is not references)
        mean = weigh(templates, quality[own], is_covered) @ templates
        means.append(mean / np.linalg.norm(mean))
    gallery = np.array(means, np.float32)
    rows = np.setdiff1d(np.arange(len(people)), np.concatenate(list(enrolled.values())))
    column = {person: place for place, person in enumerate(enrolled)}
    mated = np.array([person in column for person in people[rows]])
    scores = search_scorer(gallery).scores(probes[rows], gallery)
    strangers = np.sort(scores[~mated].max(axis=1))[::-1]
    mates = scores[mated][np.arange(int(mated.sum())), [column[person] for person in people[rows[mated]]]]
    return [float(np.mean(mates <= strangers[int(rate * len(strangers))])) for rate in _RATES]


if __name__ == "__main__":
    main()
