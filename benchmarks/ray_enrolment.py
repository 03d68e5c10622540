"""How fast `plainview enrol --ray` is, by the number of workers, against `plainview enrol` on this machine.

    pip install 'plainview[cluster]'
    python benchmarks/ray_enrolment.py [--pictures 200] [--workers 1 2] [--json]

Each run is the command itself, in a workspace of its own, with a real cluster that has so many cores. The counts of every
run must be those of the first. A worker loads the model at its first picture, in every run: `steady` is the rate of the
second half of the pictures alone, from a run with half of them. `here_ms` is the processor time a picture of the command
itself, which writes: the cluster can have 1000 / here_ms / (steady rate of one worker) workers until it waits for this.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.factories.ray_cluster import RayCluster

from plainview.cli.bench.common import varied

ADMIN = "admin@agency.example"
COUNTS = ("enrolled", "duplicates", "references", "failed_total")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure enrolment on a cluster.")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        pictures = varied(folder / "pictures", arguments.pictures)
        half = folder / "half"
        half.mkdir()
        for path in sorted(pictures.iterdir())[: arguments.pictures // 2]:
            (half / path.name).symlink_to(path)
        half = folder / "half"
        half.mkdir()
        for path in sorted(pictures.iterdir())[: arguments.pictures // 2]:
            (half / path.name).symlink_to(path)
        alone = _enrolled(folder / "alone", pictures, [], {})
        figures: dict[str, Any] = {"pictures": arguments.pictures, "one_machine_per_s": alone["images_per_s"]}
        for workers in arguments.workers:
            place = folder / f"r{workers}"
            place.mkdir()
            cluster = RayCluster(place, cpus=workers)
            cluster.start()
            try:
                on_cluster = ["--ray", cluster.address], cluster.environment
                first = _enrolled(folder / f"h{workers}", half, *on_cluster)
                result = _enrolled(folder / f"w{workers}", pictures, *on_cluster)
            finally:
                cluster.stop()
            if [result[key] for key in COUNTS] != [alone[key] for key in COUNTS]:
                raise SystemExit(f"with {workers} workers the counts are others: {result}")
            seconds = result["enrolled"] / result["images_per_s"] - first["enrolled"] / first["images_per_s"]
            steady = (result["enrolled"] - first["enrolled"]) / seconds
            figures |= {
                f"workers_{workers}_per_s": result["images_per_s"],
                f"workers_{workers}_steady_per_s": round(steady, 2),
                f"workers_{workers}_ratio": round(result["images_per_s"] / alone["images_per_s"], 2),
                f"workers_{workers}_here_ms": round(1000 * result["cpu_s"] / result["enrolled"], 1),
            }
        least, most = min(arguments.workers), max(arguments.workers)
        figures["steady_ratio_a_worker"] = round(
            figures[f"workers_{most}_steady_per_s"] / figures[f"workers_{least}_steady_per_s"] * least / most, 2
        )
    if arguments.json:
        print(json.dumps(figures))  # noqa: T201
        return
    for key, value in figures.items():
        print(f"{key:24} {value}")  # noqa: T201


def _enrolled(home: Path, pictures: Path, options: list[str], environment: dict[str, str]) -> Any:
    """Make a workspace, enrol, and return what the command printed."""

    def run(*words: str) -> str:
        command = [str(Path(sys.executable).parent / "plainview"), *words]
        of = {**os.environ, **environment, "PLAINVIEW_HOME": str(home), "PLAINVIEW_AS": ADMIN}
        return subprocess.run(command, env=of, check=True, capture_output=True, text=True).stdout  # noqa: S603

    run("init", "--sample")
    run("gallery", "create", "g", "--basis", "law", "--source", "bench", "--expires", "2999-01-01", "--as", ADMIN)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(run("enrol", "g", str(pictures), "--as", ADMIN, "--json", *options))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {**result, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


if __name__ == "__main__":
    main()
