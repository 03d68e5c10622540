"""Measures whole enrolment against its bare detect + embed inference, in a sample workspace of its own."""

from __future__ import annotations

import resource
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.workspace.services import services

_SUFFIXES = (".jpg", ".jpeg", ".png")


def measure(photographs: Path, images: int) -> dict[str, object]:
    """Enrol the photographs and return the figures."""
    items = [item for item in read_items(photographs) if item.path.suffix.lower() in _SUFFIXES][:images]
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
        one_core = enrol(f"bench-{i}", items, acting_member=admin, cores=1).seconds
        cpu.append(time.process_time())
        cpu_ratios.append((cpu[2] - cpu[1]) / (cpu[1] - cpu[0]))
        two_cores = enrol(f"both-{i}", items, acting_member=admin, cores=2).seconds
        ratios.append(one_core / limit)
        speedups.append(one_core / two_cores)
        rates.append(len(items) / two_cores)
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
