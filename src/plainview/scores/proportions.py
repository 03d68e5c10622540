"""Shares of a random sample with their exact interval.

Owns the one distribution that an exact interval needs, the beta distribution, in the standard library: a special
function is no reason for a package of 143 MB. Tests compare it with scipy's to 1e-9.
"""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95
"""Confidence of every interval of a share: as of the error rates (docs/explanation/accuracy.md)."""

_TINY = 1e-300
"""Stands for a zero denominator in Lentz's method, far below every term that occurs."""

_SETTLED = 1e-14
"""Relative change by a term below which the fraction counts as settled: a few roundings of float64."""


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934), each end between 0 and 1; (0, 1) of nothing.

    Its ends are the shares at which a count as high, or as low, as this one has half the chance that the confidence
    leaves: quantiles of beta distributions.

    Args:
        count: how many have the property, 0 to `of`.
        of: how many were drawn at random and looked at.
    """
    tail = (1 - CONFIDENCE) / 2
    low = _root(lambda share: beta_cdf(share, count, of - count + 1) - tail) if count else 0.0
    high = _root(lambda share: tail - beta_cdf(1 - share, of - count, count + 1)) if count < of else 1.0
    return low, high


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), the chance that a beta variable is at most x.

    Args:
        x: 0 to 1.
        a: first shape, above 0.
        b: second shape, above 0.
    """
    if not 0 < x < 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # beyond, the fraction converges slowly: I_x(a, b) = 1 - I_{1-x}(b, a), DLMF 8.17.4
        return 1 - _lower_tail(1 - x, b, a)
    return _lower_tail(x, a, b)


def _lower_tail(x: float, a: float, b: float) -> float:
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of I_x(a, b), DLMF 8.17.22, from its front (Lentz's method, DLMF 3.10(iii))."""
    value, numerator, denominator, term, step = 1.0, 1.0, 0.0, 0.0, 0
    while abs(term - 1) > _SETTLED:
        step += 1
        m = step // 2
        product = -(a + m) * (a + b + m) if step % 2 else m * (b - m)
        partial = product * x / ((a + step - 1) * (a + step))
        denominator = 1 / ((1 + partial * denominator) or _TINY)
        numerator = (1 + partial / numerator) or _TINY
        term = numerator * denominator
        value *= term
    return value


def _root(rising: Callable[[float], float]) -> float:
    """Return where a function that rises from below 0 at 0 to above 0 at 1 crosses 0, to the last bit, by halving."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return high
