"""Kill -9 at random moments of enrolment, expunge, re-embedding, indexing, numbering and merging people, backup; check all after each.

    python benchmarks/kill_rounds.py --rounds 100 [--postgresql]

Each round is a process of its own that works on one workspace and reports what was acknowledged; it is killed at a
random moment. Then another process checks: every acknowledged reference is stored once and a search finds it, no
expunged one is left, the ordered logs have no gap, and the audit log verifies. The work itself is in
kill_rounds_work.py. With --postgresql the records are in a real server, and what is killed is its client. Exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from kill_rounds_work import (
    ERASED,
    IN_A_ROW,
    OTHER_PACK,
    WORK,
    WORKERS,
    State,
    look,
    make,
    search_files,
    varied_pictures,
    warm,
)


def run(rounds: int, *, seed: int = 1, folder: Path) -> State:
    """Make a workspace in `folder` and run this many rounds on it."""
    state = State(folder / "workspace", random.Random(seed))  # noqa: S311  moments, not secrets
    os.environ["PLAINVIEW_HOME"] = str(state.home)
    status = _apart(make, state, lambda _: None)
    if status != 0:
        raise SystemExit("the workspace could not be made")
    warm()
    for number in range(rounds):
        work = "re-embed" if state.re_embedding else state.random.choice(WORK) if number else "enrol"
        if work == "expunge" and len(state.acknowledged) <= ERASED * 2:
            work = "enrol"
        _one_round(state, work, number)
        _apart(look, state, lambda report: state.looked.update(report))
        state.problems += [f"round {number} ({work}): {text}" for text in state.looked.pop("problems", ["no look"])]
        state.re_embedding = bool(state.looked.get("re_embedding"))
        if not state.re_embedding:  # killed before it began, the gallery still has the pack that it had
            state.other_pack = state.looked.get("pack") == OTHER_PACK
    _apart(search_files, state, lambda report: state.problems.extend(report["problems"]))
    return state


def _one_round(state: State, work: str, number: int) -> None:
    if work == "re-embed" and not state.re_embedding:
        state.other_pack = not state.other_pack
    picked = _pick(state, number)
    if work == "enrol":
        varied_pictures(state.home.parent / "pictures" / f"{number:05}", picked)
    moment: float | None = state.random.uniform(0.0, 1.1 * state.seconds[work])
    if number == 0 or state.in_a_row == IN_A_ROW:  # the first round fills it and is not killed
        moment = None
    began = time.monotonic()
    receive = lambda message: _acknowledge(state, message)  # noqa: E731
    status = _apart(WORKERS[work], state, receive, kill_after=moment, picked=picked, number=number)
    state.rounds[work] += 1
    state.in_a_row = state.in_a_row + 1 if work == "re-embed" and status == -signal.SIGKILL else 0
    if status == -signal.SIGKILL:
        state.killed[work] += 1
        state.seconds[work] *= 1.1  # otherwise a slow machine is killed before it has begun
    else:
        state.seconds[work] = time.monotonic() - began
        if status != 0:
            state.problems.append(f"round {number} ({work}): the process failed with {status}")


def _pick(state: State, number: int) -> Any:
    return np.random.default_rng([number, state.random.randrange(1 << 30)])


def _acknowledge(state: State, message: dict[str, Any]) -> None:
    state.acknowledged |= set(message.get("enrolled", ()))
    for public, name, digest, template in message.get("asked", ()):
        state.begun[public] = name
        state.expunged[public] = (digest, bytes.fromhex(template))
    for public, name in message.get("expunged", ()):
        state.begun.pop(public)
        state.acknowledged.discard(name)


def _apart(
    work: Callable[..., None],
    state: State,
    receive: Callable[[dict[str, Any]], None],
    *,
    kill_after: float | None = None,
    **options: Any,
) -> int:
    """Run `work` in a process of its own; pass every line that it writes to `receive`; return its exit status."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)

            def tell(message: dict[str, Any]) -> None:
                os.write(writing, json.dumps(message).encode() + b"\n")

            work(state, tell, **options)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    written, kill_at = b"", None if kill_after is None else time.monotonic() + kill_after
    while True:
        left = None if kill_at is None else max(kill_at - time.monotonic(), 0.0)
        if not select.select([reading], [], [], left)[0]:
            os.kill(child, signal.SIGKILL)  # if it has just ended, it is a zombie until it is waited for
            kill_at = None
        elif part := os.read(reading, 1 << 16):
            written += part
        else:
            break
    os.close(reading)
    _, status = os.waitpid(child, 0)
    for line in written.splitlines(keepends=True):
        if line.endswith(b"\n"):  # a line that was cut short was not acknowledged
            receive(json.loads(line))
    return os.waitstatus_to_exitcode(status)


@contextmanager
def _server() -> Iterator[None]:
    """Run a server of PostgreSQL, whose empty database DATABASE_URL names inside the block."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests.factories.postgresql_server import PostgresqlServer

    folder = Path(tempfile.mkdtemp(prefix="plainview-kill-pg-"))  # where its own user may go
    server = PostgresqlServer(folder, durable=True)
    server.start()
    try:
        server.sql("CREATE DATABASE plainview")
        os.environ["DATABASE_URL"] = server.url("plainview")
        yield
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run the rounds and print a table, or one JSON object."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--postgresql", action="store_true", help="records in a real server; make postgresql")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="plainview-kill-") as folder,
        _server() if chosen.postgresql else nullcontext(),
    ):
        state = run(chosen.rounds, seed=chosen.seed, folder=Path(folder))
    done: dict[str, Any] = {
        "rounds": sum(state.rounds.values()),
        "killed": sum(state.killed.values()),
        "by_work": {work: [state.rounds[work], state.killed[work]] for work in sorted(state.rounds)},
        "acknowledged": len(state.acknowledged),
        "expunged": len(state.expunged) - len(state.begun),
        **state.looked,
        "problems": state.problems,
    }
    if chosen.json:
        print(json.dumps(done))  # noqa: T201  the script's answer
    else:
        print(f"{'work':12} rounds  killed in the middle")  # noqa: T201
        for work, (rounds, killed) in done["by_work"].items():
            print(f"{work:12} {rounds:6}  {killed:6}")  # noqa: T201
        print(f"{'all':12} {done['rounds']:6}  {done['killed']:6}")  # noqa: T201
        for name in ("acknowledged", "held", "expunged", "changes", "entries"):
            print(f"{name}: {done.get(name)}")  # noqa: T201
        print("problems: none" if not state.problems else "\n".join(["problems:", *state.problems]))  # noqa: T201
    sys.exit(bool(state.problems))


if __name__ == "__main__":
    main()
