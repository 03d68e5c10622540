"""An index that answers only while the gate lets it.

Owns the switch. It must never be turned on outside `casework.gate.compare`; a test walks the source for that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from plainview.index.base import Block, Change, Index, Scored
    from plainview.recognition.types import Vector

_ANSWERING: ContextVar[bool] = ContextVar("answering", default=False)


class OutsideTheGate(RuntimeError):
    """Something asked an index without a ground: a fault of the program, never of a person."""


@contextmanager
def answering() -> Iterator[None]:
    """Let the indexes answer in this block, in this thread. For `casework.gate.compare` alone."""
    token = _ANSWERING.set(True)
    try:
        yield
    finally:
        _ANSWERING.reset(token)


class GuardedIndex:
    """An `Index` that follows the log at any time and is searched only through the gate."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @property
    def dim(self) -> int:
        """As of `Index`."""
        return self._index.dim

    @property
    def watermark(self) -> int:
        """As of `Index`."""
        return self._index.watermark

    def __len__(self) -> int:
        return len(self._index)

    def apply(self, log: Iterable[Change | Block]) -> None:
        """As of `Index`."""
        self._index.apply(log)

    def search(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """As of `Index`, but only through the gate.

        Raises:
            OutsideTheGate: no gate is open; nothing was compared.
        """
        if not _ANSWERING.get():
            raise OutsideTheGate("A gallery is searched through casework.gate.compare only.")
        return self._index.search(template, top, among=among)

    def refresh(self) -> None:
        """As of `Index`."""
        self._index.refresh()

    def erase(self) -> None:
        """As of `Index`."""
        self._index.erase()

    def clear(self) -> None:
        """As of `Index`."""
        self._index.clear()
