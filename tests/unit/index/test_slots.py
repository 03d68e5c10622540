"""Slots: those that are written and those that wait in memory, and what is left of a template that was removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.factories.indexes import DIM, SEALER, faces

from plainview.index import base
from plainview.index.base import BadTemplate, Block
from plainview.index.exact import ExactIndex
from plainview.index.halves import Halves
from plainview.index.slots import Slots

WRITTEN, WAITING = 5, 6


def numbers(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    """Five templates that are written, of references 1 to 5, and six that wait, of 6 to 11."""
    slots = Slots(Halves(DIM), tmp_path, SEALER)
    slots.open()
    rows = faces(WRITTEN + WAITING)
    nothing = numbers()
    slots.change(nothing, nothing, np.arange(1, WRITTEN + 1), rows[:WRITTEN], WRITTEN)
    slots.flush()
    slots.change(nothing, nothing, np.arange(WRITTEN + 1, 12), rows[WRITTEN:], WRITTEN + WAITING)
    return slots


def test_references_are_those_of_written_and_of_waiting_slots(slots: Slots) -> None:
    assert slots.references(numbers(10, 0, 5, 4, 7)).tolist() == [11, 1, 6, 5, 8]
    assert slots.all().tolist() == list(range(11))


def test_those_that_wait_behind_a_removed_one_move_up(slots: Slots) -> None:
    slots.change(numbers(8), numbers(12), numbers(), faces(0), 12)
    assert slots.all().tolist() == list(range(10))
    assert slots.references(slots.all()).tolist() == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]
    there, references, templates = slots.read(slots.all())
    assert there.all()
    assert np.array_equal(templates, faces(WRITTEN + WAITING)[references - 1])
    assert not slots._alive[10:].any()  # another process may write an erased one there


def test_only_a_written_slot_is_to_be_erased_on_disk(slots: Slots) -> None:
    slots._drop(slots.of(numbers(WRITTEN + 1)))  # the first that waits
    assert slots._to_erase.tolist() == []
    slots._drop(slots.of(numbers(WRITTEN)))  # the last that is written
    assert slots._to_erase.tolist() == [WRITTEN - 1]


def test_templates_in_memory_are_overwritten_with_zeros(slots: Slots) -> None:
    memory = slots._rows
    assert memory.any()
    slots.wipe()
    assert not memory.any()


@pytest.mark.parametrize(("length", "taken"), [(1.5, True), (0.5, True), (1.625, False), (0.375, False)])
def test_a_length_may_be_away_from_1_by_the_tolerance(
    monkeypatch: pytest.MonkeyPatch, length: float, taken: bool
) -> None:
    monkeypatch.setattr(base, "UNIT_TOLERANCE", 0.5)  # which float32 has exactly, as these lengths
    template = np.array([[length, 0, 0, 0]], dtype=np.float32)
    index, block = ExactIndex(4), Block.of_adds(1, numbers(1), template)
    if taken:
        index.apply([block])
        assert len(index) == 1
    else:
        with pytest.raises(BadTemplate, match="log row 1 has length"):
            index.apply([block])
