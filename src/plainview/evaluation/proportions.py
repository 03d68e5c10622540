"""Shares of a random sample with their exact interval."""

from __future__ import annotations

from scipy.stats import binomtest

CONFIDENCE = 0.95
"""Confidence of every interval of a share: as of the error rates (docs/reference/accuracy.md)."""


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of a share, each between 0 and 1; (0, 1) of nothing.

    Args:
        count: how many have the property.
        of: how many were drawn at random and looked at.
    """
    if of == 0:
        return 0.0, 1.0
    found = binomtest(count, of).proportion_ci(confidence_level=CONFIDENCE, method="exact")
    return float(found.low), float(found.high)
