"""The exact interval of a share agrees with its definition: at its ends the count is just not too rare."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from plainview.scores.proportions import exact_interval


@pytest.mark.parametrize(("count", "of"), [(0, 20), (1, 20), (7, 20), (20, 20), (3, 500)])
def test_at_its_ends_the_count_has_a_chance_of_two_and_a_half_percent(count: int, of: int) -> None:
    low, high = exact_interval(count, of)
    assert low <= count / of <= high
    if count:
        assert binom.sf(count - 1, of, low) == pytest.approx(0.025, abs=1e-6)
    else:
        assert low == 0.0
    if count < of:
        assert binom.cdf(count, of, high) == pytest.approx(0.025, abs=1e-6)
    else:
        assert high == 1.0


def test_of_nothing_nothing_is_known() -> None:
    assert exact_interval(0, 0) == (0.0, 1.0)
