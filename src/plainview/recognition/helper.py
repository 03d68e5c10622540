"""A second thread for the search that gets it: two halves of one work at the same time, where a core is free.

Owns the one thread that helps every engine and index of this process. It must never let a search wait for a thread that helps
another (that search then does both halves itself), nor return while a half is still running: what it reads may change
afterwards.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")


class _Helper:
    """The thread, and who has it."""

    def __init__(self) -> None:
        self.free = threading.Lock()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="plainview-helper")  # begins with the first work


_helper = _Helper()


def _begin_again() -> None:
    global _helper
    _helper = _Helper()


# A process that was forked has no thread but its own, and perhaps a lock that nobody will release.
os.register_at_fork(after_in_child=_begin_again)


def both(first: Callable[[], T], second: Callable[[], T], *, worth: bool) -> tuple[T, T]:
    """Return what both halves of a work give; on two threads if that is worth waking one, and it and a core are free."""
    helper = _helper
    if not (worth and cores() > 1 and helper.free.acquire(blocking=False)):
        return first(), second()
    try:
        helped = helper.thread.submit(second)
        try:
            own = first()
        finally:
            wait([helped])
        return own, helped.result()
    finally:
        helper.free.release()


def cores() -> int:
    """Return how many cores this thread may use."""
    return len(os.sched_getaffinity(0))
