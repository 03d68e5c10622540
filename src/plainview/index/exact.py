"""The index that compares the probe with every reference in full precision.

Owns one float32 matrix in memory, a row for each reference. It is fast enough up to about 100,000 references;
it must never skip one, keep the template of one that was removed, or answer from a half-applied change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import (
    Block,
    Change,
    Scored,
    as_references,
    could_be_best,
    exact_scores,
    in_blocks,
    ranked,
    require_next,
    require_question,
    rough_margin,
    settled,
)
from plainview.index.lock import SearchesOrChange
from plainview.recognition.types import Vector

_FIRST_CAPACITY = 1024
"""Rows of the first matrix: half a MB at 128 components, so that small galleries grow once at most."""


class ExactIndex:
    """Implements `Index` with one matrix product and an exact second look at the best rows.

    Rows 0 to len - 1 of the matrix are in use, in no particular order; all others are zero. A removed row is
    overwritten by the last one and the last one with zeros, so that the bytes of a removed template are
    nowhere in the matrix.
    """

    def __init__(self, dim: int) -> None:
        """Make an empty index for templates of `dim` components."""
        if dim < 1:
            raise ValueError(f"a template has 1 component or more, not {dim}")
        self._dim = dim
        self._watermark = 0
        self._row_of: dict[int, int] = {}
        self._matrix = np.zeros((0, dim), dtype=np.float32)
        self._references = np.zeros(0, dtype=np.int64)
        self._lock = SearchesOrChange()
        self._margin = rough_margin(dim)

    @property
    def dim(self) -> int:
        """Components of a template."""
        return self._dim

    @property
    def watermark(self) -> int:
        """Number of the last log row applied; 0 for none."""
        return self._watermark

    def __len__(self) -> int:
        """References that a search compares."""
        return len(self._row_of)

    def apply(self, log: Iterable[Change | Block]) -> None:
        """Follow the log from `watermark` + 1; see `Index.apply`.

        Raises:
            IndexOutOfStep: a row is missing, repeated or out of order.
            BadTemplate: a template cannot be compared.
        """
        for block in in_blocks(log, self._dim):  # reading the log holds no lock: searches go on
            touched, _, added, templates = settled(block)
            with self._lock.change():
                require_next(block, self._watermark)
                self._reserve(len(self) + len(added))
                try:
                    for reference in touched.tolist():
                        self._remove(reference)
                    self._append(added, templates)
                    self._watermark = block.last_seq
                except BaseException:  # an interrupt in mid-change: nothing is better than half
                    self._wipe()
                    raise

    def search(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """Rank the references by exact cosine; see `Index.search`.

        Raises:
            BadTemplate: the probe's template cannot be compared.
            ValueError: `top` is below 1.
        """
        require_question(template, self._dim, top)
        wanted = None if among is None else as_references(among)
        with self._lock.search():
            size = len(self)
            rough = self._matrix[:size] @ template
            if wanted is not None:
                rows = np.flatnonzero(np.isin(self._references[:size], wanted))
                rows = rows[could_be_best(rough[rows], top, self._margin)]
            else:
                rows = could_be_best(rough, top, self._margin)
            references, templates = self._references[rows], self._matrix[rows]
        return ranked(references, exact_scores(templates, template), top)

    def refresh(self) -> None:
        """Nothing: it is in the memory of one process."""

    def erase(self) -> None:
        """Nothing: it is done with the removal."""

    def clear(self) -> None:
        """Forget everything: no reference, watermark 0, no template left in the matrix."""
        with self._lock.change():
            self._wipe()

    def contents(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield what the index holds: references, int64 (rows,), and templates, float32 (rows, dimension)."""
        with self._lock.search():
            yield self._references[: len(self)].copy(), self._matrix[: len(self)]

    def begin(self, contents: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]], watermark: int) -> None:
        """Hold this, as the log up to row `watermark` left it, in place of what was held."""
        with self._lock.change():
            self._wipe()
            for references, templates in contents:
                self._reserve(len(self) + len(references))
                self._append(references, templates)
            self._watermark = watermark

    def _reserve(self, rows: int) -> None:
        """Make room for `rows` rows, at least doubling, and leave zeros in the matrix that is given up."""
        capacity = len(self._matrix)
        if rows <= capacity:
            return
        capacity = max(rows, 2 * capacity, _FIRST_CAPACITY)
        matrix = np.zeros((capacity, self._dim), dtype=np.float32)
        references = np.zeros(capacity, dtype=np.int64)
        size = len(self)
        matrix[:size] = self._matrix[:size]
        references[:size] = self._references[:size]
        self._matrix.fill(0)
        self._matrix, self._references = matrix, references

    def _append(self, references: NDArray[np.int64], templates: NDArray[np.float32]) -> None:
        """Write new rows at the end; room for them is reserved and none of them is present."""
        size = len(self)
        end = size + len(references)
        self._matrix[size:end] = templates
        self._references[size:end] = references
        self._row_of.update(zip(references.tolist(), range(size, end), strict=True))

    def _remove(self, reference: int) -> None:
        """Move the last row over this reference's row and put zeros where the last row was."""
        row = self._row_of.pop(reference, None)
        if row is None:
            return
        last = len(self._row_of)
        if row != last:
            moved = int(self._references[last])
            self._matrix[row] = self._matrix[last]
            self._references[row] = moved
            self._row_of[moved] = row
        self._matrix[last] = 0
        self._references[last] = 0

    def _wipe(self) -> None:
        """Forget everything; the caller holds the lock."""
        self._matrix.fill(0)
        self._matrix = np.zeros((0, self._dim), dtype=np.float32)
        self._references = np.zeros(0, dtype=np.int64)
        self._row_of = {}
        self._watermark = 0
