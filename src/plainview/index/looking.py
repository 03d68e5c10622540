"""Which references of a scan are looked at: the one rule, for an index on one machine and for parts on many.

Owns the rule of index.compressed, step 2, as functions of estimates and near scores: walk down the estimates, and stop
where the next one is `cut` below the `top`-th best near score so far. It must never depend on the order of the
references or on how they are divided (index.parts).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import could_be_best

BEYOND = 0.001
"""Cosine by which the scan is asked for more than is needed, for the rounding of its limit."""

_FEW = 0.01
"""Share of the gallery up to which a chosen subset is scored from its templates: cheaper than the scan (measured)."""

_FIRST = 1024
"""References looked at first, to learn about where the last place will be."""


def is_scanned(size: int, whole: int, top: int, *, subset: bool, all_below: int) -> bool:
    """Say whether a search scans codes; otherwise every reference is scored from its template.

    Args:
        size: references that are compared.
        whole: references of the whole gallery.
        top: places of the list.
        subset: whether only some references are compared.
        all_below: see `index.compressed.ALL_BELOW`.
    """
    few = max(all_below, int(whole * _FEW)) if subset else all_below
    return size > max(few, top)


def first_looked_at(top: int) -> int:
    """Return how many references with the highest estimates are looked at, whatever follows, for a list of `top`."""
    return max(_FIRST, 2 * top)


def kth(scores: NDArray[np.float32], top: int) -> float:
    """Return the `top`-th highest of the scores."""
    return float(np.partition(scores, len(scores) - top)[len(scores) - top])


def front_of(estimates: NDArray[np.float32], first: int) -> NDArray[np.bool_]:
    """Mark the `first` highest estimates. Equal ones go together wherever a line is drawn, so that no order decides."""
    return np.asarray(estimates >= kth(estimates, first))


def chosen(
    estimates: NDArray[np.float32], near: NDArray[np.float32], top: int, cut: float, margin: float
) -> NDArray[np.intp] | None:
    """Return the positions of the references that can be on the list; None if every reference must be compared.

    Args:
        estimates: float32 (rows,), those of a whole gallery above `-BEYOND`, or as far down as the walk goes.
        near: float32 (rows,), near scores of the same references.
        top: places of the list.
        cut: see `index.compressed.CUT`, times the spread of an estimate; cosine.
        margin: cosine by which two near scores may swap places.
    """
    first = first_looked_at(top)
    if len(estimates) < first or kth(near[front_of(estimates, first)], top) < cut:
        return None
    looked_at = np.flatnonzero(estimates >= stop(estimates, near, top, cut))
    return np.asarray(looked_at[could_be_best(near[looked_at], top, margin)])


def stop(estimates: NDArray[np.float32], scores: NDArray[np.float32], top: int, cut: float) -> float:
    """Return the lowest estimate that is looked at: the next one is `cut` below the last place by then.

    Equal estimates are looked at together, so that their order does not matter. The last place only rises and
    the estimates only fall, so the first end of a group that fulfils it is found by halving; almost always it
    is the first below the last place of them all.
    """
    last = kth(scores, top)
    if np.count_nonzero(scores[estimates >= last - cut] >= last) >= top:
        return last - cut
    order = np.argsort(-estimates)
    estimates, scores = estimates[order], scores[order]
    ends = np.append(np.flatnonzero(np.diff(estimates)) + 1, len(estimates))
    low, high = int(np.searchsorted(ends, top)), len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        end = int(ends[middle])
        if estimates[end] < kth(scores[:end], top) - cut:
            high = middle
        else:
            low = middle + 1
    return float(estimates[ends[low] - 1])
