"""The exact interval of a share agrees with its definition, and with scipy, which only the tests need."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from scipy.special import betainc, betaincinv

from plainview.scores.proportions import beta_cdf, exact_interval

SIZES = [*range(1, 41), 99, 100, 101, 500, 2_000, 12_345, 100_000, 1_000_000]


def at_most(count: int, of: int, share: float) -> float:
    """Return the chance of at most `count` of `of`, from the binomial sum in exact fractions."""
    exact = Fraction(share)
    return float(sum(comb(of, k) * exact**k * (1 - exact) ** (of - k) for k in range(count + 1)))


@pytest.mark.parametrize(("count", "of"), [(0, 20), (1, 20), (7, 20), (19, 20), (20, 20), (3, 150)])
def test_at_its_ends_the_count_has_a_chance_of_two_and_a_half_percent(count: int, of: int) -> None:
    low, high = exact_interval(count, of)
    assert low <= count / of <= high
    if count:
        assert 1 - at_most(count - 1, of, low) == pytest.approx(0.025, abs=1e-12)
    else:
        assert low == 0.0
    if count < of:
        assert at_most(count, of, high) == pytest.approx(0.025, abs=1e-12)
    else:
        assert high == 1.0


def test_of_nothing_nothing_is_known() -> None:
    assert exact_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("of", SIZES)
def test_the_interval_is_that_of_scipy(of: int) -> None:
    counts = {0, 1, 2, of // 10, of // 3, of // 2, of - 2, of - 1, of}
    for count in sorted(count for count in counts if 0 <= count <= of):
        low = betaincinv(count, of - count + 1, 0.025) if count else 0.0
        high = betaincinv(count + 1, of - count, 0.975) if count < of else 1.0
        assert exact_interval(count, of) == pytest.approx((low, high), rel=1e-9, abs=0)


@pytest.mark.parametrize("a", [0.5, 1, 2, 7.5, 40, 1_000, 100_000])
@pytest.mark.parametrize("b", [0.5, 1, 3, 25, 999, 100_000])
def test_the_beta_distribution_is_that_of_scipy(a: float, b: float) -> None:
    middle = a / (a + b)
    shares = [0.0, 1e-9, middle / 2, middle * 0.99, middle, (1 + middle) / 2, 0.999999, 1.0]
    ours = [beta_cdf(share, a, b) for share in shares]
    assert ours == pytest.approx([float(betainc(a, b, share)) for share in shares], abs=1e-9)
