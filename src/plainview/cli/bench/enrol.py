"""`plainview bench`: measure this machine and print ratios, ours against the limit or the peer in one run."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from json import loads
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from plainview.casework.workspace.folder import ENV
from plainview.cli.common import Json, print_json, say


def bench_search(
    n: Annotated[int, typer.Option("--n", help="References.")] = 10_000,
    dim: Annotated[int, typer.Option(help="Components of a template.")] = 128,
    adapter: Annotated[str, typer.Option(help="exact, compressed, or auto: what is used at this size.")] = "auto",
    probes: Annotated[int, typer.Option(help="Different probes; each is searched three times.")] = 100,
    json: Json = False,
) -> None:
    """Time the index on made-up templates beside numpy and faiss Flat, all on one thread of one core."""
    command = [sys.executable, "-m", "plainview.cli.bench.search", str(n), str(dim), adapter, str(probes)]
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    run = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ | threads, check=False)  # noqa: S603
    if run.returncode:
        raise typer.Exit(1)  # it has said why
    show(loads(run.stdout), json=json)


def bench_enrol(
    photos: Annotated[Path | None, typer.Option(help="A folder of photographs; else two portraits, varied.")] = None,
    images: Annotated[int, typer.Option(help="At most this many.")] = 200,
    json: Json = False,
) -> None:
    """Time whole enrolment beside its bare detect + embed inference."""
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        home = Path(folder)
        os.environ[ENV] = str(home / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        from plainview.casework.enrolment.manifest import read_items

        source = photos or varied(home / "photographs", images)
        items = [item for item in read_items(source) if item.path.suffix.lower() in (".jpg", ".jpeg", ".png")][:images]
        result = _measure_enrol(items)
    show(result, json=json)


def _measure_enrol(items: list) -> dict[str, object]:  # type: ignore[type-arg]
    from datetime import UTC, datetime, timedelta

    from plainview.casework.enrolment.enrol import enrol
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.workspace.services import services

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


def varied(folder: Path, count: int) -> Path:
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
        say(f"{label:24} {value}")
