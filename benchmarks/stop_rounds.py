"""Start a server, send it work, and end it in every way; count how often it ends in time with nothing lost.

    python benchmarks/stop_rounds.py [--rounds 50] [--json]

Each round: `plainview serve` in a process group of its own; a request whose answer is under way, a connection that is
open and silent, and one that sends a body byte by byte; then SIGTERM or SIGINT to the process or to its group, or kill
-9. Right is: every process is gone within 5 s, the answer under way arrives whole (except after kill -9), and the next
round starts on the same workspace and port at once. Exit status 1 when a round is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.factories.deployed import Server, free_port, plainview, start, wait_until_gone

WITHIN = 5.0
WAYS = (
    ("SIGTERM", signal.SIGTERM, False),
    ("SIGTERM to the group", signal.SIGTERM, True),
    ("SIGINT", signal.SIGINT, False),
    ("SIGINT to the group", signal.SIGINT, True),
    ("SIGKILL", signal.SIGKILL, False),
)


def make(folder: Path) -> Path:
    """A sample workspace."""
    home = folder / "workspace"
    done = plainview(home, "init", home, "--sample")
    if done.returncode:
        raise SystemExit(done.stderr)
    return home


def one_round(home: Path, number: int, port: int) -> dict[str, Any]:
    """Start, load and end a server; return what happened."""
    name, which, group = WAYS[number % len(WAYS)]
    server = start(home, port=port)
    problems = []
    try:
        server.wait_until_it_answers()
        end = time.monotonic() + 20
        while not server.children() and time.monotonic() < end:
            time.sleep(0.02)
        if number % 2:  # the other rounds end while the worker is still starting
            time.sleep(1.0)
        idle, slow = (
            _open(port, b""),
            _open(port, b"POST /rights/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na"),
        )
        answers: list[bytes] = []
        asking = threading.Thread(target=lambda: answers.append(_ask(port)))
        asking.start()
        time.sleep(0.03)
        processes = [server.process.pid, *server.children()]
        began = time.monotonic()
        server.signal(which, group=group)
        left = _wait(server, processes)
        took = time.monotonic() - began
        asking.join()
        if left:
            problems.append(f"still running after {WITHIN} s: {left}")
        if which != signal.SIGKILL and answers[0] and not answers[0].endswith(b"</html>\n"):
            problems.append(f"an answer was cut: {answers[0][-60:]!r}")
        if which != signal.SIGKILL and "Traceback" in server.output:
            problems.append(server.output.partition("Traceback")[2])
        for connection in (idle, slow):
            connection.close()
    finally:
        server.stop()
        for pid in left if problems else []:
            _kill(pid)
    return {"way": name, "seconds": round(took, 2), "answered": bool(answers and answers[0]), "problems": problems}


def _wait(server: Server, processes: list[int]) -> list[int]:
    end = time.monotonic() + WITHIN
    while server.process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    return wait_until_gone(processes, max(0.0, end - time.monotonic()))


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _open(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(data)
    return connection


def _ask(port: int) -> bytes:
    """Ask for a page and return its body; b"" if the server had stopped listening before."""
    try:
        with _open(
            port, b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ) as connection:
            data = b""
            while part := connection.recv(65536):
                data += part
    except OSError:
        return b""
    return data


def run(rounds: int, home: Path, *, say: bool = False) -> list[dict[str, Any]]:
    """Run this many rounds on one workspace and one port."""
    port, done = free_port(), []
    for number in range(rounds):
        done.append(one_round(home, number, port))
        if say:
            print(f"{number + 1:3} {done[-1]}", file=sys.stderr, flush=True)  # noqa: T201
    return done


def main() -> None:
    """Run the rounds and print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=50)
    options.add_argument("--home", type=Path, help="a sample workspace that exists; without it one is made")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="plainview-stop-") as folder:
        done = run(chosen.rounds, chosen.home or make(Path(folder)), say=True)
    seconds = sorted(result["seconds"] for result in done)
    figures = {
        "rounds": len(done),
        "right": sum(not result["problems"] for result in done),
        "answered": sum(result["answered"] for result in done),
        "median_s": seconds[len(seconds) // 2],
        "longest_s": seconds[-1],
        "problems": [problem for result in done for problem in result["problems"]],
    }
    print(json.dumps(figures) if chosen.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))  # noqa: T201
    sys.exit(figures["right"] != figures["rounds"])


if __name__ == "__main__":
    main()
