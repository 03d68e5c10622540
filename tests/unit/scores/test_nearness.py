"""The nearness of a gallery's references in memory: what a dictionary would say, in eight bytes each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.scores import nearness
from plainview.scores.nearness import Nearness

keys = st.integers(1, 30) | st.integers(2**32 - 2, 2**32 + 2)
values = st.integers(-1_000_000, 1_000_000).map(lambda units: round(units / 1_000_000, 6))
steps = st.lists(st.tuples(st.dictionaries(keys, values, max_size=9), st.lists(keys, max_size=4)), max_size=12)


@given(steps, st.integers(1, 12))
def test_it_says_what_a_dictionary_says_whenever_it_merges(changes: list, wait: int) -> None:
    expected: dict[int, float] = {}
    kept = Nearness()
    asked = [*range(31), *range(2**32 - 3, 2**32 + 3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearness, "_WAIT", wait)
        for added, removed in changes:
            kept.keep(list(added), np.array(list(added.values())))
            kept.drop(removed)
            expected = {key: value for key, value in (expected | added).items() if key not in removed}
            assert kept.of(asked) == expected


def test_a_million_references_take_eight_bytes_each() -> None:
    kept = Nearness()
    for first in range(1, 1_000_001, 10_000):
        kept.keep(range(first, first + 10_000), np.full(10_000, 0.25))
    assert kept.nbytes == 8_000_000
    assert kept.of([1, 1_000_000, 1_000_001]) == {1: 0.25, 1_000_000: 0.25}
