"""Bars: the highest fills the drawing, nothing has no height, and none stands on another."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plainview.web.plot import HEIGHT, WIDTH, bars


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
