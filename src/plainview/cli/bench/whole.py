"""`plainview bench whole`: the whole product with a large gallery, from enrolment to the check of its log.

Owns a workspace of its own, thrown away afterwards. Its references are synthetic (see bench.serve); the photographs that
it enrols and searches are real, and so are the commands and the server that it times.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import requests

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.erasure.expunge import expunge
from plainview.casework.find import member_by_email
from plainview.casework.log.read import verify_log
from plainview.casework.models import Gallery, Member, Reference
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.ranking import orderings_of
from plainview.casework.search.run import Request, run_search
from plainview.casework.workspace.services import services
from plainview.cli.bench.common import varied
from plainview.cli.bench.serve import PAGES, colleague, draft_page, prepare, served, session

_PICTURES, _ENROLLED, _ERASED = 120, 60, 5
"""Photographs behind the synthetic references, and those of them that are enrolled and erased one by one."""

_ROUNDS = 10  # times that every page is opened


def measure(home: Path, references: int, searches: int) -> dict[str, object]:
    """Fill a gallery, use it in this process and over HTTP, and return the figures.

    Args:
        home: a folder of its own, with the workspace.
        references: in the gallery.
        searches: recorded searches, each with a probe of its own.
    """
    admin, examiner = member_by_email("admin@agency.example"), member_by_email("examiner@agency.example")
    photographs = sorted(varied(home / "photographs", max(_PICTURES, searches + 10)).iterdir())
    figures: dict[str, object] = {"references": references, "synthetic_gallery": True}
    figures["fill_s"] = _seconds(lambda: prepare(photographs[:_PICTURES], references))
    gallery = Gallery.objects.get(name="large")
    new = varied(home / "new", _ENROLLED, seed=gallery.log_head)  # other pictures in every run on a kept workspace
    figures |= _searches(photographs, searches, examiner)
    figures["enrol_per_s"] = round(
        _ENROLLED / _seconds(lambda: enrol("large", read_items(new), acting_member=admin)), 1
    )
    keys = [session(colleague(examiner, gallery.log_head))]
    services().close()
    figures |= _served(home, keys[0], photographs[0])
    erased = list(Reference.objects.filter(gallery=gallery).order_by("-pk")[:_ERASED])
    figures["expunge_ms"] = _median(
        erased, lambda reference: expunge(reference.public_id, reason="measured by a benchmark", acting_member=admin)
    )
    figures["audit_verify_s"] = _seconds(verify_log)
    figures["database_mb"] = _megabytes(home / "workspace")
    return figures


def _searches(photographs: list[Path], count: int, examiner: Member) -> dict[str, object]:
    """Search in this process; the first one builds the index, the calibration and the ordering."""
    request = Request("BENCH", "find out who held the door of the van", "large")
    engine, whole, beyond = services().engine, [], []
    probes = [prepare_probe(path) for path in photographs[: count + 10]]
    first = _seconds(lambda: run_search(probes[0], request, acting_member=examiner))
    for probe in probes[1:]:
        began = time.perf_counter()
        engine.template(probe.picture, probe.face.detection)
        inference = time.perf_counter() - began
        began = time.perf_counter()
        run_search(probe, request, acting_member=examiner)
        whole.append((time.perf_counter() - began) * 1e3)
        beyond.append(whole[-1] - inference * 1e3)
    ordering = next(iter(orderings_of(services()).values()))
    return {
        "first_search_s": first,
        "search_p50_ms": round(statistics.median(whole[9:]), 2),
        "search_p99_ms": round(float(np.quantile(whole[9:], 0.99)), 2),
        "beyond_embedding_p50_ms": round(statistics.median(beyond[9:]), 2),
        "ordering_bytes_per_reference": round(ordering.nbytes / max(1, Gallery.objects.get(name="large").log_head), 2),
    }


def _served(home: Path, cookie: str, photograph: Path) -> dict[str, object]:
    """Start the server, measure its memory idle, open every page, search once, and measure again."""
    began = time.perf_counter()
    with served(home) as (url, server):
        opened = time.perf_counter() - began
        time.sleep(5)  # the worker has begun too
        idle = memory_mb(server.pid)
        spent, began = _cpu_s(server.pid), time.perf_counter()
        time.sleep(10)
        share = (_cpu_s(server.pid) - spent) / (time.perf_counter() - began)
        http = requests.Session()
        http.cookies.set("session", cookie)
        times = []
        draft = draft_page(http, url, photograph).removeprefix(url)
        for number in range(_ROUNDS + 1):
            for path in (*PAGES, draft):
                began = time.perf_counter()
                http.get(url + path, timeout=120).raise_for_status()
                if number:
                    times.append((time.perf_counter() - began) * 1e3)
        return {
            "open_s": round(opened, 2),
            "pages_p95_ms": round(float(np.quantile(times, 0.95)), 1),
            "idle_memory_mb": sum(idle.values()),
            "idle_memory_of": idle,
            "idle_cpu_percent": round(100 * share, 1),
            "memory_mb": sum(memory_mb(server.pid).values()),
        }


def memory_mb(root: int) -> dict[str, int]:
    """Return the memory of a process and all its descendants, in MB, and under "files" that of the files that they map.

    A file counts once, however many of them map it, and whether or not other programs of the machine do.
    """
    family = _family(root)
    own, files = {}, dict[str, int]()
    for pid in family:
        own[f"{pid} {_name(pid)}"] = round(sum(_rollup(pid, part) for part in ("Pss_Anon", "Pss_Shmem")) / 1024)
        for file, resident in _mapped(pid).items():
            files[file] = max(resident, files.get(file, 0))
    return own | {"files": round(sum(files.values()) / 1024)}


def _cpu_s(root: int) -> float:
    """Return the seconds of CPU that a process and all its descendants have used."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in _family(root)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def _family(root: int) -> list[int]:
    family = [root]
    for pid in family:
        family += _children(pid)
    return family


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _rollup(pid: int, part: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{part}:")).split()[1])


def _mapped(pid: int) -> dict[str, int]:
    """Return the resident part of each file that a process maps, in kB, without pages that it has changed."""
    resident: dict[str, int] = {}
    file = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            file = words[5] if len(words) > 5 and words[5].startswith("/") else ""
        elif file and words[0] in ("Rss:", "Anonymous:"):
            resident[file] = resident.get(file, 0) + int(words[1]) * (1 if words[0] == "Rss:" else -1)
    return resident


def _name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return " ".join(Path(word).name for word in words if word)[:60]


def _seconds(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return round(time.perf_counter() - began, 3)


def _median(rows: list[Reference], act: Callable[[Reference], Any]) -> float:
    return round(statistics.median(_seconds(partial(act, reference)) for reference in rows) * 1e3, 1)


def _megabytes(workspace: Path) -> int:
    return round(sum(path.stat().st_size for path in workspace.glob("*.sqlite3*")) / 2**20)
