"""The pipeline before the batches: everything is read before anybody waits, and waiting time is used to store."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import cast

import pytest

from plainview.casework.enrolment.batches import EARLY, Batches
from plainview.casework.enrolment.items import Item
from plainview.casework.enrolment.preparing import Ready, prepare
from plainview.recognition.engine import Engine


class Pending(Future[Ready]):
    """An embedding that must be done before anybody asks for its result: nothing here may wait."""

    def result(self, timeout: float | None = None) -> Ready:
        """The result, at once."""
        assert self.done()
        return super().result(timeout)


def test_while_the_last_pictures_are_embedded_there_is_time_to_store() -> None:
    begun: list[tuple[Pending, Ready]] = []
    left: list[int] = []

    def submit(item: Item, data: bytes, digest: str, rehearsal: bool) -> Future[Ready]:
        begun.append((Pending(), Ready(item, data, digest, None, b"", (), [], (1, 1))))
        return begun[-1][0]

    def idle(still: int) -> None:
        waiting = [(job, ready) for job, ready in begun if not job.done()]
        assert still == len(waiting)
        left.append(still)
        job, ready = waiting[0]
        job.set_result(ready)

    items = [Item(Path(name), name, "", "", None) for name in "abc"]
    outcomes = prepare(
        items,
        read=lambda item: item.name.encode(),
        in_gallery=lambda _: False,
        barred=lambda _: False,
        engine=cast(Engine, None),
        cores=2,
        spread=submit,
        idle=idle,
    )
    assert [outcome.item.name for outcome in outcomes] == ["a", "b", "c"]
    assert left == [3, 2, 1]  # all three were read and begun before the first wait


def test_a_batch_is_stored_early_only_if_it_is_worth_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[int] = []
    monkeypatch.setattr(Batches, "store", lambda self: stored.append(len(self._ready)))
    batches = Batches.__new__(Batches)
    for count, still in ((EARLY - 1, 1), (EARLY, EARLY), (EARLY + 1, EARLY + 1)):
        batches._ready = dict.fromkeys(map(str, range(count)), cast(Ready, None))
        batches.store_early(still)
    assert stored == [EARLY]
