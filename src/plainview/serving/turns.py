"""Turns: which of the waiting requests gets a thread next.

Owns fairness between callers. The caller with the least recent use of threads goes first. One who has used more than a
share of this machine is greedy: while others are active, a greedy caller has one request answered at a time, and all of
them together one a core, so that nobody else's request meets more.

Pages are answered one after the other by each interpreter: each statement to the database gives it to another thread, so
that four pages at once take up to twice as long as in turn. A request that takes longer than a page does is joined by the
next one, and acts join at once: their pictures and networks do not need the interpreter.
"""

from __future__ import annotations

import asyncio
import math
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

CORES = os.cpu_count() or 1
THREADS = max(4, CORES)
"""Requests that are answered at the same time at most: a search of a large gallery keeps one core busy."""

_SHORT = 0.05  # seconds that a request has alone: nearly every page is answered within

_FORGET = 10.0  # seconds after which use counts a third (1/e)
_LIGHT = 1.0  # seconds of thread time within _FORGET up to which nobody is greedy: some twenty pages
_PATIENCE = 2.0  # seconds after which one request of greedy callers starts although others are answered
_ACTIVE = 10.0  # seconds since the last request for which a caller is active


@dataclass(slots=True)
class _Use:
    """What a caller used: thread time, fading."""

    seconds: float = 0.0
    at: float = 0.0
    running: int = 0
    seen: float = 0.0

    def recent(self, now: float) -> float:
        return self.seconds * math.exp((self.at - now) / _FORGET)

    def add(self, seconds: float, now: float) -> None:
        self.seconds, self.at = self.recent(now) + seconds, now


@dataclass(eq=False, slots=True)
class _Waiting:
    lane: str
    function: Callable[[], Any]
    future: asyncio.Future[Any]
    since: float
    alone: bool


class Turns:
    """Threads, and the order in which waiting requests get them. Every method belongs to the event loop's thread."""

    def __init__(self, threads: int = THREADS, *, cores: int = CORES, short: float = _SHORT, pages: int = 1) -> None:
        """Take how many threads run at most, the cores of this machine, and how long one page has an interpreter alone.

        Args:
            threads: requests that are answered at the same time at most.
            cores: of this machine.
            short: seconds that a page has an interpreter alone.
            pages: interpreters that answer them.
        """
        self.running, self._short, self._pages = 0, short, pages
        self._threads, self._cores = threads, cores
        self._jobs: queue.SimpleQueue[tuple[_Waiting, asyncio.AbstractEventLoop]] = queue.SimpleQueue()
        self._waiting: list[_Waiting] = []
        self._use: dict[str, _Use] = {}
        self._begun: dict[_Waiting, float] = {}
        self._again: asyncio.TimerHandle | None = None
        self._heavy_at = 0.0
        for number in range(threads):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return len(self._waiting)

    def withdraw(self, lane: str, function: Callable[[], Any]) -> bool:
        """Take a waiting request back; False if it has begun."""
        for asked in self._waiting:
            if asked.lane == lane and asked.function is function:
                self._waiting.remove(asked)
                asked.future.cancel()
                return True
        return False

    async def run(self, lane: str, function: Callable[[], Any], *, alone: bool = True) -> Any:
        """Run the function in a thread when the turn of its caller comes; who gives up before that is not served.

        Args:
            lane: names the caller.
            function: the work.
            alone: it waits until what runs has ended or is no short one; work of networks and pictures need not.
        """
        loop, now = asyncio.get_running_loop(), monotonic()
        asked = _Waiting(lane, function, loop.create_future(), now, alone)
        self._use.setdefault(lane, _Use()).seen = now
        self._waiting.append(asked)
        self._start(loop)
        try:
            return await asked.future
        finally:
            if asked in self._waiting:
                self._waiting.remove(asked)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting and self.running < self._threads:
            now = monotonic()
            chosen = self._next(now)
            if chosen is None:
                self._again = self._again or loop.call_later(self._short, self._look_again, loop)
                return
            self._waiting.remove(chosen)
            self._begun[chosen] = now
            if chosen.lane in self._greedy(now):
                self._heavy_at = now
            self.running += 1
            self._use[chosen.lane].running += 1
            self._jobs.put((chosen, loop))

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._again = None
        self._start(loop)

    def _next(self, now: float) -> _Waiting | None:
        """Return whose turn it is; None if all who wait let others finish first."""
        greedy = self._greedy(now)
        heavy_running = sum(self._use[lane].running for lane in greedy)
        # Acts do not count: many of them, one after the other, would keep every page waiting.
        young = sum(begun.alone and now - at < self._short for begun, at in self._begun.items())
        best: _Waiting | None = None
        rank: tuple[bool, int, float, float] = (True, 0, 0.0, 0.0)
        for asked in self._waiting:
            if asked.alone and young >= self._pages:
                continue
            heavy, use = asked.lane in greedy, self._use[asked.lane]
            full = use.running > 0 or heavy_running >= self._cores
            if heavy and full and now - max(asked.since, self._heavy_at) < _PATIENCE:
                continue
            this = (heavy, use.running, use.recent(now), asked.since)
            if best is None or this < rank:
                best, rank = asked, this
        return best

    def _greedy(self, now: float) -> set[str]:
        """Return the greedy callers; none if everybody is, or nobody else is active."""
        active = {lane: use.recent(now) for lane, use in self._use.items() if use.running or now - use.seen < _ACTIVE}
        share = max(_LIGHT, 0.5 * _FORGET * self._cores / max(1, len(active)))
        greedy = {lane for lane, recent in active.items() if recent > share}
        return greedy if len(greedy) < len(active) else set()

    def _work(self) -> None:
        while True:
            asked, loop = self._jobs.get()
            began = monotonic()
            result, error = None, None
            try:
                result = asked.function()
            except BaseException as raised:  # the request that waits for it handles it
                error = raised
            seconds = monotonic() - began
            try:
                loop.call_soon_threadsafe(self._done, asked, seconds, result, error, loop)
            except RuntimeError:  # the loop has ended: nobody waits
                return
            del asked, result, error

    def _done(
        self,
        asked: _Waiting,
        seconds: float,
        result: object,
        error: BaseException | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        now, use = monotonic(), self._use[asked.lane]
        del self._begun[asked]
        self.running -= 1
        use.running -= 1
        use.add(seconds, now)
        if not asked.future.done():
            if error is not None:
                asked.future.set_exception(error)
            else:
                asked.future.set_result(result)
        self._start(loop)

    def sweep(self) -> None:
        """Forget callers who have not asked for a while."""
        now, waiting = monotonic(), {asked.lane for asked in self._waiting}
        for lane in [lane for lane, use in self._use.items() if not use.running and now - use.seen > 6 * _FORGET]:
            if lane not in waiting:
                del self._use[lane]
