"""`plainview bench`: measure this machine and print ratios, ours against the limit or the peer in one run."""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cv2
import faiss
import numpy as np
import typer

from plainview.casework.workspace import ENV
from plainview.cli.common import Json, console, print_json
from plainview.index.base import Block
from plainview.index.exact import ExactIndex
from plainview.recognition.types import Vector

app = typer.Typer(help="Benchmarks that print ratios.", no_args_is_help=True)


@app.command("search")
def bench_search(
    n: Annotated[int, typer.Option("--n", help="References.")] = 10_000, json: Json = False
) -> None:
    """Time the index on synthetic templates beside numpy and faiss Flat, all on one thread."""
    faiss.omp_set_num_threads(1)
    dim, top, rounds = 128, 50, 200
    random = np.random.default_rng(1)
    gallery = _unit(random.standard_normal((n, dim), dtype=np.float32))
    probes = _unit(
        gallery[random.integers(0, n, rounds)]
        + 0.6 * _unit(random.standard_normal((rounds, dim), dtype=np.float32))
    )
    began = time.perf_counter()
    index = ExactIndex(dim)
    index.apply([Block.of_adds(1, np.arange(n, dtype=np.int64), gallery)])
    build = time.perf_counter() - began
    flat = faiss.IndexFlatIP(dim)
    flat.add(gallery)
    k = min(top, n)

    def by_numpy(probe: Vector) -> list[int]:
        scores = gallery @ probe
        best = np.argpartition(-scores, k - 1)[:k]
        return [int(row) for row in best[np.argsort(-scores[best])]]

    ours, ours_found = _time(lambda probe: [row.reference for row in index.search(probe, k)], probes)
    numpy_ms, truth = _time(by_numpy, probes)
    flat_ms, _ = _time(lambda probe: [int(i) for i in flat.search(probe[None], k)[1][0]], probes)
    p50 = statistics.median(ours)
    recall = statistics.mean(len(set(a) & set(b)) / k for a, b in zip(ours_found, truth, strict=True))
    kept = statistics.mean(a[0] == b[0] for a, b in zip(ours_found, truth, strict=True))
    result = {
        "n": n, "dim": dim, "adapter": "exact", "p50_ms": round(p50, 4),
        "p99_ms": round(float(np.quantile(ours, 0.99)), 4), "recall_at_50": round(recall, 5), "first_kept": kept,
        "bytes_per_face_memory": dim * 4 + 8, "bytes_per_face_disk": dim * 4 + 29, "build_s": round(build, 4),
        "open_s": round(build, 4), "ratio_to_flat": round(p50 / statistics.median(flat_ms), 3),
        "ratio_to_numpy": round(p50 / statistics.median(numpy_ms), 3), "synthetic": True,
    }  # fmt: skip
    show(result, json=json)


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _time(run: Callable[[Vector], list[int]], probes: np.ndarray) -> tuple[list[float], list[list[int]]]:
    run(probes[0])
    times, found = [], []
    for probe in probes:
        began = time.perf_counter()
        found.append(run(probe))
        times.append((time.perf_counter() - began) * 1e3)
    return times, found


@app.command("enrol")
def bench_enrol(
    photos: Annotated[
        Path | None, typer.Option(help="A folder of photographs; else two portraits, varied.")
    ] = None,
    images: Annotated[int, typer.Option(help="At most this many.")] = 200,
    json: Json = False,
) -> None:
    """Time whole enrolment beside its bare detect + embed inference."""
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        home = Path(folder)
        os.environ[ENV] = str(home / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        from plainview.casework.manifest import read_items

        source = photos or _varied(home / "photographs", images)
        items = [
            item for item in read_items(source) if item.path.suffix.lower() in (".jpg", ".jpeg", ".png")
        ][:images]
        result = _measure_enrol(items)
    show(result, json=json)


def _measure_enrol(items: list) -> dict[str, object]:  # type: ignore[type-arg]
    from datetime import UTC, datetime, timedelta

    from plainview.casework.actions.enrol import enrol
    from plainview.casework.actions.galleries import create_gallery
    from plainview.casework.queries.people import member_by_email
    from plainview.casework.services import services

    admin = member_by_email("admin@agency.example")
    engine, decoder = services().engine, services().decoder
    expires = datetime.now(UTC).date() + timedelta(days=1)
    decoded = [decoder.decode(item.path.read_bytes()) for item in items]

    stages: dict[str, list[float]] = {"decode": [], "detect_and_quality": [], "template": []}
    for item in items:
        marks = [time.perf_counter()]
        picture = decoder.decode(item.path.read_bytes())
        marks.append(time.perf_counter())
        faces = engine.enrol_faces(picture)
        marks.append(time.perf_counter())
        for face in faces:
            engine.template(picture, face.detection)
        marks.append(time.perf_counter())
        for name, begin, end in zip(stages, marks, marks[1:], strict=False):
            stages[name].append((end - begin) * 1e3)

    def bare() -> float:
        began = time.perf_counter()
        for picture in decoded:
            for face in engine.enrol_faces(picture):
                engine.template(picture, face.detection)
        return time.perf_counter() - began

    ratios, rates, speedups, cpu_ratios = [], [], [], []
    bare()
    for name in ("bench-0", "bench-1", "bench-2", "both-0", "both-1", "both-2"):
        create_gallery(
            name,
            legal_basis="benchmark",
            source="benchmark",
            owner="benchmark",
            expires_on=expires,
            acting_member=admin,
        )
    for i in range(3):
        cpu = [time.process_time()]
        limit = bare()
        cpu.append(time.process_time())
        one = enrol(f"bench-{i}", items, acting_member=admin, cores=1).seconds
        cpu.append(time.process_time())
        cpu_ratios.append((cpu[2] - cpu[1]) / (cpu[1] - cpu[0]))
        two = enrol(f"both-{i}", items, acting_member=admin, cores=2).seconds
        ratios.append(one / limit)
        speedups.append(one / two)
        rates.append(len(items) / two)
    services().close()
    return {
        "images": len(items),
        "images_per_s": round(statistics.median(rates), 2),
        "ratio_to_inference": round(statistics.median(ratios), 3),
        # Of this process alone, so that it means something on a busy machine; decoding is the child's.
        "cpu_ratio_to_inference": round(statistics.median(cpu_ratios), 3),
        "speedup_two_cores": round(statistics.median(speedups), 2),
        "stages": {name: round(statistics.mean(times), 2) for name, times in stages.items()},
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _varied(folder: Path, count: int) -> Path:
    """Write `count` different 250-pixel crops of the two bundled portraits: real faces, no two files alike."""
    from plainview.cli.demo import bundled_portraits

    portraits = [np.asarray(cv2.imread(str(path)), dtype=np.uint8) for path in bundled_portraits().values()]
    folder.mkdir()
    random = np.random.default_rng(7)
    for i in range(count):
        portrait = portraits[i % len(portraits)]
        scale = 250 / min(portrait.shape[:2]) * random.uniform(1.0, 1.2)
        small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        x = int((small.shape[1] - 250) * random.uniform(0.3, 0.7))
        cv2.imwrite(str(folder / f"{i:05}.jpg"), small[:250, x : x + 250])
    return folder


def show(result: dict[str, object], *, json: bool) -> None:
    """Print a result as JSON, or as lines for people."""
    if json:
        print_json(result)
        return
    for label, value in result.items():
        console.print(f"{label:24} {value}")


def register(root: typer.Typer) -> None:
    """Add the command group."""
    root.add_typer(app, name="bench")
