"""What it costs that the log commits to rows: one page, one commitment, and the comparison of all rows.

Run it with `python benchmarks/rows.py [REFERENCES]`. The references are synthetic (random templates, real pictures), their
commitments, the log and the candidate list are written as in any search. Times are processor time of one thread, which
other work on the machine does not add to; what is read from a disk that is not in memory comes on top.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

PAGES, LIMIT_MS, MILLION = 50, 3.0, 1_000_000


def main() -> None:
    """Print one JSON object; times in milliseconds, microseconds a row, and minutes for a million rows."""
    references = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="plainview-bench-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        print(json.dumps(_measure(Path(folder), references)))  # noqa: T201  the script's answer


def _measure(folder: Path, references: int) -> dict[str, object]:
    from django.db import transaction

    from plainview.casework.cases.open_close import open_case
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.log.commit import commitments_to, require_unaltered, store, units_of
    from plainview.casework.log.rows import verify_rows
    from plainview.casework.models import Reference, RowCommitment
    from plainview.casework.models.rows import reading
    from plainview.casework.probes.probe import prepare_probe
    from plainview.casework.search.candidates import candidates_of
    from plainview.casework.search.run import Request, run_search
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.cli.bench.serve import fill

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    gallery = create_gallery("large", **passport, expires_on=date(2099, 1, 1), acting_member=admin)
    photographs = sorted(varied(folder / "photographs", 2).iterdir())
    began = time.thread_time()
    fill(gallery, admin, photographs, references)
    filled = time.thread_time() - began
    open_case("BENCH", "benchmark", acting_member=examiner)
    request = Request("BENCH", "find out who held the door of the van", "large", top=50)
    search = run_search(prepare_probe(photographs[0]), request, acting_member=examiner).search
    services().close()

    def page() -> float:
        """Load what the page of a candidate list loads, then check it; return the milliseconds of the check."""
        with reading(require_unaltered):
            listed = candidates_of(type(search).objects.select_related("case", "member").get(pk=search.pk))
            assert len(listed) == 50  # noqa: S101
            return _timed(require_unaltered)

    pages = statistics.median([page() for _ in range(PAGES)])
    read_ms = _timed(
        lambda: [sum(1 for _ in Reference.objects.values_list().iterator()), list(RowCommitment.objects.values_list())]
    )
    units = units_of([search, *candidates_of(search)])

    def commit() -> None:
        """Do what the two entries of a search add: to its row, and to its row and its list."""
        with transaction.atomic():
            for some in (units[:1], units):
                store(commitments_to(some), search.request_entry)
            transaction.set_rollback(True)

    recorded = statistics.median([_timed(commit) for _ in range(PAGES)])
    rows = verify_rows()
    whole_ms = _timed(verify_rows)
    assert rows.ok  # noqa: S101
    each_us = whole_ms * 1e3 / rows.checked
    return {
        "rows": rows.checked,
        "page_ms": round(pages, 2),
        "page_rows": 103,
        "page_ratio_to_limit": round(pages / LIMIT_MS, 2),
        "search_adds_ms": round(recorded, 2),
        "verify_us_a_row": round(each_us, 1),
        "verify_ratio_to_reading": round(whole_ms / read_ms, 2),
        "verify_minutes_a_million": round(each_us * MILLION / 60e6, 1),
        "fill_us_a_reference": round(filled * 1e6 / references, 1),
        "bytes_a_commitment": _size(),
    }


def _timed(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return (time.thread_time() - began) * 1e3


def _size() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute('SELECT sum(length(kind) + length("key") + 8 + length(sealed)) / count(*) FROM row_commitment')
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
