"""The score from which an alert is raised: found from the gallery's calibration, never stated as a bare cosine.

Owns the inversion of `Calibration.rate` for one single comparison. It uses the lower end of the interval, so that
"at most one false alert in N" errs towards fewer.
"""

from __future__ import annotations

from plainview.scores.calibration import Calibration

_STEPS = 40  # of bisection: 2 / 2^40 is far below the rounding of a score


def most_rare(calibration: Calibration) -> float:
    """The largest N for which "one false alert in N comparisons" can be stated.

    Raises:
        Refused: calibration.none.
    """
    return _low(calibration, 1.0)


def threshold(calibration: Calibration, one_in: float) -> float:
    """The lowest score that a stranger's picture reaches at most once in `one_in` comparisons.

    Raises:
        Refused: calibration.none.
        ValueError: rarer than `most_rare`.
    """
    if one_in > most_rare(calibration):
        raise ValueError("rarer than the gallery can tell")
    low, high = -1.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _low(calibration, middle) >= one_in:
            high = middle
        else:
            low = middle
    return high


def _low(calibration: Calibration, score: float) -> float:
    # Rounded: a pack's figure of 1e-5 means 100,000 and not 99,999.999...
    return round(calibration.rate(score, size=1).low, 3)
