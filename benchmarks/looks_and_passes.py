"""What each look at a face's points and each pass of the network gains and costs, for references and for probes.

    python benchmarks/looks_and_passes.py HALVES/tune [--people 160]

HALVES is what `halves.py` wrote. Takes two pictures each of N people with several and one each of N others; prints for every
choice the FNMR at three false match rates (all pairs, the earlier as the probe), the distance between mated and impostor
scores in spreads of the latter, and CPU milliseconds a face for the looks and for one pass.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.evaluation.dataset import Item, read_dataset
from plainview.recognition.align import align
from plainview.recognition.detect import STEADY_LOOKS
from plainview.recognition.engine import Engine
from plainview.recognition.types import Picture, Points

_RATES = (1e-2, 1e-3, 1e-4)
_PASSES = {"one pass each": (0, 0), "mirrored probes": (0, 1), "mirrored probes and references": (1, 1)}

Floats = NDArray[np.float32]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What looks and passes gain and cost.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--people", type=int, default=160)
    arguments = parser.parse_args()
    items = _chosen(read_dataset(arguments.dataset).items, arguments.people)
    engine = Engine.load()
    spent: dict[str, float] = defaultdict(float)
    templates: dict[int, list[tuple[Floats, Floats]]] = defaultdict(list)
    people = []
    for item in items:
        pixels = np.asarray(cv2.imread(str(item.path)), np.uint8)
        faces = engine.faces(Picture(pixels, "", (pixels.shape[1], pixels.shape[0])))
        if not faces:
            continue
        people.append(item.person)
        points = faces[0].detection.points
        for looks in (0, *sorted(STEADY_LOOKS)):
            began = time.process_time()
            steady: Points = engine.detector.steady(pixels, points, looks) if looks else points  # type: ignore[arg-type]
            spent[str(looks)] += time.process_time() - began
            aligned = align(pixels, steady)
            began = time.process_time()
            plain = engine.aligned_template(aligned)
            spent["pass"] += (time.process_time() - began) / (1 + len(STEADY_LOOKS))
            both = plain + engine.aligned_template(np.ascontiguousarray(aligned[:, ::-1]))
            templates[looks].append((plain, (both / np.linalg.norm(both)).astype(np.float32)))
    print(f"{len(people)} pictures of {len(set(people))} people; one pass {spent['pass'] / len(people) * 1e3:.1f} ms")  # noqa: T201
    for looks, pairs in templates.items():
        kinds = [np.stack([pair[kind] for pair in pairs]) for kind in (0, 1)]
        for name, (reference, probe) in _PASSES.items():
            misses, distance = _compared(kinds[probe], kinds[reference], np.array(people))
            print(  # noqa: T201
                f"{looks} looks ({spent[str(looks)] / len(people) * 1e3:4.1f} ms), {name:30}: FNMR "
                + ", ".join(f"{miss:.4f} at {rate:g}" for rate, miss in zip(_RATES, misses, strict=True))
                + f"; {distance:.3f} spreads apart"
            )


def _chosen(items: list[Item] | tuple[Item, ...], count: int) -> list[Item]:
    by_person: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_person[item.person].append(item)
    several = [person for person in sorted(by_person) if len(by_person[person]) > 1][:count]
    single = [person for person in sorted(by_person) if len(by_person[person]) == 1][:count]
    return [item for person in [*several, *single] for item in by_person[person][:2]]


def _compared(probes: Floats, references: Floats, people: NDArray[np.str_]) -> tuple[list[float], float]:
    first, second = np.triu_indices(len(people), 1)
    scores = np.einsum("ij,ij->i", probes[first], references[second])
    same = people[first] == people[second]
    mated, others = scores[same], np.sort(scores[~same])[::-1]
    misses = [float((mated < others[int(rate * len(others))]).mean()) for rate in _RATES]
    return misses, float((mated.mean() - others.mean()) / others.std())


if __name__ == "__main__":
    main()
