"""Two processes that follow one log over one folder, in any order of writing, adopting, crashing and erasing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.unit.index.test_compressed import DIM, faces, opened

from plainview.index import slots as slots_module
from plainview.index.base import Change, Scored, catch_up, exact_scores, ranked
from plainview.index.compressed import CompressedIndex
from plainview.recognition.types import Vector

POOL = faces(12, seed=5)
ROWS = st.lists(st.tuples(st.integers(1, 8), st.none() | st.integers(0, 11)), min_size=1, max_size=8)
PROCESS = st.integers(0, 1)


class TwoProcesses(RuleBasedStateMachine):
    """Each search of either process must see the whole log, whatever the two have written."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.held: dict[int, Vector] = {}
        self.log: list[Change] = []
        self.indexes = [self.fresh(), self.fresh()]

    def fresh(self) -> CompressedIndex:
        return opened(Path(self.folder.name), all_below=0, cut=12)

    @rule(rows=ROWS)
    def logged(self, rows: list[tuple[int, int | None]]) -> None:
        for reference, face in rows:
            seq = len(self.log) + 1
            if face is None:
                self.held.pop(reference, None)
                self.log.append(Change(seq, "remove", reference, None))
            else:
                self.held[reference] = POOL[face]
                self.log.append(Change(seq, "add", reference, POOL[face]))

    @rule(process=PROCESS)
    def flushes(self, process: int) -> None:
        self.indexes[process].flush()

    @rule(process=PROCESS)
    def refreshes(self, process: int) -> None:
        self.indexes[process].refresh()

    @rule(process=PROCESS)
    def is_killed_and_started_again(self, process: int) -> None:
        self.indexes[process] = self.fresh()

    @rule(process=PROCESS, face=st.integers(0, 11), top=st.integers(1, 9))
    def searches(self, process: int, face: int, top: int) -> None:
        index = self.indexes[process]
        catch_up(index, lambda seq: self.log[seq:])
        assert index.search(POOL[face], top) == self.wanted(POOL[face], top)
        assert len(index) == len(self.held)

    @invariant()
    def no_watermark_is_ahead_of_the_log(self) -> None:
        assert all(index.watermark <= len(self.log) for index in self.indexes)

    def wanted(self, probe: Vector, top: int) -> list[Scored]:
        references = np.array(sorted(self.held), dtype=np.int64)
        rows = [self.held[reference] for reference in references.tolist()]
        templates = np.stack(rows) if rows else np.empty((0, DIM), dtype=np.float32)
        return ranked(references, exact_scores(templates, probe), top)

    def teardown(self) -> None:
        self.folder.cleanup()


def test_two_processes_over_one_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots_module, "_WAITING", 5)
    run_state_machine_as_test(TwoProcesses, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))


def test_a_reference_that_a_later_row_of_the_same_block_did_not_touch_is_kept() -> None:
    """The fault that the machine above found: rows 1 and 2 came as one block, and row 1 counted as row 2."""
    with tempfile.TemporaryDirectory() as folder:
        one, other = (opened(Path(folder), all_below=0, cut=12) for _ in range(2))
        log = [Change(1, "add", 2, POOL[0]), Change(2, "remove", 1, None)]
        catch_up(one, lambda seq: log[seq:1])
        one.flush()
        catch_up(one, lambda seq: log[seq:])
        catch_up(other, lambda seq: log[seq:])
        other.refresh()
        other.erase()
        one.flush()
        for index in (one, other):
            index.refresh()
            assert [row.reference for row in index.search(POOL[0], 1)] == [2]
