"""What finding nearly the same pictures costs, and how often it is wrong on a folder of photographs.

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


def scan(held: int) -> dict[str, float]:
    """Time the scan of random hashes by batches of new ones, on one thread."""
    faiss.omp_set_num_threads(1)
    random = np.random.default_rng(1)
    hashes = Hashes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(0, held, 10_000):
        hashes.add([random.bytes(HASH_BYTES) for _ in range(min(10_000, held))])
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
        "bytes_a_hash": round(memory * 1024 / held, 1),
    }


def pairs(folder: Path) -> dict[str, object]:
    """Hash every photograph of a folder, a person's in a folder of its own, and compare all pairs."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    hashes, times = [], []
    for path in paths:
        pixels = np.asarray(cv2.imread(str(path)), dtype=np.uint8)
        began = time.process_time()
        hashes.append(picture_hash(pixels))
        times.append((time.process_time() - began) * 1e3)
    near = [
        (one, other)
        for one, other in combinations(range(len(paths)), 2)
        if hashes[one] and hashes[other] and distance(hashes[one], hashes[other]) <= 31
    ]
    return {
        "photographs": len(paths),
        "hash_ms": round(statistics.median(times), 3),
        "without_hash": sum(not one for one in hashes),
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
    told = {**scan(chosen.held), **(pairs(chosen.photos) if chosen.photos else {})}
    print(json.dumps(told))  # noqa: T201  a script's one answer


if __name__ == "__main__":
    main()
