"""Flip every single bit of a log of 1,000 entries and ask the outsiders' script whether it notices.

    python benchmarks/every_bit_flip.py [ENTRIES]

Exhaustive: every bit of every line of log.jsonl, by the script's own check of that line at its place (a flip
changes that line or, in its newline, joins it to the next; that check must refuse both), and every bit of
key.pub. Of the file checkpoints: every bit of the newest note and of every 20th. Prints counts; exit 1 when a
flip is missed.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import sys
import time
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import plainview.audit
from plainview.audit.checkpoint import Signer
from plainview.audit.logfile import format_line
from plainview.audit.merkle import Frontier
from plainview.audit.record import next_entry

_SIGNER = Signer.from_private_bytes("agency.example/log", bytes(range(32)))


def _script() -> ModuleType:
    path = plainview.audit.__path__[0] + "/standalone.py"
    spec = importlib.util.spec_from_file_location("standalone", path)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _log(count: int) -> tuple[list[bytes], list[bytes]]:
    frontier, lines, notes = Frontier(), [], []
    start = datetime(2026, 11, 23, tzinfo=UTC)
    for number in range(count):
        record = next_entry(
            frontier,
            log=_SIGNER.verifier.name,
            at=start + timedelta(seconds=number),
            action="search.requested",
            actor="m1",
            subject={"case": number, "score": "0.4317"},
            secret={"purpose": "x"},
        )
        frontier = record.frontier
        lines.append(format_line(record.entry.canonical, record.leaf))
        notes.append(_SIGNER.sign(frontier.size, frontier.root()).encode())
    return lines, notes


def _flips(data: bytes) -> Any:
    flipped = bytearray(data)
    for bit in range(8 * len(data)):
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)
        flipped[bit // 8] ^= 1 << bit % 8


def _count(job: tuple[str, int, bytes, str]) -> tuple[str, int, int]:
    kind, number, data, latest = job
    module = _script()
    key = module.Key(_SIGNER.verifier.text)
    tried = missed = 0
    for flipped in _flips(data):
        tried += 1
        try:
            if kind == "log.jsonl":
                module.check_line(flipped, number, key, latest)
            elif kind == "checkpoints":
                module.read_checkpoint(key, flipped)
            else:
                module.Key(flipped.decode("latin-1"))
        except module.Bad:
            continue
        missed += 1
    return kind, tried, missed


def main() -> int:
    """Count and print."""
    began = time.monotonic()
    lines, notes = _log(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    times = ["", *(json.loads(line)["entry"]["at"] for line in lines)]
    jobs = [("log.jsonl", number, line, times[number]) for number, line in enumerate(lines)]
    jobs += [("checkpoints", number, notes[number], "") for number in {*range(0, len(notes), 20), len(notes) - 1}]
    jobs.append(("key.pub", 0, _SIGNER.verifier.text.encode(), ""))
    totals: dict[str, list[int]] = {}
    with multiprocessing.Pool() as pool:
        for kind, tried, missed in pool.imap_unordered(_count, jobs, chunksize=8):
            total = totals.setdefault(kind, [0, 0])
            total[0] += tried
            total[1] += missed
    for kind, (tried, missed) in totals.items():
        sys.stdout.write(f"{kind}: {tried} single-bit flips, {tried - missed} caught, {missed} missed\n")
    sys.stdout.write(f"{len(lines)} entries, {time.monotonic() - began:.0f} s\n")
    return int(any(missed for _, missed in totals.values()))


if __name__ == "__main__":
    raise SystemExit(main())
