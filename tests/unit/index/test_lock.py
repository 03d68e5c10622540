"""The lock of the indexes: searches together, changes alone, nobody left waiting after an interrupt."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread

import pytest

from plainview.index.lock import SearchesOrChange


class TestLock:
    """Searches share it, a change has it alone, and a waiting change goes before new searches."""

    def test_searches_share_it(self) -> None:
        lock = SearchesOrChange()
        with lock.search(), ThreadPoolExecutor(1) as pool:
            assert pool.submit(self._searched, lock).result(timeout=5)

    def test_a_change_waits_for_searches_and_new_searches_wait_for_it(self) -> None:
        lock, order = SearchesOrChange(), []

        def change() -> None:
            with lock.change():
                order.append("change")

        def search() -> None:
            with lock.search():
                order.append("search")

        with lock.search():
            changing = Thread(target=change)
            changing.start()
            self._until(lambda: lock._changes_waiting == 1)
            searching = Thread(target=search)
            searching.start()
            searching.join(0.05)
            assert order == []
        changing.join(5)
        searching.join(5)
        assert order == ["change", "search"]

    def test_changes_exclude_each_other_and_searches(self) -> None:
        lock, inside = SearchesOrChange(), Event()

        def change() -> bool:
            with lock.change():
                inside.set()
                return True

        waiting: list[Future[bool]] = []
        with ThreadPoolExecutor(2) as pool:
            with lock.change():
                waiting = [pool.submit(change), pool.submit(self._searched, lock)]
                assert not inside.wait(0.05)
                assert not any(future.done() for future in waiting)
            assert all(future.result(timeout=5) for future in waiting)

    def test_it_is_free_again_after_an_error(self) -> None:
        lock = SearchesOrChange()
        with pytest.raises(KeyError), lock.change():
            raise KeyError
        with pytest.raises(KeyError), lock.search():
            raise KeyError
        with lock.change():
            pass

    @staticmethod
    def _searched(lock: SearchesOrChange) -> bool:
        with lock.search():
            return True

    @staticmethod
    def _until(condition: object) -> None:
        assert callable(condition)
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.001)
