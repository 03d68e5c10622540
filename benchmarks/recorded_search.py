"""What a whole recorded search of a large gallery costs beyond the probe's own inference, against its limit.

<<<<<<< HEAD
Run it with `make bench`. The gallery is synthetic (random templates), the probes are real faces, the log, the
database and the pictures are written as in any search. With `--pictures 3` the references are then given to people, three
each, the same probes are searched with again, and `ratio_by_subject` is that time over the first.
=======
Run it with `make bench`, or with the number of references: `python benchmarks/recorded_search.py 1000000`. The gallery
is synthetic (random templates), the probes are real faces, the log, the database and the pictures are written as in any
search. `least_ms` is what the same disk takes, in turns with the searches, for a sealed probe and two durable entries
alone.
>>>>>>> main
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

REFERENCES, PROBES = 10_000, 100

LIMITS_MS = {10_000: 6.0, 1_000_000: 12.0}
"""References -> the most that a search may cost beyond embedding, in ms; source: the issue of one machine."""


def main() -> None:
<<<<<<< HEAD
    """Print one JSON object: references, overhead_ms (median), ratio_to_limit."""
    parser = argparse.ArgumentParser(description="Time recorded searches of a large gallery.")
    parser.add_argument("--pictures", type=int, default=1, help="pictures of a person, in a second measurement")
    pictures = parser.parse_args().pictures
=======
    """Print one JSON object: references, overhead_ms (median), overhead_cpu_ms, least_ms, ratios to least and limit."""
>>>>>>> main
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
<<<<<<< HEAD
        print(json.dumps(_measure(Path(folder), pictures)))  # noqa: T201  the script's answer


def _measure(folder: Path, pictures: int) -> dict[str, object]:
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
=======
        references = int(sys.argv[1]) if sys.argv[1:] else REFERENCES
        print(json.dumps(_measure(Path(folder), references)))  # noqa: T201  the script's answer


def _measure(folder: Path, references: int) -> dict[str, object]:
    from django.db import transaction

    from plainview.casework.cases.open_close import open_case
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.log.write import write_entry
    from plainview.casework.probes.probe import prepare_probe
    from plainview.casework.search.run import Request, run_search
>>>>>>> main
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import fill

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    gallery = create_gallery("large", **passport, expires_on=date(2099, 1, 1), acting_member=admin)
    photographs = sorted(varied(folder / "photographs", PROBES).iterdir())
    fill(gallery, admin, photographs, references)
    open_case("BENCH", "benchmark", acting_member=examiner)
    overhead = _searched(photographs, examiner)
    more: dict[str, object] = {}
    if pictures > 1:
        _number(gallery.pk, pictures)
        by_subject = _searched(photographs, examiner)
        more = {
            "pictures": pictures,
            "by_subject_ms": round(by_subject, 2),
            "ratio_by_subject": round(by_subject / overhead, 2),
        }
    services().close()
    return {
        "references": REFERENCES,
        "overhead_ms": round(overhead, 2),
        "ratio_to_limit": round(overhead / LIMIT_MS, 2),
        "synthetic_gallery": True,
        **more,
    }


def _searched(photographs: list[Path], examiner: Any) -> float:
    """Return the median of what a search takes beyond the template of its probe, milliseconds."""
    from plainview.casework.probes.probe import prepare_probe
    from plainview.casework.search.run import Request, run_search
    from plainview.casework.workspace.services import services

    request = Request("BENCH", "find out who held the door of the van", "large")
    engine, times, used, least = services().engine, [], [], []
    for path in photographs:
        probe = prepare_probe(path)
        began, cpu = time.perf_counter(), time.process_time()
        engine.template(probe.picture, probe.face.detection)
        inference, inference_cpu = time.perf_counter() - began, time.process_time() - cpu
        began, cpu = time.perf_counter(), time.process_time()
        run_search(probe, request, acting_member=examiner)
        times.append((time.perf_counter() - began - inference) * 1e3)
<<<<<<< HEAD
    return statistics.median(times[10:])  # the first ones build the index and warm the caches


def _number(gallery_id: int, pictures: int) -> None:
    """Give every reference of the gallery to a person, `pictures` each, as `subject assign` does."""
    from django.db import transaction

    from plainview.casework.galleries.subjects import log_changes, subject_with
    from plainview.casework.gate.calibrate import calibrate
    from plainview.casework.log.write import write_entry
    from plainview.casework.models import Gallery, Reference

    with transaction.atomic():
        gallery = Gallery.objects.get(pk=gallery_id)
        references = list(Reference.objects.filter(gallery=gallery).order_by("pk"))
        for place, reference in enumerate(references):
            if place % pictures == 0:
                subject = subject_with(gallery, f"N-{place}")
            reference.subject = subject
        Reference.objects.bulk_update(references, ["subject"], batch_size=500)
        subjects = {reference.subject_id for reference in references if reference.subject_id is not None}
        _, people = log_changes(gallery, [(reference, True) for reference in references], subjects)
        write_entry(
            "subjects.assigned", {"references": len(references)}, acting_member=None, rows=[*references, *people]
        )
    calibrate(gallery)
=======
        used.append((time.process_time() - cpu - inference_cpu) * 1e3)
        began = time.perf_counter()
        for data in (secrets.token_bytes(len(probe.data)), b""):
            with transaction.atomic():
                if data:
                    services().blobs.put(data)
                write_entry("rows.committed", {"of": len(times)}, acting_member=examiner)
        least.append((time.perf_counter() - began) * 1e3)
    services().close()
    # The first ones build the index and warm the caches.
    overhead, floor = statistics.median(times[10:]), statistics.median(least[10:])
    limit = LIMITS_MS.get(references)
    return {
        "references": references,
        "overhead_ms": round(overhead, 2),
        "overhead_cpu_ms": round(statistics.median(used[10:]), 2),
        "least_ms": round(floor, 2),
        "ratio_to_least": round(overhead / floor, 2),
        "ratio_to_limit": round(overhead / limit, 2) if limit else None,
        "synthetic_gallery": True,
    }
>>>>>>> main


if __name__ == "__main__":
    main()
