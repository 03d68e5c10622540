"""Choosing the other faces of a blind verification, so that nothing but the face itself tells which is the candidate.

Owns the choice among neighbours of the candidate. For each cue (size, background, year of the picture, resemblance to
the others) it draws by lot how many fillers come before the candidate, and takes the set that fits best: whoever picks
by a cue, or against it, then finds the candidate as often as by chance. It knows no person and guesses no sex or race.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random

import numpy as np
from numpy.typing import NDArray

from plainview.scores.same_face import SAME_FACE

POOL = 24
"""Neighbours among which the fillers are chosen: chosen; three of 24 are 2,024 sets, tried in some milliseconds."""

_SAME_PERSON = 10.0  # a set in which two fillers may be one person fits worse than any other


def choose(
    distances: Mapping[str, NDArray[np.float64]], cosines: NDArray[np.float64], count: int, lots: Random
) -> tuple[int, ...]:
    """Choose fillers.

    Args:
        distances: cue -> how far each face is from the probe by it: float64, shape (1 + n,), the candidate first; nan
            where it is not known. A cue that is not known of the candidate is left out.
        cosines: of the faces with each other: float64, shape (1 + n, 1 + n), the candidate first.
        count: fillers to choose; n or more is all of them.
        lots: draws, also among sets that fit equally well.

    Returns:
        Their places, 1 to n, in random order.
    """
    faces = len(cosines) - 1
    if faces <= count:
        places = list(range(1, faces + 1))
        lots.shuffle(places)
        return tuple(places)
    sets = np.array(list(combinations(range(1, faces + 1), count)), dtype=np.int64)
    misfit = np.zeros(len(sets))
    for of_cue in distances.values():
        if np.isfinite(of_cue[0]):
            # A face of which the cue is not known is as far as any: neither before the candidate nor behind.
            known = np.where(np.isfinite(of_cue), of_cue, of_cue[0])
            misfit += _misfit(known[sets] - known[0], lots.randint(0, count))
    middle, others = _resemblance(cosines, sets)
    misfit += _misfit(middle[:, None] - others, lots.randint(0, count))
    for first, second in combinations(range(count), 2):
        misfit += _SAME_PERSON * (cosines[sets[:, first], sets[:, second]] >= SAME_FACE)
    best = np.flatnonzero(misfit <= misfit.min() + 1e-9).tolist()
    places = sets[lots.choice(best)].tolist()
    lots.shuffle(places)
    return tuple(places)


def _misfit(behind: NDArray[np.float64], wanted: int) -> NDArray[np.float64]:
    """Return how far each set is from having `wanted` fillers before the candidate; `behind` < 0 for those before it."""
    before = (behind < 0).sum(axis=1) + (behind == 0).sum(axis=1) / 2
    return np.asarray(np.abs(before - wanted), dtype=np.float64)


def _resemblance(
    cosines: NDArray[np.float64], sets: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean cosine of the candidate with the fillers of each set, and of each filler with the others."""
    count = sets.shape[1]
    middle = cosines[0][sets].mean(axis=1)
    among = cosines[sets[:, :, None], sets[:, None, :]].sum(axis=2) - 1.0
    others = (among + cosines[0][sets]) / count
    return -middle, -others


def distances_of(values: Sequence[object]) -> NDArray[np.float64]:
    """Return how far each value is from the first, which is the probe's: float64, one for each of the others.

    Args:
        values: numbers, vectors of one shape, or None where it is not known.
    """
    first = values[0]
    if first is None:
        return np.full(len(values) - 1, np.nan)
    return np.array(
        [np.nan if value is None else float(np.linalg.norm(np.subtract(value, first))) for value in values[1:]]  # type: ignore[call-overload]
    )
