"""How a probe travels through one recorded search: the modules that it enters, its stays and its returns.

Run it with `python benchmarks/walk_of_a_search.py`, with `--json` for scripts. One real search runs in a temporary
sample workspace. A stay is an unbroken run of calls in one module, each of which has the probe (`Probe`, `Picture` or
`Face`) or the search that it became (`Search`) among its arguments; a return is a stay in a module that was left
before. The calls of the checks before the search and of the preparation of the probe are not counted. `statements` are
those of the database, `flushes` the transactions among them: each is flushed to the disk.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

PICTURES = 4


def main() -> None:
    """Print the stays in order and the figures; one JSON object with `--json`."""
    with tempfile.TemporaryDirectory(prefix="plainview-walk-") as folder:
        os.environ["PLAINVIEW_HOME"] = str(Path(folder) / "workspace")
        from plainview.cli.setup import make_workspace

        make_workspace(sample=True)
        calls, statements = _calls_of_a_search(Path(folder))
    stays = [(module, [name for _, name in calls]) for module, calls in groupby(calls, key=lambda call: call[0])]
    modules = {module for module, _ in stays}
    figures = {"modules": len(modules), "stays": len(stays), "returns": len(stays) - len(modules)}
    figures |= {"statements": len(statements), "flushes": statements.count("COMMIT")}
    if "--json" in sys.argv[1:]:
        walk = [{"module": module, "functions": list(dict.fromkeys(names))} for module, names in stays]
        print(json.dumps(figures | {"walk": walk}))  # noqa: T201  the script's answer
        return
    for number, (module, names) in enumerate(stays, start=1):
        print(f"{number:3}  {module:48} {', '.join(dict.fromkeys(names))}")  # noqa: T201
    print(", ".join(f"{figure} {name}" for name, figure in figures.items()))  # noqa: T201


def _calls_of_a_search(folder: Path) -> tuple[list[tuple[str, str]], list[str]]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from plainview.casework.cases.open_close import open_case
    from plainview.casework.enrolment.enrol import enrol
    from plainview.casework.enrolment.manifest import read_items
    from plainview.casework.find import member_by_email
    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.models import Search
    from plainview.casework.probes.probe import Probe, prepare_probe
    from plainview.casework.search.run import Request, run_search
    from plainview.casework.workspace.services import services
    from plainview.cli.bench.common import varied
    from plainview.recognition.types import Face, Picture

    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    passport = {"legal_basis": "benchmark", "source": "benchmark", "owner": "benchmark"}
    create_gallery("walk", **passport, expires_on=date(2099, 1, 1), acting_member=admin)
    photographs = varied(folder / "photographs", PICTURES)
    enrol("walk", read_items(photographs), acting_member=admin)
    open_case("WALK", "benchmark", acting_member=examiner)
    probe = prepare_probe(sorted(photographs.iterdir())[0])
    request = Request("WALK", "find out who held the door of the van", "walk")
    run_search(probe, request, acting_member=examiner)  # the first one builds the index and warms the caches
    calls = _recorded(lambda: run_search(probe, request, acting_member=examiner), (Probe, Picture, Face, Search))
    with CaptureQueriesContext(connection) as statements:
        run_search(probe, request, acting_member=examiner)
    services().close()
    return calls, [statement["sql"] for statement in statements]


def _recorded(act: Callable[[], object], travellers: tuple[type, ...]) -> list[tuple[str, str]]:
    """Run an act; return the module and name of each plainview function called with a traveller, in order."""
    calls: list[tuple[str, str]] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (module := str(frame.f_globals.get("__name__", ""))).startswith("plainview."):
            code = frame.f_code
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if any(isinstance(frame.f_locals.get(name), travellers) for name in names):
                calls.append((module.removeprefix("plainview."), code.co_name))

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls


if __name__ == "__main__":
    main()
