"""The worker process: threads for jobs and for the clock, a sign of life, and an end within seconds.

Owns these threads. When it is told to end, a job stops at its next safe point and is put back; what has no safe point
in time is cut off and taken up again by its lease, as after a crash.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections, connection

from plainview.casework import jobs
from plainview.casework.upkeep import work
from plainview.worker import clock
from plainview.worker.tasks import run_next

_log = logging.getLogger("plainview.worker")

POLL = 0.5
"""Seconds between two looks for work: what a member waits at most for their job to begin."""

ENDS = 3.5
"""Seconds in which the worker ends: less than the server's own time, which waits for it."""


def run(*, job_threads: int, until: threading.Event) -> None:
    """Work until the event is set; then end this process."""
    life = work.begin_life()
    minute = tuple(step for step in clock.STEPS if step.every == clock.MINUTE)
    longer = tuple(step for step in clock.STEPS if step.every != clock.MINUTE)
    loops = [
        *(_thread(f"job-{number}", run_next, until) for number in range(job_threads)),
        _thread("clock", lambda: _idle(clock.run_due(minute, stop=until.is_set)), until),
        _thread("long clock", lambda: _idle(clock.run_due(longer, stop=until.is_set)), until),
    ]
    while not until.wait(work.BEAT.total_seconds()):
        _guarded(lambda: work.beat(life))
    jobs.stopping.set()
    end = time.monotonic() + ENDS
    for loop in loops:
        loop.join(max(0.0, end - time.monotonic()))
    _guarded(lambda: work.end_life(life))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a thread in the middle of a long step must not keep the process


def _idle(_: int) -> bool:
    return False


def _thread(name: str, look: Callable[[], bool], until: threading.Event) -> threading.Thread:
    """Start a thread that looks for work again and again; an error of the look is a line, and no end."""

    def loop() -> None:
        while not until.is_set():
            if not _guarded(look):
                until.wait(POLL)

    thread = threading.Thread(target=loop, name=name, daemon=True)
    thread.start()
    return thread


def _guarded(act: Callable[[], object]) -> bool:
    try:
        close_old_connections()
        return bool(act())
    except Exception as error:
        _log.error("Background work failed: %s", type(error).__name__, exc_info=error)
        connection.close()
        return False
