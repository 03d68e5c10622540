"""Choosing the other faces of a blind verification, so that nothing but the face itself tells which is the candidate.

Owns the choice among neighbours of the candidate. For each cue (size, background, year of the picture, resemblance to
the others) it draws by lot how many fillers come before the candidate, and takes the set that fits best: a rule that
picks by a cue, or against it, then finds the candidate as often as by chance. It knows no person and guesses no sex or race.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from random import Random

import numpy as np
from numpy.typing import NDArray

from plainview.scores.same_face import SAME_FACE

Doubles = NDArray[np.float64]
Places = NDArray[np.int64]

POOL = 100
"""Neighbours among which the fillers are chosen: three of 100 are 161,700 sets, tried in a tenth of a second; among fewer
there are not enough that come before a candidate in every cue (measured: benchmarks/fillers.py)."""

LOOKED_AT = 16
"""Of these, faces whose pictures are opened to measure the background: chosen, some tenths of a second."""

_LEAN = 0.5
"""Weight of the lot by which no filler comes before the candidate, of 1: a mate is the nearest to the probe more often
than a choice among its neighbours can undo (measured: as above)."""

_RESEMBLANCE = 0.6  # weight of the resemblance to the other faces, which nobody measures at a glance
_SAME_PERSON = 10.0  # a set in which two fillers may be one person fits worse than any other


def choose(
    distances: Mapping[str, Doubles],
    cosines: Doubles,
    count: int,
    lots: Random,
    *,
    background: Callable[[Sequence[int]], Doubles] | None = None,
) -> tuple[int, ...]:
    """Choose fillers.

    Args:
        distances: cue -> how far each face is from the probe by it: float64, shape (1 + n,), the candidate first; nan
            where it is not known. A cue that is not known of the candidate is left out.
        cosines: of the faces with each other: float64, shape (1 + n, 1 + n), the candidate first.
        count: fillers to choose; n or more is all of them.
        lots: draws, also among sets that fit equally well.
        background: returns such distances for the places it is given, the candidate's (0) first; it costs time, so it is
            asked for at most `LOOKED_AT` faces besides.

    Returns:
        Their places, 1 to n, in random order.
    """
    faces = len(cosines) - 1
    if faces <= count:
        places = list(range(1, faces + 1))
        lots.shuffle(places)
        return tuple(places)
    sets = np.array(list(combinations(range(1, faces + 1), count)), dtype=np.int64)
    misfit = _RESEMBLANCE * _misfit(*_resemblance(cosines, sets), _wanted(count, lots))
    for of_cue in distances.values():
        misfit += _of_cue(of_cue, sets, _wanted(count, lots))
    for first, second in combinations(range(count), 2):
        misfit += _SAME_PERSON * (cosines[sets[:, first], sets[:, second]] >= SAME_FACE)
    if background is not None:
        some = _some(sets, misfit, lots)
        sets, misfit = sets[some], misfit[some]
        opened = sorted(set(sets.ravel().tolist()))
        of_cue = np.full(faces + 1, np.nan)
        of_cue[[0, *opened]] = background([0, *opened])
        misfit = misfit + _of_cue(of_cue, sets, _wanted(count, lots))
    best = np.flatnonzero(misfit <= misfit.min() + 1e-9).tolist()
    chosen = sets[lots.choice(best)].tolist()
    lots.shuffle(chosen)
    return tuple(chosen)


def _wanted(count: int, lots: Random) -> int:
    """Draw how many fillers come before the candidate."""
    return lots.choices(range(count + 1), [_LEAN, *[1.0] * (count - 1), 2 - _LEAN])[0]


def _some(sets: Places, misfit: Doubles, lots: Random) -> Places:
    """Return the rows of sets of at most `LOOKED_AT` different faces, those that fit best."""
    mixed = np.random.default_rng(lots.getrandbits(64)).permutation(len(sets))
    faces: set[int] = set()
    for place in mixed[np.argsort(misfit[mixed], kind="stable")].tolist():
        more = faces | set(sets[place].tolist())
        if len(more) > LOOKED_AT:
            break
        faces = more
    return np.flatnonzero(np.isin(sets, list(faces)).all(axis=1))


def _of_cue(of_cue: Doubles, sets: Places, wanted: int) -> Doubles:
    if not np.isfinite(of_cue[0]):
        return np.zeros(len(sets))
    # A face of which the cue is not known is as far as the candidate: neither before it nor behind.
    known = np.where(np.isfinite(of_cue), of_cue, of_cue[0])
    return _misfit(np.full(len(sets), known[0]), known[sets], wanted)


def _misfit(candidate: Doubles, fillers: Doubles, wanted: int) -> Doubles:
    """Return how far each set is from having `wanted` fillers before the candidate, that is nearer than it."""
    behind = fillers - candidate[:, None]
    before = (behind < 0).sum(axis=1) + (behind == 0).sum(axis=1) / 2
    return np.asarray(np.abs(before - wanted), dtype=np.float64)


def _resemblance(cosines: Doubles, sets: Places) -> tuple[Doubles, Doubles]:
    """Return how far the candidate and each filler are from the other faces of their set, for every set."""
    count = sets.shape[1]
    candidate = cosines[0][sets].mean(axis=1)
    among = cosines[sets[:, :, None], sets[:, None, :]].sum(axis=2) - 1.0
    return -candidate, -(among + cosines[0][sets]) / count


def distances_of(values: Sequence[object]) -> Doubles:
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
