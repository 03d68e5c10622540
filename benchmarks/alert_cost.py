"""What ten thousand open alerts add to an enrolment, as a share of the same enrolment without one.

Run it with `make bench`. The alerts' templates are random (synthetic), the pictures are varied portraits; both
enrolments run in one process, alternating, and the median of the ratios is printed.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np

ALERTS, IMAGES, ROUNDS = 10_000, 96, 7


def main() -> None:
    """Print one JSON object: alerts, images, rounds, added_share (median), loading_once_ms (median)."""
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        print(json.dumps(_measure(Path(folder))))  # noqa: T201  the script's answer


def _save(gallery: object, case: object, member: object) -> None:
    from django.db import transaction
    from django.utils import timezone

    from plainview.casework.models import Alert, AlertGallery
    from plainview.casework.people.read import binding
    from plainview.casework.workspace.services import services

    templates = np.random.default_rng(1).standard_normal((ALERTS, 128), dtype=np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    pack = services().engine.pack
    version, _ = binding(member.agency)  # type: ignore[attr-defined]
    shared = {
        "case": case,
        "member": member,
        "purpose": "find out who held the door of the van",
        "origin": "other",
        "policy": version,
        "probe_blob": "0" * 64,
        "probe_name": "-",
        "face_number": 1,
        "box": [],
        "quality": 50,
        "quality_detail": {},
        "pack": pack.identity,
        "pack_sha256": pack.recogniser.sha256,
        "one_in": 100_000,
        "expires_at": timezone.now() + timedelta(days=30),
    }
    alerts = [Alert(**shared) for _ in range(ALERTS)]
    for alert, template in zip(alerts, templates, strict=True):
        alert.sealed = services().templates.seal(template.tobytes(), f"alert:{alert.public_id}".encode())
    with transaction.atomic():
        saved = Alert.objects.bulk_create(alerts, batch_size=500)
        AlertGallery.objects.bulk_create(
            [AlertGallery(alert=alert, gallery=gallery, after_seq=0, threshold=0.6) for alert in saved],
            batch_size=500,
        )


def _measure(folder: Path) -> dict[str, object]:
    from plainview.casework.alerts.opened import open_alerts_of
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.enrolment.enrol import enrol
    from plainview.casework.enrolment.manifest import read_items
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    case = open_case("BENCH", "benchmark", acting_member=examiner)
    items = read_items(varied(folder / "photographs", IMAGES))
    loading: list[float] = []
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for number in range(ROUNDS + 1):
        for alerted in (False, True):
            name = f"{number}-{alerted}"
            gallery = create_gallery(name, **passport, expires_on=date(2099, 1, 1), acting_member=admin)
            if alerted:
                _save(gallery, case, examiner)
                began = time.perf_counter()
                open_alerts_of(gallery.pk)  # a process loads them once, and again when one changes
                loading.append((time.perf_counter() - began) * 1e3)
            began = time.perf_counter()
            enrol(name, items, acting_member=admin)
            if number:  # the first round warms the caches
                seconds[alerted].append(time.perf_counter() - began)
    services().close()
    ratios = [loaded / bare for bare, loaded in zip(seconds[False], seconds[True], strict=True)]
    return {
        "alerts": ALERTS,
        "images": IMAGES,
        "rounds": ROUNDS,
        "added_share": round(statistics.median(ratios) - 1, 3),
        "loading_once_ms": round(statistics.median(loading)),
    }


if __name__ == "__main__":
    main()
