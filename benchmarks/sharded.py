"""What an index in parts costs on a real Ray cluster of this machine: against one machine's scan, and by number of parts.

    pip install 'plainview[cluster]'
    python benchmarks/sharded.py [--references 200000] [--parts 1 2 4] [--probes 100] [--json]

Every list is compared with that of the compressed index on one machine; a list that differs ends the run. The rows for
10^9 and 3 x 10^10 are computed: the measured scan a reference, divided by the parts, plus the measured overhead.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tests.factories.indexes import DIM, SEALER, faces
from tests.factories.ray_cluster import RayCluster

from plainview.index.base import Block, Index
from plainview.index.compressed import ALL_BELOW, CUT, CompressedIndex
from plainview.index.sharded.index import ShardedIndex
from plainview.index.sharded.ray_crew import Cluster, RayCrew
from plainview.recognition.types import Vector

TOP = 50
A_PART = 100_000_000
"""References of one part in the computed rows: 4.1 GB of codes in memory (docs/explanation/scale.md)."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure an index in parts.")
    parser.add_argument("--references", type=int, default=200_000)
    parser.add_argument("--parts", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--probes", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        cluster = RayCluster(Path(folder))
        os.environ.update(cluster.environment)
        cluster.start()
        try:
            figures = _measured(cluster, arguments.references, arguments.parts, arguments.probes)
        finally:
            cluster.stop()
    if arguments.json:
        print(json.dumps(figures))  # noqa: T201
        return
    for name, value in figures.items():
        print(f"{name:32} {value}")  # noqa: T201


def _measured(cluster: RayCluster, count: int, parts: list[int], probes: int) -> dict[str, object]:
    templates = faces(count, seed=1)
    blocks = [
        Block.of_adds(first + 1, np.arange(first + 1, first + len(rows) + 1, dtype=np.int64), rows)
        for first in range(0, count, 10_000)
        for rows in [templates[first : first + 10_000]]
    ]
    asked = list(faces(probes, seed=2))
    whole = CompressedIndex(DIM, cluster.folder / "whole", SEALER)
    whole.apply(blocks)
    whole.flush()
    lists = [whole.search(probe, TOP) for probe in asked]
    figures: dict[str, object] = {"references": count}
    alone: list[float] = []  # measured beside every number of parts, because the machine is not always as quiet
    overhead = 0.0
    for number in parts:
        where = Cluster(cluster.address, "bench", str(cluster.folder / "parts"))
        index = ShardedIndex(DIM, RayCrew(where, f"bench-{number}", number, SEALER.maker(), (DIM, CUT, ALL_BELOW)))
        begin = time.perf_counter()
        index.apply(blocks)
        index.erase()
        build = time.perf_counter() - begin
        if [index.search(probe, TOP) for probe in asked] != lists:
            raise SystemExit(f"{number} parts give other lists than one machine")
        took = _median_ms(index, asked)
        alone.append(_median_ms(whole, asked))
        if number == parts[0]:
            overhead = max(0.0, took - alone[0])
        figures[f"parts_{number}_p50_ms"] = round(took, 2)
        figures[f"parts_{number}_ratio_to_one_machine"] = round(took / alone[-1], 2)
        figures[f"parts_{number}_build_per_s"] = round(count / build)
        index.clear()
    figures["one_machine_p50_ms"] = [round(took, 2) for took in alone]
    figures["lists_identical"] = True
    figures["overhead_ms"] = round(overhead, 2)
    for size in (1_000_000_000, 30_000_000_000):
        needed = -(-size // A_PART)
        figures[f"computed_{size:.0e}_parts"] = needed
        figures[f"computed_{size:.0e}_ms"] = round(min(alone) / count * A_PART + overhead)
    return figures


def _median_ms(index: Index, probes: list[Vector]) -> float:
    return statistics.median(_timed(lambda probe=probe: index.search(probe, TOP)) for probe in probes)


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
