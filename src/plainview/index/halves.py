"""The codes of a large gallery in two halves, so that two cores scan them at the same time.

Owns which half has which slot: even and odd numbers. It must never change what a scan gives: an estimate depends on the
code and the probe alone, so both halves together give what one set gives, in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plainview.index.codes import Codes, Loading
from plainview.recognition.helper import both
from plainview.recognition.types import Vector

TWO_FROM = 200_000
"""Codes from which a second thread helps: waking it takes about a tenth of a millisecond, scanning these on one thread
six times as long (`plainview bench search`)."""


class Halves:
    """As `Codes`, in two sets. Not safe to change while it is searched."""

    def __init__(self, dim: int, *, two_from: int = TWO_FROM) -> None:
        """Make an empty set for templates of `dim` components.

        Raises:
            ValueError: the dimension cannot be coded.
        """
        self.dim = dim
        self._halves = (Codes(dim), Codes(dim))
        self.code_bytes = self._halves[0].code_bytes
        self._two_from = two_from

    def __len__(self) -> int:
        """Codes in the set."""
        return sum(len(half) for half in self._halves)

    def encode(self, templates: NDArray[np.float32]) -> NDArray[np.uint8]:
        """As `Codes.encode`."""
        return self._halves[0].encode(templates)

    def add(self, slots: NDArray[np.int64], templates: NDArray[np.float32]) -> None:
        """As `Codes.add`."""
        for half, own in self._own(slots):
            half.add(slots[own], templates[own])

    def add_coded(self, slots: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """As `Codes.add_coded`."""
        for half, own in self._own(slots):
            half.add_coded(slots[own], codes[own])

    def load(self, parts: Iterable[tuple[NDArray[np.int64], NDArray[np.uint8]]], total: int) -> None:
        """As `Codes.load`."""
        loadings = [half.loading(-(-total // 2)) for half in self._halves]
        self._take(loadings, parts)
        for loading in loadings:
            loading.finish()

    def _take(self, loadings: Sequence[Loading], parts: Iterable[tuple[NDArray[np.int64], NDArray[np.uint8]]]) -> None:
        # A function of its own: its arrays are gone when `finish` returns memory to the system.
        for slots, codes in parts:
            for loading, (_, own) in zip(loadings, self._own(slots), strict=True):
                loading.take(slots[own], codes[own])

    def remove(self, slots: NDArray[np.int64]) -> None:
        """As `Codes.remove`."""
        for half, own in self._own(slots):
            half.remove(slots[own])

    def above(
        self, probe: Vector, floor: float, among: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As `Codes.above`; on two threads where that is faster."""
        even, odd = (partial(half.above, probe, floor, among) for half in self._halves)
        (slots, estimates), (more, of_more) = both(even, odd, worth=len(self) >= self._two_from)
        return np.concatenate([slots, more]), np.concatenate([estimates, of_more])

    def _own(self, slots: NDArray[np.int64]) -> Iterator[tuple[Codes, NDArray[np.bool_]]]:
        """Yield each half and which of the slots are its own."""
        odd = slots % 2 == 1
        yield self._halves[0], ~odd
        yield self._halves[1], odd
