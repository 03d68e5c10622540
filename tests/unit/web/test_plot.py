"""Bars: the highest fills the drawing, nothing has no height, and none stands on another."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plainview.web.plot import HEIGHT, WIDTH, bars, drawing


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_bars_stay_inside_and_apart(counts: list[int]) -> None:
    made = bars([(str(i), count) for i, count in enumerate(counts)])
    assert [bar.count for bar in made] == counts
    for bar in made:
        assert 0 <= bar.y <= HEIGHT
        assert abs(bar.y + bar.height - HEIGHT) < 1e-6
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert (bar.height == 0) == (bar.count == 0)
    for left, right in pairwise(made):
        assert left.x + left.width < right.x
    if any(counts):
        assert max(bar.height for bar in made) == HEIGHT


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=40),
    st.booleans(),
    st.booleans(),
)
def test_a_drawing_holds_every_bar_of_both_periods(counts: list[tuple[int, int]], compared: bool, lying: bool) -> None:
    now, then = [one for one, _ in counts], [other for _, other in counts]
    made = drawing([f"label {i}" for i in range(len(counts))], now, then if compared else None, lying=lying)
    groups = [now, then] if compared else [now]
    for is_before, group in enumerate(groups):
        drawn = [bar for bar in made.bars if bar.is_before == bool(is_before)]
        assert len(drawn) == sum(count > 0 for count in group)
        for bar, count in zip(drawn, [count for count in group if count], strict=True):
            length = bar.width if lying else bar.height
            whole = max((row.width if lying else row.height) for row in made.bars)
            assert abs(length / whole - count / max(count for g in groups for count in g)) < 1e-6
    for bar in made.bars:
        assert bar.x >= 0
        assert bar.y >= 0
        assert bar.x + bar.width <= made.width
        assert bar.y + bar.height <= made.height
    if lying:
        assert sum(word.anchor == "start" for word in made.words) == len(counts) * len(groups)


def test_labels_and_numbers_of_bars_do_not_touch() -> None:
    weeks = bars([(f"{day} Dec", 1_000 + day) for day in range(10, 38)])
    assert [bar.below for bar in weeks if bar.below] == ["10 Dec", "15 Dec", "20 Dec", "25 Dec", "30 Dec", "35 Dec"]
    assert [bar.above for bar in weeks if bar.above] == ["1037"]  # no room for more than the highest
    assert [bar.below for bar in bars([("0", 3), ("10", 4)])] == ["0", "10"]
