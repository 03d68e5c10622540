"""The cost of finding nearly the same pictures, and how often it is wrong on a folder of photographs.

python benchmarks/near_duplicates.py --held 1000000 [--photos DIR]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from itertools import combinations
from pathlib import Path

import cv2
import faiss
import numpy as np

from plainview.recognition.near import HASH_BYTES, Hashes, distance, picture_hash

BATCH, ROUNDS = 32, 10


def scan(count: int) -> dict[str, float]:
    """Time the scan of random hashes by batches of new ones, on one thread."""
    faiss.omp_set_num_threads(1)
    random = np.random.default_rng(1)
    hashes = Hashes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(0, count, 10_000):
        hashes.add([random.bytes(HASH_BYTES) for _ in range(min(10_000, count))])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    times = []
    for _ in range(ROUNDS):
        asked = [random.bytes(HASH_BYTES) for _ in range(BATCH)]
        began = time.process_time()
        hashes.near(asked)
        times.append((time.process_time() - began) / BATCH * 1e3)
    return {
        "held": len(hashes),
        "scan_ms_a_picture": round(statistics.median(times), 3),
        "bytes_a_hash": round(memory * 1024 / count, 1),
    }


def pairs(folder: Path) -> dict[str, object]:
    """Hash every photograph of a folder, which has a folder for each person, and compare all pairs."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    hashes, times = [], []
    for path in paths:
        pixels = np.asarray(cv2.imread(str(path)), dtype=np.uint8)
        began = time.process_time()
        hashes.append(picture_hash(pixels))
        times.append((time.process_time() - began) * 1e3)
    near = [
        (first, second)
        for first, second in combinations(range(len(paths)), 2)
        if hashes[first] and hashes[second] and distance(hashes[first], hashes[second]) <= 31
    ]
    return {
        "photographs": len(paths),
        "hash_ms": round(statistics.median(times), 3),
        "without_hash": sum(not first for first in hashes),
        "compared_pairs": len(paths) * (len(paths) - 1) // 2,
        "near_pairs": len(near),
        "near_pairs_of_two_people": sum(paths[a].parent != paths[b].parent for a, b in near),
    }


def main() -> None:
    """Print one JSON object."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--held", type=int, default=1_000_000)
    options.add_argument("--photos", type=Path)
    chosen = options.parse_args()
    figures = {**scan(chosen.held), **(pairs(chosen.photos) if chosen.photos else {})}
    print(json.dumps(figures))  # noqa: T201  the script's answer


if __name__ == "__main__":
    main()
