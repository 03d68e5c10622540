"""What a recorded search takes once its references are people with several pictures, beside one of as many references.

    python benchmarks/search_by_subject.py [--pictures 3]

The gallery is synthetic (random templates), the probes are real faces. The same probes are searched with before and after
the references are given to people. Prints one JSON object; `ratio` is the second time over the first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

REFERENCES, PROBES = 10_000, 100


def main() -> None:
    """Print references, pictures, by_reference_ms and by_subject_ms (medians beyond the probe's template), ratio."""
    parser = argparse.ArgumentParser(description="Time recorded searches by subject.")
    parser.add_argument("--pictures", type=int, default=3)
    pictures = parser.parse_args().pictures
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        print(json.dumps(_measure(Path(folder), pictures)))  # noqa: T201  the script's answer


def _measure(folder: Path, pictures: int) -> dict[str, object]:
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import fill

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    gallery = create_gallery("large", **passport, expires_on=date(2099, 1, 1), acting_member=admin)
    photographs = sorted(varied(folder / "photographs", PROBES).iterdir())
    fill(gallery, admin, photographs, REFERENCES)
    open_case("BENCH", "benchmark", acting_member=examiner)
    by_reference = _searched(photographs, examiner)
    _number(gallery.pk, pictures)
    by_subject = _searched(photographs, examiner)
    services().close()
    return {
        "references": REFERENCES,
        "pictures": pictures,
        "by_reference_ms": round(by_reference, 2),
        "by_subject_ms": round(by_subject, 2),
        "ratio": round(by_subject / by_reference, 2),
    }


def _searched(photographs: list[Path], examiner: Any) -> float:
    """Return the median of what a search takes beyond the template of its probe, milliseconds."""
    from plainview.casework.probes.probe import prepare_probe
    from plainview.casework.search.run import Request, run_search
    from plainview.casework.workspace.services import services

    request = Request("BENCH", "find out who held the door of the van", "large")
    engine, times = services().engine, []
    for path in photographs:
        probe = prepare_probe(path)
        began = time.perf_counter()
        engine.template(probe.picture, probe.face.detection)
        inference = time.perf_counter() - began
        began = time.perf_counter()
        run_search(probe, request, acting_member=examiner)
        times.append((time.perf_counter() - began - inference) * 1e3)
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


if __name__ == "__main__":
    main()
