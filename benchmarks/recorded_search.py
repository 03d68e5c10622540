"""What a whole recorded search of a large gallery costs beyond the probe's own inference, against 3 ms.

Run it with `make bench`. The gallery is synthetic (random templates), the probes are real faces, the log, the
database and the pictures are written as in any search.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

REFERENCES, PROBES, LIMIT_MS = 10_000, 100, 3.0


def main() -> None:
    """Print one JSON object: references, overhead_ms (median), ratio_to_limit."""
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        print(json.dumps(_measure(Path(folder))))  # noqa: T201  the script's answer


def _measure(folder: Path) -> dict[str, object]:
    from plainview.casework.cases.open_close import open_case
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.probes.probe import prepare_probe
    from plainview.casework.search.run import Request, run_search
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import fill

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    gallery = create_gallery("large", **passport, expires_on=date(2099, 1, 1), acting_member=admin)
    photographs = sorted(varied(folder / "photographs", PROBES).iterdir())
    fill(gallery, admin, photographs, REFERENCES)
    open_case("BENCH", "benchmark", acting_member=examiner)
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
    services().close()
    overhead = statistics.median(times[10:])  # the first ones build the index and warm the caches
    return {
        "references": REFERENCES,
        "overhead_ms": round(overhead, 2),
        "ratio_to_limit": round(overhead / LIMIT_MS, 2),
        "synthetic_gallery": True,
    }


if __name__ == "__main__":
    main()
