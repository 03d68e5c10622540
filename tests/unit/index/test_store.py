"""The folder of a compressed index: private, its keys shown to nobody, and one process after the other."""

from __future__ import annotations

import stat
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from tests.factories.indexes import DIM, SEALER, faces

from plainview.index.base import Block, IndexDamaged
from plainview.index.codes import near_codes
from plainview.index.compressed import CompressedIndex
from plainview.index.store import Head, Store


def test_folder_and_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "below" / "index"
    index = CompressedIndex(DIM, folder, SEALER)
    index.apply([Block.of_adds(1, np.arange(1, 4), faces(3))])
    index.flush()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {path.name.partition("-")[0] for path in folder.iterdir()} == {
        "head",
        "codes",
        "near",
        "rows",
        "refs",
        "lock",
    }


def test_a_head_that_is_shown_has_no_key() -> None:
    head = Head()
    assert [len(key) for key in head.keys] == [32, 32, 32]
    assert len(set(head.keys)) == 3
    assert "keys" not in repr(head)
    assert (head.watermark, head.count, head.appends, head.erased) == (0, 0, (), ())
    assert Head.from_bytes(head.to_bytes(DIM), DIM) == head
    with pytest.raises(IndexDamaged):
        Head.from_bytes(head.to_bytes(DIM), 2 * DIM)
    with pytest.raises(FrozenInstanceError):  # another one takes its place, or none does
        head.count = 1  # type: ignore[misc]


def test_what_was_not_committed_does_not_count(tmp_path: Path) -> None:
    store, rows = Store(tmp_path, SEALER, DIM, DIM // 4), faces(3)
    codes = np.zeros((3, DIM // 4), dtype=np.uint8)
    assert not store.read_head()
    with store.writing():
        store.append(np.array([7, 8, 9]), codes, near_codes(rows), rows)
        assert store.head.count == 0
        store.give_up()
        store.append(np.array([5]), codes[:1], near_codes(rows[:1]), rows[:1])
        store.commit(4, np.zeros(0, dtype=np.int64))
    assert (store.head.count, store.head.watermark, store.references.tolist()) == (1, 4, [5])
    other = Store(tmp_path, SEALER, DIM, DIM // 4)
    assert other.changed()
    assert other.read_head()
    assert not other.changed()
    there, references, templates = other.rows(np.array([0]))
    assert (there.tolist(), references.tolist()) == ([True], [5])
    assert templates.tobytes() == rows[:1].tobytes()
