"""How long other people wait while somebody is slow or greedy: the server's own p95 with and without them.

    python benchmarks/greedy.py [--slow 200] [--busy 50] [--people 4] [--seconds 20] [--json]

Serves a sample workspace and signs people in. They open pages, one after the other with pauses, from one address:
first alone (idle), then beside slow connections (a third each: heads byte by byte, bodies byte by byte, readers that
do not read), then beside busy ones (each asks again as soon as it is answered), then beside both. The clients run in
a process of their own, niced, but share the machine's cores with the server: what is printed is a ratio.
Everything is on loopback and ends after the given seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.factories.deployed import Person, Server, credentials, plainview, start

PAGES = ("/", "/cases/", "/galleries/", "/me/", "/jobs/none/", "/register/")
PAUSE = 0.2  # seconds between two pages of a person
THEIRS = "127.0.0.2"  # the address of the slow and the busy


def measure(server: Server, people: int, seconds: float) -> list[float]:
    """Let people open pages; return the seconds of every page."""
    names = list(server.credentials)[:people]
    took: list[float] = []

    def work(email: str) -> None:
        person = Person(server, cookies=dict(_signed_in[email]))
        chance, end = random.Random(email), time.monotonic() + seconds  # noqa: S311
        while time.monotonic() < end:
            began = time.monotonic()
            answer = person.get(chance.choice(PAGES))
            took.append(time.monotonic() - began)
            if answer.status not in (200, 404):
                raise SystemExit(f"{email} got {answer.status}")
            time.sleep(PAUSE * chance.uniform(0.5, 1.5))

    threads = [threading.Thread(target=work, args=(email,)) for email in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


_signed_in: dict[str, dict[str, str]] = {}


def sign_in(server: Server, people: int) -> None:
    """Sign everybody in."""
    for email in list(server.credentials)[:people]:
        person = Person(server)
        answer = person.sign_in(email)
        if answer.status != 302:
            raise SystemExit(f"{email} cannot sign in: {answer.status}")
        _signed_in[email] = person.cookies


def attack(port: int, slow: int, busy: int, address: str, cookie: str, ready: Any, stop: Any) -> None:
    """Be slow and busy until told to stop; in a process of its own."""
    os.nice(5)
    asyncio.run(_attack(port, slow, busy, address, cookie, ready, stop))


async def _attack(port: int, slow: int, busy: int, address: str, cookie: str, ready: Any, stop: Any) -> None:
    kinds = (_head, _body, _reader)
    tasks = [asyncio.create_task(kinds[number % 3](port, address)) for number in range(slow)]
    tasks += [asyncio.create_task(_busy(port, address, cookie)) for _ in range(busy)]
    await asyncio.sleep(1.0)
    ready.set()
    while not stop.is_set():
        await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _open(port: int, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0), limit=1024)


async def _head(port: int, address: str) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await _open(port, address)
            for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 4000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1.0)
        await asyncio.sleep(0.5)


async def _body(port: int, address: str) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await _open(port, address)
            writer.write(b"POST /rights/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
            while True:
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(1.0)
        await asyncio.sleep(0.5)


async def _reader(port: int, address: str) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await _open(port, address)
            for _ in range(40):  # pipelined, so that the answers do not fit into the socket's buffers
                writer.write(b"GET /static/plainview/plainview.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await asyncio.sleep(3600)
        await asyncio.sleep(0.5)


async def _busy(port: int, address: str, cookie: str) -> None:
    ask = f"GET /register/ HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode()
    while True:
        try:
            reader, writer = await _open(port, address)
            writer.write(ask)
            while await reader.read(65536):
                pass
            writer.close()
        except OSError:
            await asyncio.sleep(0.1)


def beside(server: Server, slow: int, busy: int, people: int, seconds: float, address: str) -> list[float]:
    """Measure beside slow and busy connections."""
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    process = context.Process(target=attack, args=(server.port, slow, busy, address, "", ready, stop))
    process.start()
    try:
        ready.wait(30)
        measure(server, people, 4.0)  # until the server knows who asks a lot
        return measure(server, people, seconds)
    finally:
        stop.set()
        process.join(10)
        process.kill()


def p95(seconds: list[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return round(1000 * sorted(seconds)[int(0.95 * (len(seconds) - 1))], 1)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--slow", type=int, default=200)
    options.add_argument("--busy", type=int, default=50)
    options.add_argument("--people", type=int, default=4)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--same-address", action="store_true", help="everybody is behind one address")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    slow, busy, address = min(chosen.slow, 1000), min(chosen.busy, 200), "127.0.0.1" if chosen.same_address else THEIRS
    with tempfile.TemporaryDirectory(prefix="plainview-greedy-") as folder:
        home = Path(folder) / "workspace"
        plainview(home, "init", home, "--sample")
        server = start(home)
        try:
            server.wait_until_it_answers()
            server.credentials = credentials(home)
            sign_in(server, chosen.people)
            measure(server, chosen.people, 4.0)
            timed = {"idle": measure(server, chosen.people, chosen.seconds)}
            for name, count in {"slow": (slow, 0), "busy": (0, busy), "both": (slow, busy)}.items():
                timed[name] = beside(server, *count, chosen.people, chosen.seconds, address)
            timed["idle_again"] = measure(server, chosen.people, chosen.seconds)
        finally:
            server.stop()
    idle = max(p95(timed["idle"]), p95(timed["idle_again"]))
    figures = {
        "slow": slow,
        "busy": busy,
        "people": chosen.people,
        "pages": {name: len(seconds) for name, seconds in timed.items()},
        "p50_ms": {name: round(1000 * sorted(seconds)[len(seconds) // 2], 1) for name, seconds in timed.items()},
        "p95_ms": {name: p95(seconds) for name, seconds in timed.items()},
        "ratio_p95": {name: round(p95(timed[name]) / idle, 2) for name in ("slow", "busy", "both")},
    }
    if chosen.json:
        print(json.dumps(figures))  # noqa: T201
        return
    for name, value in figures.items():
        print(f"{name}: {value}")  # noqa: T201


if __name__ == "__main__":
    main()
