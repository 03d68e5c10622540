"""`make fuzz`: so many mutated inputs for each parser, and a table of what became of them.

Each parser has a process of its own. The input at hand lies in memory that both processes share, so that one over which the
process dies, or stays longer than `HANG` seconds of processor time, is known. What fails is written to tests/fuzz/found,
whose files tests/fuzz/test_parsers.py reads from then on. A run that was ended goes on where it was; .fuzz has its state.

Strangers' files (`SEEDS=DIR`) are mutated beside our own; they and their mutations stay out of the repository.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.parsers import HANG, PARSERS, Feed, Parser

from plainview.cli.setup import make_workspace

ROOT = Path(__file__).parents[2]
STATE = ROOT / ".fuzz"
FOUND = Path(__file__).with_name("found")

_LOOKS = (
    180  # half seconds after which a process that uses no processor time is ended; a run that was paused counts none
)
_CHECKED = 1000  # inputs after which the seeds are fed again
_LARGEST = 1 << 16  # bytes of a stranger's file that is mutated
_SHARED = 1 << 24
_HEAD = struct.Struct("<QII")  # number of the input, its bytes, bytes of the JSON text behind the head
_ROOM = 1 << 16  # for the head and the JSON text
_KINDS = 20  # failures of one kind are kept once, and at most so many kinds


@dataclass
class Tally:
    """What became of the inputs of one parser."""

    inputs: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    busy_s: float = 0.0
    peak_mb: int = 0
    failures: list[str] = field(default_factory=list)


def of_strangers(parser: Parser, strangers: Path | None) -> list[bytes]:
    """Return the files of strangers to mutate beside ours."""
    if strangers is None:
        return []
    files = sorted(path for path in strangers.rglob("*") if path.suffix.lower() in parser.suffixes)
    return [path.read_bytes() for path in files if 0 < path.stat().st_size <= _LARGEST]


def input_of(name: str, parser: Parser, seeds: list[bytes], number: int) -> bytes:
    """Return an input by its number."""
    chance = random.Random(f"{name} {number}")
    return parser.mutate(chance.choice(seeds), chance, seeds)


class Board:
    """Memory of both processes: the input at hand and the tally."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SHARED)

    def begin(self, number: int, data: bytes, tally: Tally) -> None:
        """Write down the input that comes next."""
        text = json.dumps(asdict(tally)).encode()
        data = data[: _SHARED - _ROOM]
        self._memory[: _HEAD.size] = _HEAD.pack(number, 0, 0)
        self._memory[_ROOM : _ROOM + len(data)] = data
        self._memory[_HEAD.size : _HEAD.size + len(text)] = text
        self._memory[: _HEAD.size] = _HEAD.pack(number, len(data), len(text))

    def read(self) -> tuple[int, bytes, Tally | None]:
        """Return the number and the bytes of the input at hand, and the tally before it."""
        while True:
            number, length, text = _HEAD.unpack(self._memory[: _HEAD.size])
            said, data = self._memory[_HEAD.size : _HEAD.size + text], self._memory[_ROOM : _ROOM + length]
            if self._memory[: _HEAD.size] == _HEAD.pack(number, length, text):
                with contextlib.suppress(ValueError, TypeError):  # the other process was writing
                    return number, data, Tally(**json.loads(said)) if text else None


def work(name: str, asked: argparse.Namespace, board: Board, tally: Tally, until: float) -> None:
    """Feed one input after the other, in this process."""
    parser, folder = PARSERS[name], Path(tempfile.mkdtemp())
    logging.disable()
    try:
        if parser.workspace:
            shutil.rmtree(os.environ["PLAINVIEW_HOME"], ignore_errors=True)
            make_workspace(sample=True)
        own = list(parser.seeds(folder).values())
        seeds = own + of_strangers(parser, asked.seeds)
        with parser.opened(folder) as feed:
            signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends this process, even in the midst of a library
            for number in range(tally.inputs, asked.count):
                if time.monotonic() > until:
                    break
                if number % _CHECKED == 0 and any(feed(seed) != "read" for seed in own):
                    raise RuntimeError("the target no longer reads its own seeds: what it is fed tests nothing")
                data = input_of(name, parser, seeds, number)
                tally.inputs = number
                board.begin(number, data, tally)
                _feed(name, feed, data, tally, _keep(asked))
                tally.inputs = number + 1
        board.begin(tally.inputs, b"", tally)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(asked: argparse.Namespace) -> Path:
    """Return where what fails is kept: what was made of a stranger's file stays out of the repository."""
    return STATE / "found" if asked.seeds else FOUND


def _feed(name: str, feed: Feed, data: bytes, tally: Tally, keep: Path) -> None:
    begun = time.perf_counter()
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        answer = feed(data)
    except Exception as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        answer = "failure"
        _found(name, data, _place(error), "".join(traceback.format_exception(error)), tally, keep)
    signal.setitimer(signal.ITIMER_PROF, 0)
    took = time.perf_counter() - begun
    tally.answers[answer] = tally.answers.get(answer, 0) + 1
    tally.busy_s += took
    tally.slowest_s = max(tally.slowest_s, round(took, 3))
    tally.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _place(error: BaseException) -> str:
    """Return what two failures of one kind have in common: the exception, and where it was raised and called from."""
    steps = [f"{Path(step.filename).name}:{step.lineno}" for step in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__} at {' < '.join(reversed(steps[-3:]))}: {error}"[:300]


def _found(name: str, data: bytes, kind: str, text: str, tally: Tally, keep: Path) -> None:
    same = kind.partition(":  ")[0].rpartition(": ")[0] or kind
    if any(failure.startswith(same) for failure in tally.failures) or len(tally.failures) >= _KINDS:
        return
    tally.failures.append(kind)
    keep.mkdir(exist_ok=True)
    (keep / f"{name}-{hashlib.sha256(data).hexdigest()[:8]}.bin").write_bytes(data)
    sys.stderr.write(f"\n{name}: {kind}\n{text}\n")


def drive(name: str, asked: argparse.Namespace) -> Tally:
    """Run a parser's inputs to their number, or until the time is over; return the tally of all runs."""
    path = STATE / f"{name}{'-strangers' if asked.seeds else ''}.json"
    tally = Tally(**json.loads(path.read_text())) if path.exists() and not asked.anew else Tally()
    until = time.monotonic() + asked.seconds
    while tally.inputs < asked.count and time.monotonic() < until:
        board = Board()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(KeyboardInterrupt):
                try:
                    work(name, asked, board, tally, until)
                    os._exit(0)
                except BaseException:
                    traceback.print_exc()
            os._exit(1)
        status = _watched(pid, board, path)
        number, data, seen = board.read()
        if seen is None or (os.WIFEXITED(status) and status == 256):
            raise SystemExit(f"{name}: the target itself failed")
        tally = seen
        if status:
            why = f"more than {HANG} s" if os.WTERMSIG(status) == signal.SIGPROF else f"the process ended ({status})"
            _found(name, data, f"{why}, input {number}", "", tally, _keep(asked))
            tally.answers["failure"] = tally.answers.get("failure", 0) + 1
            tally.inputs = number + 1
        _note(path, tally)
    return tally


def _note(path: Path, tally: Tally) -> None:
    """Write the state whole: a run may be ended at any moment."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(asdict(tally)))
    beside.replace(path)


def _watched(pid: int, board: Board, path: Path) -> int:
    """Wait for a process; end one that stands still. Returns its status, 0 if all went well."""
    last, looks = -1, 0
    try:
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return status
            number, _, tally = board.read()
            if tally is not None:
                _note(path, tally)
            looks = looks + 1 if number == last else 0
            last = number
            if tally is not None and looks > _LOOKS:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.5)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def main() -> None:
    """Print the table; exit 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", choices=[*PARSERS, []], help="parsers; all of them when none is named")
    parser.add_argument("--count", type=int, default=100_000, help="inputs a parser")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="at most so long a parser, in this run")
    parser.add_argument("--seeds", type=Path, help="folder of strangers' files")
    parser.add_argument("--anew", action="store_true", help="begin again")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    STATE.mkdir(exist_ok=True)
    head = f"{'parser':10} {'inputs':>8} {'read':>8} {'refused':>8} {'lost':>6} {'ms':>7} {'slowest s':>9} {'peak MB':>8} failures"
    sys.stdout.write(f"{head}\n")
    failed = 0
    for name in asked.only or PARSERS:
        tally = drive(name, asked)
        failed += len(tally.failures)
        sys.stdout.write(f"{_line(name, tally)}\n")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


def _line(name: str, tally: Tally) -> str:
    counts: dict[str, Any] = tally.answers
    read, lost, failures = (counts.get(answer, 0) for answer in ("read", "child lost", "failure"))
    refused = sum(counts.values()) - read - lost - failures
    each = 1000 * tally.busy_s / max(1, tally.inputs)
    return (
        f"{name:10} {tally.inputs:8,} {read:8,} {refused:8,} {lost:6,} {each:7.2f} {tally.slowest_s:9.3f} "
        f"{tally.peak_mb:8,} {failures}"
    )
