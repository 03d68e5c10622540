"""The index that the product uses unless told otherwise: exact while small, compressed when large.

Owns the sizes at which it changes, and the change itself. Between the two sizes it stays what it is, so that a
gallery near one of them does not go back and forth. It must never answer from an index that is being emptied.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import Block, Change, Scored, in_blocks, require_next
from plainview.index.compressed import CompressedIndex
from plainview.index.exact import ExactIndex
from plainview.recognition.types import Vector

GROW_AT = 100_000
"""References from which on a compressed index is at least as fast as the exact one (docs/explanation/scale.md)."""

SHRINK_AT = 50_000
"""References below which it is exact again; half as many, so that it does not go back and forth."""


class GrowingIndex:
    """Implements `Index` by an exact or a compressed one."""

    def __init__(
        self,
        dim: int,
        folder: Path,
        compressed: Callable[[], CompressedIndex],
        *,
        grow_at: int = GROW_AT,
        shrink_at: int = SHRINK_AT,
    ) -> None:
        """Open the compressed index if its folder is there, else begin with an empty exact one.

        Args:
            dim: components of a template.
            folder: of the compressed index; it exists as long as there is one.
            compressed: makes or opens it.
            grow_at: see `GROW_AT`.
            shrink_at: see `SHRINK_AT`.
        """
        self._dim = dim
        self._compressed = compressed
        self._folder = folder
        self._grow_at, self._shrink_at = grow_at, shrink_at
        self._changes = threading.Lock()
        # The exact one is as good where nothing was written yet, and it takes any dimension.
        self._now: ExactIndex | CompressedIndex = compressed() if self._is_written() else ExactIndex(dim)

    @property
    def dim(self) -> int:
        """Components of a template."""
        return self._dim

    @property
    def watermark(self) -> int:
        """Number of the last log row applied; 0 for none."""
        return self._now.watermark

    @property
    def adapter(self) -> str:
        """Which one it is now: "exact" or "compressed"."""
        return "exact" if isinstance(self._now, ExactIndex) else "compressed"

    def __len__(self) -> int:
        """References that a search compares."""
        return len(self._now)

    def refresh(self) -> None:
        """Take over what another process has written since; call it before catching up."""
        with self._changes:
            if isinstance(self._now, CompressedIndex):
                self._now.refresh()
            elif len(self._now) == 0 and self._is_written():
                self._now = self._compressed()

    def apply(self, log: Iterable[Change | Block]) -> None:
        """Follow the log from `watermark` + 1, and change the index where its size asks for it.

        Raises:
            IndexOutOfStep: a row is missing, repeated or out of order.
            BadTemplate: a template cannot be compared.
            IndexDamaged: see `Index.search`.
        """
        for block in in_blocks(log, self._dim):
            with self._changes:
                require_next(block, self.watermark)
                self._now.apply([block])
                if isinstance(self._now, ExactIndex) and len(self._now) >= self._grow_at and self._dim % 4 == 0:
                    self._turn_into(self._compressed())
                elif isinstance(self._now, CompressedIndex) and len(self._now) < self._shrink_at:
                    self._turn_into(ExactIndex(self._dim))

    def search(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """Rank the references by exact cosine; see `Index.search`.

        Raises:
            BadTemplate: the probe's template cannot be compared.
            ValueError: `top` is below 1.
            IndexDamaged: a record on disk is not what was written.
        """
        while True:
            index = self._now
            candidates = index.search(template, top, among=among)
            if index is self._now:
                return candidates

    def erase(self) -> None:
        """Overwrite on disk whatever was removed; see `CompressedIndex.erase`."""
        with self._changes:
            if isinstance(self._now, CompressedIndex):
                self._now.erase()

    def clear(self) -> None:
        """Forget everything, on disk too."""
        with self._changes:
            self._now.clear()
            self._now = ExactIndex(self._dim)

    def _is_written(self) -> bool:
        return (self._folder / "head").exists()

    def _turn_into(self, other: ExactIndex | CompressedIndex) -> None:
        """Let the other one hold what this one holds, and empty this one; the caller holds the lock."""
        before = self._now
        other.begin(before.contents(), before.watermark)
        self._now = other
        before.clear()
