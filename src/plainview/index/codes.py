"""Short codes of templates, and the scan of all of them: which templates are worth looking at.

Owns two codes. The *code* has four bits for every two components; one core scans those of a whole gallery at
the speed of memory. The *near* code has one byte a component; it is read for the few thousand that the scan
puts in front. Both are constants of the dimension, not trained: a fixed turn of the space makes every
component of a unit vector nearly normal with variance 1/dimension, and the sixteen points are the best there
are for a pair of normal variables. So an index learns nothing from faces, a rebuilt index gives the same list
as the old one, and nothing that was learned from an expunged person can stay. docs/adr/0005 compares it with
a trained code. It must never score anything for an answer: its scores only choose what is looked at.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from plainview.index.packed import remove
from plainview.recognition.types import Vector

CODEBOOK = 1
"""Version of everything below; a store that was written under another version is rebuilt."""

_POINTS = (
    (-0.025, -0.004),
    (-0.91, -0.194),
    (-0.31, -0.9),
    (0.577, -0.685),
    (0.9, 0.196),
    (0.251, 0.847),
    (-0.67, 0.699),
    (-1.505, -1.133),
    (-0.399, -1.927),
    (0.854, -1.698),
    (1.702, -0.724),
    (1.905, 0.534),
    (1.095, 1.495),
    (-0.162, 1.85),
    (-1.408, 1.443),
    (-1.886, 0.196),
)
"""Sixteen points that stand for a pair of standard normal variables: Lloyd's method on a million draws, rounded."""

_DISTORTION = 0.1078
"""Mean squared error a component of these points, on other draws: the share of a template that its code loses."""

_NEAR_REACH = 4.5
"""Standard deviations that a byte covers; a component in 150,000 lies beyond and is cut."""

_PROBE_STEPS = 2**24 / 30
"""Steps in a probe of dimension 1. A near code of dimension d has length 127 / `_NEAR_REACH` * sqrt(d), plus 0.5 * sqrt(d)
of rounding: 28.8 * sqrt(d). By Cauchy and Schwarz no sum of its products with a probe of 2^24 / 30 / sqrt(d) steps
reaches 2^24."""

_SHRINK = 1 - _DISTORTION
"""By how much the points shorten a template; an estimate is divided by it so that it is right on average."""

_TOGETHER = 64
"""Codes that the scan takes at a time: with 64 it reads its tables half as often as with 32, and 96 are slower."""

_TURN_SEED = 20260101
"""Seed of the fixed turn. Any would do; it is part of `CODEBOOK`."""


def require_dimension(dim: int) -> None:
    """Raise `ValueError` unless templates of this dimension can be coded: a multiple of 4, so of whole bytes."""
    if dim < 4 or dim % 4:
        raise ValueError(f"a compressed index needs a dimension that is a multiple of 4, not {dim}")


def spread(dim: int) -> float:
    """Return the standard deviation of an estimate around the exact cosine.

    A code is (1 - D) x + w, where w hardly depends on the template x and has the variance D (1 - D) / dimension
    a component; the estimate divides by 1 - D. docs/explanation/scale.md compares it with real templates.
    """
    return math.sqrt(_DISTORTION / _SHRINK / dim)


def near_margin(dim: int) -> float:
    """Return the cosine by which two near scores may swap places: ten standard deviations of their rounding."""
    return 10 * _near_step(dim) / math.sqrt(12)


def near_codes(templates: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the near codes, int8 (rows, dimension), of templates, float32 (rows, dimension)."""
    dim = templates.shape[1]
    steps = (templates @ _turn(dim)) / np.float32(_near_step(dim))
    return np.asarray(np.clip(np.rint(steps), -127, 127), dtype=np.int8)


def near_scores(near: NDArray[np.int8], probe: Vector) -> NDArray[np.float32]:
    """Return the cosines, float32 (rows,), of near codes with a probe, right to about a thousandth.

    The probe is rounded to whole steps so small that they do not show, and so large that every sum of products is a
    whole number below 2^24: float32 adds those without an error. So a score does not depend on which other rows are
    scored with it, nor on the order in which a BLAS kernel adds.
    """
    dim = len(probe)
    steps = _PROBE_STEPS / math.sqrt(dim)
    turned = np.rint((probe[np.newaxis, :] @ _turn(dim))[0] * np.float32(steps))
    return np.asarray(near.astype(np.float32) @ turned) * np.float32(_near_step(dim) / steps)


def _near_step(dim: int) -> float:
    """Return what one step of a near code is worth."""
    return _NEAR_REACH / 127 / math.sqrt(dim)


def _on_this_thread() -> None:
    """Keep faiss on the calling thread: the scan of one probe is not split, and waking others for a few rows costs
    more than coding them. OpenMP remembers the number for each thread by itself, so it is set at every call.
    """
    faiss.omp_set_num_threads(1)


def _give_back() -> None:
    """Let the allocator return what it keeps of the copy that a load goes through: as much again as the codes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others return memory by themselves
    if trim is not None:
        trim(0)


@lru_cache(maxsize=4)
def _turn(dim: int) -> NDArray[np.float32]:
    """Return an orthogonal matrix, float32 (dim, dim), the same on every machine up to rounding."""
    normal = np.random.default_rng(_TURN_SEED).standard_normal((dim, dim))
    turn, upper = np.linalg.qr(normal)
    turn *= np.sign(np.diag(upper))  # LAPACKs differ in the signs; with these the factor is unique
    return np.ascontiguousarray(turn, dtype=np.float32)


class Codes:
    """The codes of all references, each under the number of its slot, and the scan of them.

    Not safe to change while it is searched; the index that owns it holds the lock.
    """

    def __init__(self, dim: int) -> None:
        """Make an empty set for templates of `dim` components.

        Raises:
            ValueError: the dimension cannot be coded.
        """
        require_dimension(dim)
        self.dim = dim
        self.code_bytes = dim // 4
        self._centre = faiss.IndexFlatIP(dim)
        self._centre.add(np.zeros((1, dim), dtype=np.float32))
        # Any: faiss's stubs lack what it adds in Python.
        self._scan: Any = faiss.IndexIVFPQFastScan(self._empty(), _TOGETHER)

    def __len__(self) -> int:
        """Codes in the set."""
        return int(self._scan.ntotal)

    def encode(self, templates: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the codes, uint8 (rows, code_bytes), of templates, float32 (rows, dimension)."""
        _on_this_thread()
        return np.asarray(self._scan.pq.compute_codes(templates @ _turn(self.dim)), dtype=np.uint8)

    def add(self, slots: NDArray[np.int64], templates: NDArray[np.float32]) -> None:
        """Add templates, float32 (rows, dimension), under their slots, int64 (rows,)."""
        _on_this_thread()
        if len(slots):
            self._scan.add_with_ids(templates @ _turn(self.dim), slots)

    def add_coded(self, slots: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """Add codes that `encode` made. The code of a decoded code is that code, so nothing changes on the way."""
        _on_this_thread()
        if len(slots):
            self._scan.add_with_ids(self._scan.pq.decode(codes), slots)

    def load(self, parts: Iterable[tuple[NDArray[np.int64], NDArray[np.uint8]]], total: int) -> None:
        """Take these slots and codes, `total` in all, in place of all others; many times as fast as `add_coded`."""
        loading = self.loading(total)
        for slots, codes in parts:
            loading.take(slots, codes)
        loading.finish()

    def loading(self, total: int) -> Loading:
        """Begin to take about `total` slots and codes in place of all others."""
        return Loading(self, total)

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Remove these slots; the last codes move over theirs."""
        _on_this_thread()
        if len(slots):
            remove(self._scan, slots, _TOGETHER)

    def above(
        self, probe: Vector, floor: float, among: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return all slots whose estimated cosine is above `floor`, in no order, with the estimates.

        Args:
            probe: see `Vector`.
            floor: cosine.
            among: None, or one bit for each slot, lowest bit first: only those that are set.
        """
        _on_this_thread()
        turned = probe[np.newaxis, :] @ _turn(self.dim)
        asked = None
        if among is not None:
            chosen = faiss.IDSelectorBitmap(len(among), faiss.swig_ptr(among))
            parameters: Any = faiss.IVFSearchParameters
            asked = parameters(sel=chosen, nprobe=1)
        _, estimates, slots = self._scan.range_search(turned, floor * _SHRINK, params=asked)
        return slots, estimates / np.float32(_SHRINK)

    def _empty(self) -> Any:
        """Return an empty faiss index with the fixed code: one list, no residual, so estimates depend on code and probe only."""
        index: Any = faiss.IndexIVFPQ(self._centre, self.dim, 1, self.dim // 2, 4, faiss.METRIC_INNER_PRODUCT)
        index.by_residual = False
        points = np.array(_POINTS, dtype=np.float32) / np.float32(math.sqrt(self.dim))
        faiss.copy_array_to_vector(np.tile(points, (self.dim // 2, 1, 1)).ravel(), index.pq.centroids)
        index.is_trained = True
        index.nprobe = 1
        return index


class Loading:
    """Slots and codes on their way into a set; they count when `finish` returns, and until then the set is as it was."""

    def __init__(self, codes: Codes, total: int) -> None:
        """Make room for about `total`."""
        _on_this_thread()
        self._codes, self._plain, self._room = codes, codes._empty(), total
        self._plain.invlists.resize(0, total)

    def take(self, slots: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """Take more: int64 (rows,) and uint8 (rows, code_bytes)."""
        plain = self._plain
        if plain.ntotal + len(slots) > self._room:
            self._room = max(plain.ntotal + len(slots), 2 * self._room)
            plain.invlists.resize(0, self._room)
        if len(slots):
            plain.invlists.update_entries(0, plain.ntotal, len(slots), faiss.swig_ptr(slots), faiss.swig_ptr(codes))
            plain.ntotal += len(slots)

    def finish(self) -> None:
        """Put what was taken in place of all others."""
        plain = self._plain
        plain.invlists.resize(0, plain.ntotal)
        scan: Any = faiss.IndexIVFPQFastScan(plain, _TOGETHER)
        # The scan keeps hold of what it was made from, a second copy of all codes, and never reads it.
        scan.orig_invlists = None
        scan.referenced_objects = []
        self._codes._scan = scan
        del plain, self._plain
        _give_back()
