"""The exact index from the inside: erased bytes, growth, the bound of its first look, its lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plainview.index.base import Block, Change, Scored, exact_scores, ranked
from plainview.index.exact import ExactIndex

DIM = 128


def faces(count: int, dim: int = DIM, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def filled(templates: NDArray[np.float32]) -> ExactIndex:
    index = ExactIndex(templates.shape[1])
    index.apply([Block.of_adds(1, np.arange(1, len(templates) + 1), templates)])
    return index


def holds(matrix: NDArray[np.float32], template: NDArray[np.float32]) -> bool:
    """Say whether any 16 bytes in a row of the template are anywhere in the matrix's memory."""
    memory, wanted = matrix.tobytes(), template.tobytes()
    return any(wanted[i : i + 16] in memory for i in range(0, len(wanted), 16))


def test_a_dimension_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="1 component"):
        ExactIndex(0)
    assert ExactIndex(1).dim == 1


@pytest.mark.parametrize("reference", [1, 25, 50], ids=["first row", "middle", "last row"])
def test_no_bytes_of_a_removed_template_stay_in_the_matrix(reference: int) -> None:
    templates = faces(50)
    index = filled(templates)
    assert holds(index._matrix, templates[reference - 1])
    index.apply([Change(51, "remove", reference, None)])
    assert not holds(index._matrix, templates[reference - 1])
    assert not index._matrix[49:].any()
    assert not index._references[49:].any()
    assert sorted(index._references[:49].tolist()) == [r for r in range(1, 51) if r != reference]


def test_a_replaced_template_is_erased_too() -> None:
    old, new = faces(2)
    index = filled(old[np.newaxis, :])
    index.apply([Change(2, "add", 1, new)])
    assert not holds(index._matrix, old)
    assert holds(index._matrix, new)


def test_a_matrix_given_up_by_growth_or_clear_is_left_as_zeros() -> None:
    templates = faces(3000)
    index = filled(templates[:1000])
    first = index._matrix
    index.apply([Block.of_adds(1001, np.arange(1001, 3001), templates[1000:])])
    assert index._matrix is not first
    assert not first.any()
    second = index._matrix
    index.clear()
    assert not second.any()
    assert len(index._matrix) == 0


def test_growth_at_least_doubles_so_that_adding_one_by_one_stays_cheap() -> None:
    templates = faces(5000)
    index = ExactIndex(DIM)
    capacities = set()
    for start in range(0, 5000, 100):
        index.apply([Block.of_adds(start + 1, np.arange(start, start + 100), templates[start : start + 100])])
        capacities.add(len(index._matrix))
    assert sorted(capacities) == [1024, 2048, 4096, 8192]
    full = ExactIndex(DIM)
    full.apply([Block.of_adds(1, np.arange(1000), templates[:1000])])
    room = full._matrix
    full.apply([Block.of_adds(1001, np.arange(1000, 1024), templates[1000:1024])])
    assert full._matrix is room  # the last free row is used before there is more room
    assert len(index.search(templates[4999], 5000)) == 5000


def test_an_interrupt_in_mid_change_leaves_an_empty_index_not_half_a_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    templates = faces(20)
    index = filled(templates)
    matrix = index._matrix

    def interrupted(references: object, rows: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(index, "_append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        index.apply([Change(21, "add", 3, templates[0])])
    assert (len(index), index.watermark) == (0, 0)
    assert not matrix.any()
    assert index.search(templates[0], 5) == []


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    dim=st.sampled_from([2, 3, 128, 512]),
    spread=st.sampled_from([1.0, 1e-2, 1e-4, 1e-6, 0.0]),
    top=st.integers(1, 30),
)
def test_the_first_look_never_loses_a_row_of_the_exact_answer(seed: int, dim: int, spread: float, top: int) -> None:
    """Crowds of nearly equal templates: the float32 product gets their order wrong, the answer must not."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal(dim) + spread * rng.standard_normal((300, dim))
    templates = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    probe = faces(1, dim, seed + 1)[0]
    answer = filled(templates).search(probe, top)
    assert answer == ranked(np.arange(1, 301), exact_scores(templates, probe), top)


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_history_with_the_same_end_gives_the_same_list(data: st.DataObject) -> None:
    templates = faces(12)
    templates[6:9] = templates[0]
    end = data.draw(st.lists(st.integers(0, 11), unique=True, min_size=1))
    passing = data.draw(st.lists(st.integers(20, 29), unique=True))
    steps = data.draw(
        st.permutations([*(("add", r) for r in end), *(("add", r) for r in passing)]),
        label="order of adds",
    )
    history = [*steps, *(("remove", r) for r in data.draw(st.permutations(passing)))]
    lived, fresh = ExactIndex(DIM), ExactIndex(DIM)
    lived.apply(
        Change(seq, "add", r, templates[r % 12]) if op == "add" else Change(seq, "remove", r, None)
        for seq, (op, r) in enumerate(history, start=1)
    )
    fresh.apply(Change(seq, "add", r, templates[r]) for seq, r in enumerate(sorted(end), start=1))
    for probe in (templates[0], faces(1, seed=2)[0]):
        assert lived.search(probe, 12) == fresh.search(probe, 12)


def test_a_hundred_thousand_adds_are_taken_at_once() -> None:
    templates = faces(100_000, dim=32)
    index = filled(templates)
    assert len(index) == 100_000
    assert index.search(templates[77_000], 1) == [Scored(77_001, 1.0)]


def test_the_list_given_to_search_may_be_any_collection() -> None:
    index = filled(faces(5))
    for among in ({2, 3}, [2, 3, 3], (3, 2), {2: "a", 3: "b"}.keys(), frozenset({2, 3}), range(2, 4)):
        assert {s.reference for s in index.search(faces(1)[0], 5, among=among)} == {2, 3}


def test_a_search_waits_for_a_change_under_way_and_so_does_another_change() -> None:
    templates = faces(2)
    index = filled(templates[:1])
    with ThreadPoolExecutor(2) as pool:
        with index._lock.change():
            search = pool.submit(index.search, templates[0], 1)
            change = pool.submit(index.apply, [Change(2, "add", 2, templates[1])])
            with pytest.raises(TimeoutError):
                search.result(timeout=0.05)
            assert not change.done()
        assert search.result(timeout=5) == [Scored(1, 1.0)]
        change.result(timeout=5)
    assert len(index) == 2
