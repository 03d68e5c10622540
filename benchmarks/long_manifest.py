"""Enrolment from a manifest of a million rows: time, and the memory of the process at its peak.

    python benchmarks/long_manifest.py --rows 1000000

The rows name a few hundred varied crops of the two bundled portraits, again and again: all but the first of each are
duplicates, so the list and the look-ups are measured, not the recognition.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

PICTURES = 200


def main() -> None:
    """Print one JSON object."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        print(json.dumps(_measure(Path(folder), rows)))  # noqa: T201  the script's answer


def _measure(folder: Path, rows: int) -> dict[str, object]:
    from plainview.casework.enrolment.enrol import enrol
    from plainview.casework.enrolment.manifest import read_items
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied

    admin = member_by_email("admin@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    create_gallery("long", **passport, expires_on=date(2999, 1, 1), acting_member=admin)
    pictures = sorted(varied(folder / "photographs", PICTURES).iterdir())
    few, many = folder / "few.csv", folder / "many.csv"
    for path, count in ((few, 2 * PICTURES), (many, rows)):
        with path.open("w") as file:
            file.write("path,source_url,captured_on\n")
            for i in range(count):
                name = pictures[i % PICTURES].relative_to(folder)
                file.write(f"{name},https://source.example/{i % PICTURES},2020-01-01\n")
    enrol("long", read_items(few), acting_member=admin)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    items = read_items(many)
    counted = time.perf_counter() - began
    result = enrol("long", items, acting_member=admin)
    services().close()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": len(items),
        "manifest_mb": round(many.stat().st_size / 2**20, 1),
        "count_s": round(counted, 2),
        "enrol_s": round(result.seconds, 2),
        "duplicates": result.duplicates,
        "peak_mb_after_400_rows": round(before / 1024, 1),
        "peak_mb": round(after / 1024, 1),
    }


if __name__ == "__main__":
    main()
