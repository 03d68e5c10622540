"""The sizes at which an index changes its kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.factories.indexes import DIM, faces

from plainview.index import growing
from plainview.index.base import Block
from plainview.index.exact import ExactIndex
from plainview.index.growing import GrowingIndex


def adds(first: int, count: int) -> Block:
    return Block.of_adds(first, np.arange(first, first + count, dtype=np.int64), faces(count, seed=first))


def test_it_grows_at_a_hundred_thousand_and_shrinks_below_half_of_it() -> None:
    assert (growing.GROW_AT, growing.SHRINK_AT) == (100_000, 50_000)


@pytest.mark.parametrize(("count", "grown"), [(9, 0), (10, 1)])
def test_it_grows_when_it_reaches_the_size(tmp_path: Path, count: int, grown: int) -> None:
    turns: list[object] = []
    index = GrowingIndex(DIM, tmp_path, lambda: turns.append(0) or ExactIndex(DIM), grow_at=10)  # type: ignore[func-returns-value, arg-type, return-value]
    index.apply([adds(1, count)])
    assert (len(turns), len(index), index.watermark) == (grown, count, count)
    index.clear()
    assert (len(index), index.watermark, index.adapter) == (0, 0, "exact")


@pytest.mark.parametrize(("count", "written", "turned"), [(0, False, 0), (0, True, 1), (3, False, 0), (3, True, 0)])
def test_only_an_empty_one_takes_over_what_another_process_wrote(
    tmp_path: Path, count: int, written: bool, turned: int
) -> None:
    turns: list[object] = []
    index = GrowingIndex(DIM, tmp_path, lambda: turns.append(0) or ExactIndex(DIM))  # type: ignore[func-returns-value, arg-type, return-value]
    index.apply([adds(1, count)] if count else [])
    if written:
        (tmp_path / "head").touch()
    index.refresh()
    assert (len(turns), len(index)) == (turned, count)


@pytest.mark.parametrize(("dim", "grown"), [(4, 1), (5, 0), (6, 0), (8, 1)])
def test_it_stays_exact_where_the_dimension_cannot_be_coded(tmp_path: Path, dim: int, grown: int) -> None:
    turns: list[object] = []
    index = GrowingIndex(dim, tmp_path, lambda: turns.append(0) or ExactIndex(dim), grow_at=3)  # type: ignore[func-returns-value, arg-type, return-value]
    templates = np.tile(np.eye(dim, dtype=np.float32)[0], (3, 1))
    index.apply([Block.of_adds(1, np.arange(1, 4, dtype=np.int64), templates)])
    assert (len(turns), index.dim) == (grown, dim)
