"""Which references of a scan are looked at: the rule, against a walk that follows its words one estimate at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plainview.index.base import Scored
from plainview.index.looking import chosen, first_looked_at, front_of, is_scanned, kth, stop
from plainview.index.parts import best_of, may_be_needed

EIGHTHS = st.integers(-8, 8).map(lambda eighth: eighth / 8)  # exact in float32, with many ties
SCAN = st.integers(1, 6).flatmap(
    lambda top: st.tuples(st.just(top), st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=top, max_size=40))
)


def columns(rows: list[tuple[float, float]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    both = np.array(rows, np.float32)
    return both[:, 0], both[:, 1]


def walked(rows: list[tuple[float, float]], top: int, cut: float) -> float:
    """Walk down the estimates, those that are equal together, and return the last one that is looked at."""
    levels = sorted({estimate for estimate, _ in rows}, reverse=True)
    for level, following in zip(levels, [*levels[1:], None], strict=True):
        scores = sorted((score for estimate, score in rows if estimate >= level), reverse=True)
        if following is None or (len(scores) >= top and following < scores[top - 1] - cut):
            return level
    raise AssertionError


@given(SCAN, st.integers(0, 8).map(lambda eighth: eighth / 8))
def test_the_walk_stops_where_the_next_estimate_is_cut_below_the_last_place_by_then(
    scan: tuple[int, list[tuple[float, float]]], cut: float
) -> None:
    top, rows = scan
    estimates, scores = columns(rows)
    assert set(estimates[estimates >= stop(estimates, scores, top, cut)]) == {
        np.float32(estimate) for estimate, _ in rows if estimate >= walked(rows, top, cut)
    }


@pytest.mark.parametrize("top", [1, 50, 512])
def test_the_first_1024_are_looked_at_whatever_follows(top: int) -> None:
    assert first_looked_at(top) == 1024


def test_twice_a_long_list_is_looked_at_whatever_follows() -> None:
    assert first_looked_at(513) == 1026


@pytest.mark.parametrize(
    ("size", "whole", "top", "subset", "scanned"),
    [
        (5001, 10**6, 50, False, True),
        (5000, 10**6, 50, False, False),
        (6000, 10**6, 6000, False, False),  # every one is on the list
        (6001, 10**6, 6000, False, True),
        (10_000, 10**6, 50, True, False),  # one in a hundred of the gallery
        (10_001, 10**6, 50, True, True),
        (10_001, 10**6, 50, False, True),
        (5001, 20_000, 50, True, True),
        (5000, 20_000, 50, True, False),
    ],
)
def test_few_references_are_scored_from_their_templates(
    size: int, whole: int, top: int, subset: bool, scanned: bool
) -> None:
    assert is_scanned(size, whole, top, subset=subset, all_below=5000) is scanned


def test_the_front_has_all_that_are_equal_to_its_last() -> None:
    estimates = np.array([0.5, 0.25, 0.75, 0.5, 0.125], np.float32)
    assert kth(estimates, 2) == 0.5
    assert front_of(estimates, 2).tolist() == [True, False, True, True, False]
    assert front_of(estimates, 1).tolist() == [False, False, True, False, False]


def ladder(count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """So many estimates in steps of 1/4096 downwards from .75, with scores half as far from it."""
    steps = np.arange(count, dtype=np.float32) / 4096
    return 0.75 - steps, 0.75 - steps / 2


def test_so_few_that_not_all_of_the_first_are_there_need_every_comparison() -> None:
    assert chosen(*ladder(1023), 50, 0.1, 0.0) is None
    assert chosen(*ladder(1024), 50, 0.1, 0.0) is not None


def test_a_last_place_below_the_cut_needs_every_comparison() -> None:
    estimates, near = ladder(2000)
    last = float(near[49])
    assert chosen(estimates, near, 50, last, 0.0) is not None
    assert chosen(estimates, near, 50, last + 1 / 8192, 0.0) is None


def test_of_those_looked_at_the_ones_that_can_be_on_the_list_are_chosen() -> None:
    estimates, near = ladder(2000)
    near[1500] = 0.9  # its estimate misleads: too low to be looked at
    near[60] = 0.9
    picked = chosen(estimates, near, 50, 0.05, 0.0)
    assert picked is not None
    assert sorted(picked.tolist()) == [*range(49), 60]
    wider = chosen(estimates, near, 50, 0.05, 1 / 4096)
    assert wider is not None
    assert sorted(wider.tolist()) == [*range(51), 60]
    deep = chosen(estimates, near, 50, 0.4, 0.0)
    assert deep is not None
    assert 1500 in deep.tolist()


def test_the_best_of_several_lists_are_by_score_and_then_by_number() -> None:
    lists = [[Scored(4, 0.9), Scored(1, 0.5)], [], [Scored(3, 0.9), Scored(2, 0.7)]]
    assert best_of(lists, 3) == [Scored(3, 0.9), Scored(4, 0.9), Scored(2, 0.7)]
    assert best_of(lists, 9) == [Scored(3, 0.9), Scored(4, 0.9), Scored(2, 0.7), Scored(1, 0.5)]


@given(SCAN, st.sampled_from([0.0, 0.125]))
def test_a_part_passes_over_only_what_enough_others_of_it_remain_before(
    scan: tuple[int, list[tuple[float, float]]], margin: float
) -> None:
    top, rows = scan
    estimates, near = columns(rows)
    needed = set(may_be_needed(estimates, near, top, margin).tolist())
    for place, (estimate, score) in enumerate(rows):
        before = [n for i, (e, n) in enumerate(rows) if i != place and e >= estimate and n > score + margin]
        if place not in needed:
            assert len(before) >= top
    if len(rows) <= top:
        assert len(needed) == len(rows)


def test_a_part_passes_over_what_is_far_behind() -> None:
    estimates = np.arange(100, 0, -1).astype(np.float32) / 128
    near = np.where(np.arange(100) < 10, 0.75, 0.25).astype(np.float32)
    assert may_be_needed(estimates, near, 10, 0.25).tolist() == list(range(10))
    assert may_be_needed(estimates, near, 10, 0.5).tolist() == list(range(100))
    assert may_be_needed(estimates, near, 11, 0.25).tolist() == list(range(100))
