"""A gallery in parts: every reference has one part, and the parts give the list of one machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.factories.crew import sharded
from tests.factories.indexes import DIM, SEALER, faces

from plainview.index.base import Block, Change, Index, IndexIncomplete, Scored, catch_up
from plainview.index.compressed import CompressedIndex
from plainview.index.parts import lacking, part_of

SIZE = 5_000
HOW = {"all_below": 0}
"""Codes are scanned however few there are, with the cut of the product: one machine misses some, and the parts the same."""


def crowd(seed: int) -> NDArray[np.float32]:
    """Return templates of people with several pictures, of twins and of strangers, float32 (SIZE, DIM), length 1."""
    draw = np.random.default_rng(seed)
    people = faces(SIZE // 3, seed)
    rows = people[draw.integers(0, len(people), SIZE)] + 0.05 * draw.standard_normal((SIZE, DIM))
    rows[:40] = rows[0]  # equal scores at every place
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> tuple[NDArray[np.float32], Index, dict[int, Index]]:
    templates = crowd(3)
    order = np.random.default_rng(8).permutation(SIZE).astype(np.int64)
    log: list[Block | Change] = [
        Block.of_adds(begin + 1, order[begin : begin + 700] + 1, templates[order[begin : begin + 700]])
        for begin in range(0, SIZE, 700)
    ]
    log += [Change(SIZE + i, "remove", 5 * i, None) for i in range(1, 300)]
    whole = CompressedIndex(DIM, tmp_path_factory.mktemp("whole"), SEALER, **HOW)
    whole.apply(log)
    parts: dict[int, Index] = {}
    for count in (1, 2, 7):
        parts[count] = sharded(DIM, tmp_path_factory.mktemp("parts"), count, **HOW)[0]
        parts[count].apply(log)
    return templates, whole, parts


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(0, 1),
    st.sampled_from([1, 2, 20, 50, 137, 600, 2_000, 4_600, 20_000]),
    st.sampled_from([None, 1, 2, 3, 900]),
)
@example(7, 1.0, 4_600, None)  # the last place is below the cut: every template is compared
@example(7, 0.0, 600, 2)
def test_the_list_is_that_of_one_machine_for_any_number_of_parts(
    indexes: tuple[NDArray[np.float32], Index, dict[int, Index]], seed: int, near: float, top: int, among: int | None
) -> None:
    templates, whole, parts = indexes
    row = near * templates[seed % SIZE] + (1 - near) * faces(1, seed)[0]
    probe = np.asarray(row / np.linalg.norm(row), dtype=np.float32)
    subset = None if among is None else np.arange(1, SIZE + 500, among, dtype=np.int64)
    wanted = whole.search(probe, top, among=subset)
    for count, index in parts.items():
        assert index.search(probe, top, among=subset) == wanted, count


def test_one_machine_misses_places_here_so_that_the_comparison_can_fail(
    indexes: tuple[NDArray[np.float32], Index, dict[int, Index]], tmp_path: Path
) -> None:
    templates, whole, _ = indexes
    exact = CompressedIndex(DIM, tmp_path, SEALER, all_below=SIZE)
    held = np.setdiff1d(np.arange(1, SIZE + 1), 5 * np.arange(1, 300))
    exact.apply([Block.of_adds(1, held, templates[held - 1])])
    assert any(whole.search(probe, 600) != exact.search(probe, 600) for probe in faces(20, seed=4))


def test_the_references_of_lost_parts_are_known_by_their_numbers() -> None:
    references = np.arange(1, 200)
    parts = part_of(references, 4)
    assert lacking(references, 4, []).tolist() == [False] * 199
    assert lacking(references, 4, [2]).tolist() == (parts == 2).tolist()
    assert lacking(references, 4, {0, 3}).tolist() == [part in (0, 3) for part in parts.tolist()]


def test_every_reference_has_one_part_and_neighbours_are_spread_evenly() -> None:
    numbers = np.arange(1, 100_001, dtype=np.int64)
    for parts in (1, 2, 10):
        whose = part_of(numbers, parts)
        counts = np.bincount(whose, minlength=parts)
        assert counts.min() > 0.95 * len(numbers) / parts
        assert np.array_equal(whose, part_of(numbers, parts))
    # SplitMix64's published first output for seed 0, from its increment: what snapshots rest on never changes.
    increment = np.array([0x9E3779B97F4A7C15], dtype=np.uint64).view(np.int64)
    assert part_of(increment, 2**62).tolist() == [0xE220A8397B1DCDAF % 2**62]


def blocks(templates: NDArray[np.float32]) -> list[Block]:
    return [
        Block.of_adds(begin + 1, np.arange(begin + 1, begin + 101, dtype=np.int64), templates[begin : begin + 100])
        for begin in range(0, len(templates), 100)
    ]


def reader(log: list[Block]) -> Callable[[int], list[Block]]:
    return lambda seq: [block for block in log if block.first_seq > seq]


def test_a_lost_part_makes_a_search_incomplete_and_it_carries_the_list_of_the_others(tmp_path: Path) -> None:
    templates = faces(600)
    log = blocks(templates)
    index, crew = sharded(DIM, tmp_path, 3)
    catch_up(index, reader(log))
    whole = index.search(templates[0], 600)
    crew.kill(1)
    index.refresh()
    with pytest.raises(IndexIncomplete, match="2 of 3 parts") as caught:
        index.search(templates[0], 600)
    numbers = np.array([row.reference for row in whole])
    assert caught.value.list_of_others == [
        row for row, part in zip(whole, part_of(numbers, 3), strict=True) if part != 1
    ]
    assert caught.value.missing == (1,)
    assert caught.value.size == len(caught.value.list_of_others)
    with pytest.raises(IndexIncomplete):
        index.erase()  # it may still have what was removed
    crew.start_again(1)
    index.refresh()
    catch_up(index, reader(log))
    assert index.search(templates[0], 600) == whole


def test_a_part_that_is_lost_during_the_search_is_said_so_too(tmp_path: Path) -> None:
    index, crew = sharded(DIM, tmp_path, 2)
    catch_up(index, reader(blocks(faces(100))))
    crew.kill(0)
    with pytest.raises(IndexIncomplete, match="1 of 2 parts"):
        index.search(faces(1)[0], 5)
    crew.kill(1)
    with pytest.raises(IndexIncomplete, match="0 of 2 parts"):
        index.search(faces(1)[0], 5)
    index.refresh()
    with pytest.raises(IndexIncomplete, match="0 of 2 parts"):
        _ = index.watermark


def test_a_part_that_was_started_again_after_catching_up_never_answers_for_less_than_was_acknowledged(
    tmp_path: Path,
) -> None:
    index, crew = sharded(DIM, tmp_path, 1)
    log = blocks(faces(100))
    catch_up(index, reader(log))
    crew.start_again(0)  # from its folder, to which nothing was written yet
    with pytest.raises(IndexIncomplete):
        index.search(faces(1)[0], 5)
    catch_up(index, reader(log))
    assert index.search(faces(1)[0], 1) == [Scored(1, 1.0)]


def test_a_part_far_behind_is_left_out_until_it_is_mended(tmp_path: Path) -> None:
    templates = faces(600)
    log = blocks(templates)
    index, crew = sharded(DIM, tmp_path, 3, reach=200)
    catch_up(index, reader(log))
    whole = index.search(templates[0], 9)
    crew.start_again(2)
    index.refresh()
    catch_up(index, reader(log))
    with pytest.raises(IndexIncomplete, match="2 of 3 parts"):
        index.search(templates[0], 9)
    crew.kill(0)
    assert index.mend(reader(log)) == 1  # the one that does not answer
    crew.start_again(0)
    assert index.mend(reader(log)) == 0
    assert index.search(templates[0], 9) == whole


@pytest.mark.parametrize(("reach", "within"), [(200, True), (199, False)])
def test_a_part_is_within_reach_up_to_its_limit(tmp_path: Path, reach: int, within: bool) -> None:
    log = blocks(faces(600))
    index, crew = sharded(DIM, tmp_path, 2, reach=reach)
    catch_up(index, reader(log[:4]))
    index.erase()  # which writes what is held
    catch_up(index, reader(log))
    crew.start_again(1)
    index.refresh()
    assert index.watermark == (400 if within else 600)
    catch_up(index, reader(log))
    with nullcontext() if within else pytest.raises(IndexIncomplete, match="1 of 2 parts"):
        assert index.search(faces(1)[0], 1) == [Scored(1, 1.0)]


def test_a_snapshot_spares_a_part_that_is_started_again_the_log_before_it(tmp_path: Path) -> None:
    index, crew = sharded(DIM, tmp_path, 2)
    log = blocks(faces(300))
    catch_up(index, reader(log))
    index.erase()
    for part in (0, 1):
        crew.start_again(part)
    index.refresh()
    assert index.watermark == 300
    assert index.search(faces(1)[0], 1) == [Scored(1, 1.0)]


def test_a_damaged_part_is_made_again_and_the_others_stay(tmp_path: Path) -> None:
    index, _ = sharded(DIM, tmp_path, 2)
    templates = faces(5_000)
    log = blocks(templates)
    catch_up(index, reader(log))
    index.erase()
    [rows] = (tmp_path / "0-of-2").glob("rows-*.bin")
    rows.write_bytes(b"\xff" * rows.stat().st_size)
    with pytest.raises(IndexIncomplete):
        index.search(templates[0], 5)
    assert [state and state.watermark for state in index.parts()] == [0, 5_000]
    index.mend(reader(log))
    assert index.search(templates[0], 1) == [Scored(1, 1.0)]


def test_an_erased_template_is_on_no_disk_of_any_part(tmp_path: Path) -> None:
    templates = faces(400)
    index, _ = sharded(DIM, tmp_path, 4)
    catch_up(index, reader(blocks(templates)))
    index.erase()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.bin")}
    index.apply([Change(401, "remove", 7, None)])
    index.erase()
    whose = int(part_of(np.array([7]), 4)[0])
    changed = {path.parent.name for path, data in before.items() if path.read_bytes() != data}
    assert changed == {f"{whose}-of-4"}
    assert 7 not in {row.reference for row in index.search(templates[6], 400)}
