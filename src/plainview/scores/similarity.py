"""Similarity: a score as a number from 0 to 100, for software that was made for another interface.

Owns its definition: 100 less the percentage of strangers who reach the score. It is not the probability that two
pictures show one person, and it must never be shown on a page.
"""

from __future__ import annotations

_DIGITS = 6  # a stranger in a hundred million


def similarity(once_in: float | None, cosine: float) -> float:
    """Return the similarity of a score, 0 to 100.

    Args:
        once_in: strangers reach the score in about one search out of so many (scores.calibration), 1 or more; None
            where this is unknown.
        cosine: the score itself, -1 to 1, which is all that can be said then.
    """
    share = 1 / max(once_in, 1.0) if once_in is not None else 1 - max(cosine, 0.0)
    return round(100 * min(max(1 - share, 0.0), 1.0), _DIGITS)
