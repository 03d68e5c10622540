"""Every way in which an index can answer otherwise than its templates say is seen, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.index.base import Block, Scored
from plainview.index.check import TOLERANCE, Disagreement, disagreements
from plainview.index.exact import ExactIndex


def unit(count: int, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 16))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


ROWS = unit(40)
PROBE = unit(1, seed=2)[0]
TEMPLATES = dict(enumerate(ROWS))


def built() -> ExactIndex:
    index = ExactIndex(16)
    index.apply([Block.of_adds(1, np.arange(40, dtype=np.int64), ROWS)])
    return index


@given(top=st.integers(1, 60), among=st.none() | st.sets(st.integers(0, 39), min_size=1))
def test_an_honest_index_has_no_disagreement(top: int, among: set[int] | None) -> None:
    answer = built().search(PROBE, top, among=among)
    must = [row.reference for row in answer]
    assert disagreements(answer, TEMPLATES, PROBE, must) == []


@given(row=st.integers(0, 39), column=st.integers(0, 15), bit=st.integers(16, 31))
def test_a_flipped_bit_of_a_row_is_seen_in_its_score(row: int, column: int, bit: int) -> None:
    index = built()
    words = index._matrix.view(np.uint32)
    words[row, column] ^= np.uint32(1 << bit)
    held = index._matrix[row].astype(np.float64)
    with np.errstate(all="ignore"):
        moved = abs(float((held - ROWS[row]) @ PROBE))
        answer = index.search(PROBE, 40)
    found = disagreements(answer, TEMPLATES, PROBE, range(40))
    if moved > 3 * TOLERANCE or not np.isfinite(moved):
        assert [wrong.reference for wrong in found] == [row]
    else:
        assert [wrong.reference for wrong in found] in ([], [row])


def test_a_row_without_a_template_one_twice_and_a_lost_one() -> None:
    first, second = (Scored(i, round(float(ROWS[i].astype(float) @ PROBE), 6)) for i in (0, 1))
    assert disagreements([first, second], TEMPLATES, PROBE, [0, 1]) == []
    assert disagreements([first, second], {0: ROWS[0]}, PROBE) == [Disagreement(1, None, second.score)]
    assert disagreements([first, first], TEMPLATES, PROBE) == [Disagreement(0, first.score, first.score)]
    assert disagreements([first], TEMPLATES, PROBE, [0, 1]) == [Disagreement(1, second.score, None)]
    assert disagreements([], {}, PROBE) == []


@pytest.mark.parametrize(("off", "seen"), [(0.0, False), (1e-6, False), (3e-6, True), (float("nan"), True)])
def test_a_score_may_miss_by_its_rounding_only(off: float, seen: bool) -> None:
    score = round(float(ROWS[3].astype(float) @ PROBE), 6) + off
    assert bool(disagreements([Scored(3, score)], TEMPLATES, PROBE)) is seen
