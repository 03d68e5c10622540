"""Two halves of codes: together they are one set, whichever threads scan them and whatever was added and removed."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest
from tests.factories.indexes import DIM, faces

from plainview.index.codes import Codes
from plainview.index.halves import Halves
from plainview.recognition import helper

POOL = faces(300, seed=6)
SLOTS = np.arange(300)


def estimates(codes: Codes | Halves, floor: float = -1.0, among: np.ndarray | None = None) -> dict[int, float]:
    slots, values = codes.above(POOL[0], floor, among)
    assert len(slots) == len(set(slots.tolist()))
    return dict(zip(slots.tolist(), values.tolist(), strict=True))


def one() -> Codes:
    codes = Codes(DIM)
    codes.add(SLOTS, POOL)
    return codes


def added(both: Halves) -> None:
    both.add(SLOTS[:200], POOL[:200])
    both.add_coded(SLOTS[200:], both.encode(POOL[200:]))


def loaded(both: Halves) -> None:
    both.add(SLOTS[:9], POOL[9:18])  # in place of these
    parts = [(SLOTS[chosen], both.encode(POOL[chosen])) for chosen in (slice(0, 1), slice(1, 1), slice(1, 300))]
    both.load(parts, 10)  # a guess that is too small


@pytest.mark.parametrize("fill", [added, loaded])
@pytest.mark.parametrize("two_from", [1, 10**9])
def test_both_halves_give_what_one_set_gives(fill: Any, two_from: int) -> None:
    both, single = Halves(DIM, two_from=two_from), one()
    fill(both)
    chosen = np.packbits(SLOTS % 3 == 0, bitorder="little")
    assert (len(both), both.code_bytes) == (len(single), single.code_bytes)
    for floor, among in ((-1.0, None), (0.1, None), (-1.0, chosen)):
        assert estimates(both, floor, among) == estimates(single, floor, among)
    for codes in (both, single):
        codes.remove(np.array([0, 1, 5, 298, 299]))
    assert estimates(both) == estimates(single)
    both.load((), 0)
    assert (len(both), estimates(both)) == (0, {})


def test_a_large_gallery_is_scanned_by_two_threads_and_a_small_one_by_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = Codes.above

    def above(*parts: Any) -> Any:
        seen.append(threading.current_thread().name)
        return real(*parts)

    monkeypatch.setattr(Codes, "above", above)
    monkeypatch.setattr(helper, "cores", lambda: 2)
    own = threading.current_thread().name
    for two_from, helped in ((300, True), (301, False)):
        both = Halves(DIM, two_from=two_from)
        added(both)
        seen.clear()
        estimates(both)
        assert [name != own for name in sorted(seen, key=lambda name: name != own)] == [False, helped]
    monkeypatch.setattr(helper, "cores", lambda: 1)
    both = Halves(DIM, two_from=1)
    added(both)
    seen.clear()
    estimates(both)
    assert seen == [own, own]


def test_a_search_does_not_wait_for_a_thread_that_helps_another(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Halves(DIM, two_from=1)
    added(both)
    monkeypatch.setattr(helper, "cores", lambda: 2)
    with helper._helper.free:
        assert estimates(both) == estimates(one())


def test_an_error_in_the_second_thread_reaches_the_search_and_the_next_one_is_helped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = Halves(DIM, two_from=1)
    added(both)
    monkeypatch.setattr(helper, "cores", lambda: 2)
    with monkeypatch.context() as patch:
        patch.setattr(both._halves[1], "above", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            estimates(both)
    assert estimates(both) == estimates(one())


def test_a_forked_process_has_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread of its parent is not in it: a search that waited for it would never end (celery #10339 and others)."""
    monkeypatch.setattr(helper, "cores", lambda: 2)
    assert helper.both(lambda: 1, lambda: 2, worth=True) == (1, 2)
    with helper._helper.free:
        child = os.fork()
        if not child:
            status = 1
            try:
                signal.alarm(20)
                status = int(helper.both(lambda: 1, threading.get_ident, worth=True)[1] == threading.get_ident())
            finally:
                os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
