"""How near each reference of a gallery lies to its cohort, kept in eight bytes a reference.

Owns the two sorted arrays and the changes that wait to be merged into them. It must never round: a nearness has
`DECIMALS` decimals already and is kept as a whole number of the last one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from plainview.scores.scoring import DECIMALS, Doubles

_UNIT = 10**DECIMALS

_GONE = np.iinfo(np.int32).min
"""Value of a reference that was removed; a nearness is between -1 and 1."""

_WAIT = 8_192
"""Changes that wait in a dictionary: a merge copies both arrays, which takes 3 ms for a million references."""


class Nearness:
    """Reference number -> nearness. Safe to use from several threads."""

    def __init__(self) -> None:
        self._packed = (np.zeros(0, np.uint32), np.zeros(0, np.int32))
        self._waiting: dict[int, int] = {}
        self._lock = threading.Lock()

    def keep(self, references: Sequence[int], nearness: Doubles) -> None:
        """Keep the nearness of these references: float64, shape (references,), as `Scorer.nearness` returns it."""
        values = np.rint(nearness * _UNIT).astype(np.int32).tolist()
        self._change(zip(references, values, strict=True))

    def drop(self, references: Iterable[int]) -> None:
        """Forget these references."""
        self._change((reference, _GONE) for reference in references)

    def of(self, references: Sequence[int]) -> dict[int, float]:
        """Return those of the references that are kept, with their nearness."""
        known: dict[int, int] = {}
        rest = []
        for reference in references:
            value = self._waiting.get(reference)
            if value is None:
                rest.append(reference)
            else:
                known[reference] = value
        keys, values = self._packed  # read after the waiting ones: a merge in between moves values from there to here
        if len(keys) and rest:
            asked = np.minimum(np.array(rest, np.uint64), np.iinfo(keys.dtype).max).astype(keys.dtype)
            places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
            for reference, key, value in zip(rest, keys[places].tolist(), values[places].tolist(), strict=True):
                if key == reference:
                    known[reference] = value
        return {reference: value / _UNIT for reference, value in known.items() if value != _GONE}

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays: eight a reference up to number 4,294,967,295, and twelve beyond."""
        return sum(part.nbytes for part in self._packed)

    def _change(self, changes: Iterable[tuple[int, int]]) -> None:
        with self._lock:
            self._waiting.update(changes)
            if len(self._waiting) < _WAIT:
                return
            merged = dict(self._waiting)
            self._packed = _merged(*self._packed, merged)
            for reference in merged:
                del self._waiting[reference]


def _merged(
    keys: NDArray[np.unsignedinteger], values: NDArray[np.int32], changes: dict[int, int]
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.int32]]:
    """Return both arrays with the changes, ascending by key, without what is gone."""
    wide = max(changes) > np.iinfo(np.uint32).max or keys.dtype == np.uint64
    new = np.array(sorted(changes), np.uint64 if wide else np.uint32)
    fresh = np.array([changes[key] for key in new.tolist()], np.int32)
    left = np.isin(keys, new, invert=True, assume_unique=True)
    keys, values = keys[left], values[left]
    new, fresh = new[fresh != _GONE], fresh[fresh != _GONE]
    places = np.searchsorted(keys, new)
    return np.insert(keys.astype(new.dtype, copy=False), places, new), np.insert(values, places, fresh)
