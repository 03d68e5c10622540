"""Turns: who asks a lot waits for who asks a little."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.factories import loops

from plainview.serving import turns as module
from plainview.serving.turns import Turns


class Now:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.time = 1000.0

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Now:
    now = Now()
    monkeypatch.setattr(module, "monotonic", now.monotonic)
    return now


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loops.run(asyncio.wait_for(test(), 30))


def used(turns: Turns, lane: str, seconds: float, now: float) -> None:
    use = turns._use.setdefault(lane, module._Use())
    use.add(seconds, now)
    use.seen = now


def test_who_used_least_is_next(clock: Now) -> None:
    async def test() -> None:
        turns, order, hold = Turns(1, cores=2), [], threading.Event()
        used(turns, "much", 0.9, clock.time)
        used(turns, "little", 0.1, clock.time)
        first = asyncio.ensure_future(turns.run("first", hold.wait))
        await asyncio.sleep(0)
        rest = [
            asyncio.ensure_future(turns.run(lane, lambda lane=lane: order.append(lane)))
            for lane in ("much", "much", "little", "new")
        ]
        await asyncio.sleep(0)
        assert turns.waiting == 4
        hold.set()
        await asyncio.gather(first, *rest)
        assert order == ["new", "little", "much", "much"]

    run(test)


def test_greedy_callers_have_one_request_at_a_time_and_one_a_core_together(clock: Now) -> None:
    async def test() -> None:
        turns, hold, begun = Turns(8, cores=2), threading.Event(), []
        for lane in ("a", "b", "c"):
            used(turns, lane, 30.0, clock.time)
        used(turns, "person", 0.1, clock.time)

        def work(lane: str) -> None:
            begun.append(lane)
            hold.wait()

        asked = []
        for lane in ("a", "a", "b", "c", "person"):
            asked.append(asyncio.ensure_future(turns.run(lane, lambda lane=lane: work(lane), alone=False)))
            await asyncio.sleep(0)
        await asyncio.sleep(0.15)
        assert (sorted(begun), turns.waiting) == (["a", "b", "person"], 2)
        clock.time += 2.1  # but they do not wait for ever
        asked.append(asyncio.ensure_future(turns.run("person", lambda: None, alone=False)))
        await asyncio.sleep(0.15)
        assert (sorted(begun), turns.waiting) == (["a", "b", "c", "person"], 1)
        hold.set()
        await asyncio.gather(*asked)

    run(test)


def test_a_caller_who_is_alone_has_every_thread(clock: Now) -> None:
    async def test() -> None:
        turns, hold = Turns(4, cores=2, short=0), threading.Event()
        used(turns, "alone", 100.0, clock.time)
        used(turns, "gone", 0.1, clock.time - 11)
        asked = [asyncio.ensure_future(turns.run("alone", hold.wait)) for _ in range(5)]
        await asyncio.sleep(0)
        assert (turns.running, turns.waiting) == (4, 1)
        hold.set()
        await asyncio.gather(*asked)

    run(test)


def test_the_next_begins_when_the_first_has_ended_or_is_no_short_one(clock: Now) -> None:
    async def test() -> None:
        turns, hold, done = Turns(4, cores=2, short=0.05), threading.Event(), []
        first = asyncio.ensure_future(turns.run("a", lambda: done.append("first")))
        second = asyncio.ensure_future(turns.run("b", hold.wait))
        await asyncio.sleep(0)
        assert (turns.running, turns.waiting) == (1, 1)
        await first  # the clock stands: the second begins because the first has ended
        await asyncio.sleep(0)
        assert (turns.running, turns.waiting) == (1, 0)
        await turns.run("d", lambda: done.append("act"), alone=False)
        third = asyncio.ensure_future(turns.run("c", lambda: done.append("third")))
        await asyncio.sleep(0.2)
        assert (turns.running, turns.waiting, done) == (1, 1, ["first", "act"])
        clock.time += 0.06
        await third
        assert done == ["first", "act", "third"]
        hold.set()
        await second

    run(test)


def test_acts_hold_no_page_up(clock: Now) -> None:
    async def test() -> None:
        turns, hold = Turns(4, cores=2), threading.Event()
        acts = [asyncio.ensure_future(turns.run("acts", hold.wait, alone=False)) for _ in range(3)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(turns.run("reader", lambda: "page"), 5) == "page"
        hold.set()
        await asyncio.gather(*acts)

    run(test)


def test_many_people_of_one_office_are_not_greedy(clock: Now) -> None:
    async def test() -> None:
        turns = Turns(4, cores=2)
        for number in range(50):
            used(turns, f"session {number}", 0.5, clock.time)
        assert turns._greedy(clock.time) == set()
        used(turns, "session 1", 5.0, clock.time)
        assert turns._greedy(clock.time) == {"session 1"}

    run(test)


def test_use_is_forgotten(clock: Now) -> None:
    async def test() -> None:
        turns = Turns(1, cores=2)
        used(turns, "once", 30.0, clock.time)
        used(turns, "person", 0.1, clock.time)
        assert turns._greedy(clock.time)
        clock.time += 61
        turns.sweep()
        assert turns._use == {}

    run(test)


def test_who_gives_up_before_their_turn_is_not_served() -> None:
    async def test() -> None:
        turns, hold, done = Turns(1, cores=2), threading.Event(), []
        first = asyncio.ensure_future(turns.run("a", hold.wait))
        await asyncio.sleep(0)

        def work() -> None:
            done.append(1)

        second = asyncio.ensure_future(turns.run("b", work))
        await asyncio.sleep(0)
        assert turns.withdraw("b", work)
        assert not turns.withdraw("b", work)
        with pytest.raises(asyncio.CancelledError):
            await second
        hold.set()
        await first
        assert done == []

    run(test)


def test_an_error_reaches_who_asked_and_ends_no_thread() -> None:
    async def test() -> None:
        turns = Turns(1, cores=2)
        with pytest.raises(ZeroDivisionError):
            await turns.run("a", lambda: 1 / 0)
        assert await turns.run("a", lambda: 2) == 2

    run(test)
