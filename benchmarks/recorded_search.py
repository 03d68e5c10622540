"""What a whole recorded search of a large gallery costs beyond the probe's own inference, against its limit.

Run it with `make bench`, or with the number of references: `python benchmarks/recorded_search.py 1000000`. The gallery
is synthetic (random templates), the probes are real faces, the log, the database and the pictures are written as in any
search. The probe's own inference is timed apart, in one thread; where a core is free, a search makes it in two.
`least_ms` is what the same disk takes, in turns with the searches, for a sealed probe and two durable entries alone.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

REFERENCES, PROBES = 10_000, 100

LIMITS_MS = {10_000: 6.0, 1_000_000: 12.0}
"""References -> the most that a search may cost beyond embedding, in ms; source: the issue of one machine."""


def main() -> None:
    """Print one JSON object: references, search_ms, embedding_ms, overhead_ms, overhead_cpu_ms, least_ms (medians), ratios to
    least and limit."""
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
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
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import fill

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    gallery = create_gallery("large", **passport, expires_on=date(2099, 1, 1), acting_member=admin)
    photographs = sorted(varied(folder / "photographs", PROBES).iterdir())
    fill(gallery, admin, photographs, references)
    open_case("BENCH", "benchmark", acting_member=examiner)
    request = Request("BENCH", "find out who held the door of the van", "large")
    engine, searches, embeddings, used, least = services().engine, [], [], [], []
    for path in photographs:
        probe = prepare_probe(path)
        began, cpu = time.perf_counter(), time.process_time()
        engine.template(probe.picture, probe.face.detection)
        inference, inference_cpu = time.perf_counter() - began, time.process_time() - cpu
        began, cpu = time.perf_counter(), time.process_time()
        run_search(probe, request, acting_member=examiner)
        searches.append((time.perf_counter() - began) * 1e3)
        embeddings.append(inference * 1e3)
        used.append((time.process_time() - cpu - inference_cpu) * 1e3)
        began = time.perf_counter()
        for data in (secrets.token_bytes(len(probe.data)), b""):
            with transaction.atomic():
                if data:
                    services().blobs.put(data)
                write_entry("rows.committed", {"of": len(searches)}, acting_member=examiner)
        least.append((time.perf_counter() - began) * 1e3)
    services().close()
    # The first ones build the index and warm the caches.
    beyond = [search - embedding for search, embedding in zip(searches, embeddings, strict=True)]
    overhead, floor = statistics.median(beyond[10:]), statistics.median(least[10:])
    limit = LIMITS_MS.get(references)
    return {
        "references": references,
        "search_ms": round(statistics.median(searches[10:]), 2),
        "embedding_ms": round(statistics.median(embeddings[10:]), 2),
        "overhead_ms": round(overhead, 2),
        "overhead_cpu_ms": round(statistics.median(used[10:]), 2),
        "least_ms": round(floor, 2),
        "ratio_to_least": round(overhead / floor, 2),
        "ratio_to_limit": round(overhead / limit, 2) if limit else None,
        "synthetic_gallery": True,
    }


if __name__ == "__main__":
    main()
