"""Shares of a random sample with their exact interval."""

from __future__ import annotations

from scipy.special import betaincinv

CONFIDENCE = 0.95
"""Confidence of every interval of a share: as of the error rates (docs/explanation/accuracy.md)."""


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of a share, each between 0 and 1; (0, 1) of nothing.

    Its ends are quantiles of beta distributions; scipy.special has them without the half second of scipy.stats.

    Args:
        count: how many have the property.
        of: how many were drawn at random and looked at.
    """
    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return low, high
