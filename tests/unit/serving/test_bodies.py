"""Bodies: limits of size, time and number, before anything is stored; and nothing in the clear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from tests.factories import loops

from plainview.serving import bodies as module
from plainview.serving.bodies import SMALL, Bodies, Gone, Limit, NotTaken


def run(test: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return loops.run(asyncio.wait_for(test(), 30))


def pieces(*parts: bytes, ends: bool = True) -> Callable[[], Coroutine[Any, Any, dict[str, Any]]]:
    """A connection that sends these parts, then nothing more."""
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(3600)
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting) or not ends}

    return receive


def allow(most: int, members: bool = False) -> Callable[[], Coroutine[Any, Any, Limit]]:
    async def limit() -> Limit:
        return Limit(most, members)

    return limit


async def never() -> Limit:
    raise AssertionError("asked for a small body")


async def taken(bodies: Bodies, receive: Any, declared: int | None, limit: Any = never) -> tuple[BinaryIO, int]:
    return await bodies.receive(receive, "1.1.1.1", "lane", declared, limit)


def test_a_small_body_arrives_whole_and_asks_nothing(tmp_path: Path) -> None:
    body, size = run(lambda: taken(Bodies(tmp_path), pieces(b"ab", b"", b"c"), 3))
    assert (body.read(), size) == (b"abc", 3)


def test_a_large_body_is_on_the_disk_without_a_name_and_reads_the_same(tmp_path: Path) -> None:
    part = bytes(range(256)) * 1024
    body, size = run(lambda: taken(Bodies(tmp_path), pieces(*[part] * 8), 8 * len(part), allow(4 << 20)))
    assert size == 8 * len(part)
    assert list(tmp_path.iterdir()) == []
    assert type(body).__name__ == "_Buffered"
    assert body.read() == part * 8
    body.close()


@pytest.mark.parametrize("declared", [SMALL + 1, None])
@pytest.mark.parametrize(("limit", "status"), [(Limit(10 << 20, True), 403), (Limit(SMALL, False), 413)])
def test_more_than_a_form_is_for_members_or_for_pages_that_say_so(
    tmp_path: Path, declared: int | None, limit: Limit, status: int
) -> None:
    part, bodies = b"a" * (SMALL + 1), Bodies(tmp_path)
    with pytest.raises(NotTaken) as refused:
        run(lambda: taken(bodies, pieces(part), declared, allow(*limit)))
    assert refused.value.status == status
    assert run(lambda: taken(bodies, pieces(part), declared, allow(1 << 20)))[1] == len(part)
    assert bodies.arriving == {}
    assert not bodies._large


def test_a_body_longer_than_it_said_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotTaken) as refused:
        run(lambda: taken(Bodies(tmp_path), pieces(b"a" * 1000, b"a" * (1 << 20)), None, allow(1 << 20)))
    assert refused.value.status == 413


def test_a_body_that_trickles_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.05)
    bodies = Bodies(tmp_path)
    with pytest.raises(NotTaken) as refused:
        run(lambda: taken(bodies, pieces(b"a", ends=False), 1000))
    assert refused.value.status == 408
    assert bodies.arriving == {}


def test_bytes_that_keep_coming_earn_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.05)
    monkeypatch.setattr(module, "_RATE", 1)
    body, _ = run(lambda: taken(Bodies(tmp_path), slowly(5, 0.03), 5))
    assert body.read() == b"aaaaa"


def slowly(parts: int, pause: float) -> Any:
    left = parts

    async def receive() -> dict[str, Any]:
        nonlocal left
        await asyncio.sleep(pause)
        left -= 1
        return {"type": "http.request", "body": b"a", "more_body": left > 0}

    return receive


def test_who_hangs_up_is_gone(tmp_path: Path) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(Gone):
        run(lambda: taken(Bodies(tmp_path), receive, 10))


def test_too_many_slow_bodies_of_one_address_give_way_to_a_quick_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)

    async def test() -> list[Any]:
        bodies = Bodies(tmp_path)
        slow = [asyncio.ensure_future(taken(bodies, pieces(b"a", ends=False), 10)) for _ in range(2)]
        await asyncio.sleep(0.01)
        quick = await taken(bodies, pieces(b"form"), 4)
        assert quick[1] == 4
        done, rest = await asyncio.wait(slow, timeout=0.1)
        assert len(bodies.arriving) == 1
        for task in rest:
            task.cancel()
        return [type(task.exception()) for task in done]

    assert run(test) == [NotTaken]


def test_the_address_that_sends_most_gives_way_when_all_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ALL_AT_ONCE", 3)

    async def test() -> None:
        bodies = Bodies(tmp_path)

        def sends(address: str) -> asyncio.Future[Any]:
            return asyncio.ensure_future(bodies.receive(pieces(b"a", ends=False), address, address, 10, never))

        other = sends("2.2.2.2")
        many = [sends("1.1.1.1") for _ in range(2)]
        await asyncio.sleep(0.01)
        assert (await bodies.receive(pieces(b"x"), "3.3.3.3", "c", 1, never))[1] == 1
        await asyncio.sleep(0.01)
        assert many[0].done()
        assert not other.done()
        assert not many[1].done()
        assert isinstance(many[0].exception(), NotTaken)
        for task in (other, many[1]):
            task.cancel()

    run(test)


def test_one_caller_has_four_large_bodies_under_way(tmp_path: Path) -> None:
    async def test() -> None:
        bodies = Bodies(tmp_path)
        held = [
            asyncio.ensure_future(taken(bodies, pieces(b"a", ends=False), SMALL + 1, allow(1 << 20))) for _ in range(4)
        ]
        await asyncio.sleep(0.01)
        with pytest.raises(NotTaken) as refused:
            await taken(bodies, pieces(b"a"), SMALL + 1, allow(1 << 20))
        assert (refused.value.status, refused.value.after) == (429, 60)
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        assert not bodies._large

    run(test)
