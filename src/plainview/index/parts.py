"""One gallery divided into parts: whose a reference is, what a part follows of the log, what it tells for a search.

Owns the division and the merge, without any process or network. It must never let a candidate list show how many parts
there are.

Why the parts give the list of one machine: the walk over the estimates (index.looking) stops where the next one is far
below the `top`-th best near score so far. A part has fewer references, so its `top`-th best is never higher, and it
never stops earlier than the whole. Everything that the whole looks at is therefore in what the parts tell, and the walk
over all of that stops at the same place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import Block, Scored, ranked, settled
from plainview.index.looking import chosen, kth

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""Multipliers of SplitMix64's finish (Steele, Lea and Flood, OOPSLA 2014): neighbouring numbers go to different parts."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Rows of the log as one part sees them: what its own references come to.

    Attributes:
        first_seq, last_seq: numbers of the first and the last row, those of other parts included.
        touched, rows, added, templates: as `index.base.settled` returns them.
    """

    first_seq: int
    last_seq: int
    touched: NDArray[np.int64]
    rows: NDArray[np.int64]
    added: NDArray[np.int64]
    templates: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a scan puts in front. Arrays of one length, a row for each reference.

    Attributes:
        references: int64, the numbers in the database.
        estimates: float32, cosine, from the codes; no reference has a higher one than the lowest here and is missing.
        near: float32, cosine, from the near codes.
        exact: float64, cosine, from the templates; NaN where no list of `top` can need it.
    """

    references: NDArray[np.int64]
    estimates: NDArray[np.float32]
    near: NDArray[np.float32]
    exact: NDArray[np.float64]


def part_of(references: NDArray[np.int64], parts: int) -> NDArray[np.int64]:
    """Return the number of the part, 0 to `parts` - 1, that each reference belongs to, int64 (rows,)."""
    mixed = references.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
    mixed ^= mixed >> np.uint64(31)
    return (mixed % np.uint64(parts)).astype(np.int64)


def lacking(references: NDArray[np.int64], parts: int, missing: Collection[int]) -> NDArray[np.bool_]:
    """Return which references are in the missing ones of so many parts, bool, one for each."""
    return np.isin(part_of(references, parts), list(missing))


def divided(block: Block, parts: int) -> Iterator[Settled]:
    """Yield what each part follows of a block, in the order of their numbers."""
    touched, rows, added, templates = settled(block)
    whose, whose_added = part_of(touched, parts), part_of(added, parts)
    for part in range(parts):
        own, new = whose == part, whose_added == part
        yield Settled(block.first_seq, block.last_seq, touched[own], rows[own], added[new], templates[new])


def merged(looks: Sequence[Look], top: int, cut: float, margin: float) -> list[Scored] | None:
    """Return the list of the whole gallery from what its parts tell; None if every template must be compared.

    Args:
        looks: of every part, for the same probe and `top`.
        top: places of the list.
        cut, margin: see `index.looking.chosen`.
    """
    estimates = np.concatenate([look.estimates for look in looks])
    near = np.concatenate([look.near for look in looks])
    positions = chosen(estimates, near, top, cut, margin)
    if positions is None:
        return None
    references = np.concatenate([look.references for look in looks])[positions]
    exact = np.concatenate([look.exact for look in looks])[positions]
    if np.isnan(exact).any():
        raise ArithmeticError("a part passed over a reference that may be on the list")
    return ranked(references, exact, top)


def best_of(lists: Sequence[Sequence[Scored]], top: int) -> list[Scored]:
    """Return the `top` best of several lists."""
    every = [row for rows in lists for row in rows]
    return sorted(every, key=lambda row: (-row.score, row.reference))[:top]


def may_be_needed(
    estimates: NDArray[np.float32], near: NDArray[np.float32], top: int, margin: float
) -> NDArray[np.intp]:
    """Return the positions of the references that a list of `top` may need, wherever the whole gallery's walk stops.

    Passed over is a reference behind which `top` others of the same part remain wherever it is looked at: those that
    have at least its estimate and a near score better by more than `margin`.
    """
    order = np.argsort(-estimates, kind="stable")
    needed = np.ones(len(order), dtype=np.bool_)
    begin = top
    while begin < len(order):
        part = slice(begin, 2 * begin)
        needed[part] = near[order[part]] >= kth(near[order[:begin]], top) - margin
        begin *= 2
    return order[needed]
