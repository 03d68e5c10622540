"""The second thread: one for the whole process, and used only where a core is free for it."""

from __future__ import annotations

import os
import threading

import pytest

from plainview.recognition import helper


@pytest.mark.parametrize(("allowed", "free"), [({0}, 1), ({0, 5}, 2), ({3, 5, 7}, 3)])
def test_the_cores_are_those_that_this_thread_may_use(
    monkeypatch: pytest.MonkeyPatch, allowed: set[int], free: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: allowed if process == 0 else set(range(64)))
    assert helper.cores() == free


@pytest.mark.parametrize(("worth", "cores", "helped"), [(True, 2, True), (True, 1, False), (False, 2, False)])
def test_the_second_half_is_helped_where_it_is_worth_it_and_a_core_is_free(
    monkeypatch: pytest.MonkeyPatch, worth: bool, cores: int, helped: bool
) -> None:
    monkeypatch.setattr(helper, "cores", lambda: cores)
    own = threading.get_ident()
    first, second = helper.both(threading.get_ident, threading.get_ident, worth=worth)
    assert first == own
    assert (second != own) == helped
    assert helper._helper.free.acquire(blocking=False)  # the next one is helped again
    helper._helper.free.release()


def test_an_error_of_the_first_half_waits_for_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "cores", lambda: 2)
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def second() -> None:
        begun.set()
        may_end.wait(20)
        ended.set()

    def first() -> None:
        assert begun.wait(20)
        may_end.set()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        helper.both(first, second, worth=True)
    assert ended.is_set()
