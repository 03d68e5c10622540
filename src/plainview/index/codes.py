"""Four bits for every two components of a template: short codes that one core scans at memory speed.

Owns the code and the faiss structure that scans it. The code is a constant of the dimension, not trained: a
fixed turn of the space makes every component of a unit vector nearly normal with variance 1/dimension, and
four levels a component are the best there are for a normal variable. So an index learns nothing from faces,
a rebuilt index gives the same list as the old one, and nothing that was learned from an expunged person can
stay. docs/adr/0005 has the comparison with a trained code. It must never score anything for an answer: its
scores are estimates that choose which templates are looked at.
"""

from __future__ import annotations

import math
from functools import lru_cache

import faiss
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.types import Vector

CODEBOOK = 1
"""Version of everything below; a store that was written under another one is made anew."""

_LEVELS = (-1.5104, -0.4528, 0.4528, 1.5104)
"""Best four levels for a standard normal variable (Max, Quantizing for Minimum Distortion, 1960, table I)."""

_DISTORTION = 0.1175
"""Mean squared error of these levels (same table): the share of a template that its code loses."""

_SHRINK = 1 - _DISTORTION
"""By how much the best levels shorten a template; an estimate is divided by it so that it is right on average."""

_TURN_SEED = 20260101
"""Seed of the fixed turn. Any would do; it is part of `CODEBOOK`."""


def require_dimension(dim: int) -> None:
    """Raise `ValueError` unless templates of this dimension can be coded: a multiple of 4, so of whole bytes."""
    if dim < 4 or dim % 4:
        raise ValueError(f"a compressed index needs a dimension that is a multiple of 4, not {dim}")


def spread(dim: int) -> float:
    """Return the standard deviation of an estimate around the exact cosine.

    With x = (1 - D) x + w, where w is the error of the code, x and w hardly depend on each other and w has
    the variance D (1 - D) / dimension a component; the estimate divides by 1 - D. Measured on 3,716 real
    SFace templates before the division: 0.0303, computed 0.0303 (docs/reference/scale.md).
    """
    return math.sqrt(_DISTORTION / _SHRINK / dim)


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
        self._scan = faiss.IndexIVFPQFastScan(self._empty())

    def __len__(self) -> int:
        """Codes in the set."""
        return int(self._scan.ntotal)

    def encode(self, templates: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the codes, uint8 (rows, code_bytes), of templates, float32 (rows, dimension)."""
        return np.asarray(self._scan.pq.compute_codes(templates @ _turn(self.dim)), dtype=np.uint8)

    def add(self, slots: NDArray[np.int64], templates: NDArray[np.float32]) -> None:
        """Add templates, float32 (rows, dimension), under their slots, int64 (rows,)."""
        if len(slots):
            self._scan.add_with_ids(templates @ _turn(self.dim), slots)

    def add_coded(self, slots: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """Add codes that `encode` made. The code of a decoded code is that code, so nothing changes on the way."""
        if len(slots):
            self._scan.add_with_ids(self._scan.pq.decode(codes), slots)

    def load(self, slots: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """Take these codes in place of all others; many times as fast as `add_coded`."""
        plain = self._empty()
        if len(slots):
            plain.invlists.add_entries(0, len(slots), faiss.swig_ptr(slots), faiss.swig_ptr(codes))
            plain.ntotal = len(slots)
        self._scan = faiss.IndexIVFPQFastScan(plain)

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Remove these slots; the last codes move over theirs."""
        if len(slots):
            self._scan.remove_ids(slots)

    def above(
        self, probe: Vector, floor: float, among: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return all slots whose estimated cosine is above `floor`, best first, with the estimates.

        Args:
            probe: see `Vector`.
            floor: cosine.
            among: None, or one bit for each slot, lowest bit first: only those that are set.
        """
        turned = probe[np.newaxis, :] @ _turn(self.dim)
        asked = None
        if among is not None:
            chosen = faiss.IDSelectorBitmap(len(among) * 8, faiss.swig_ptr(among))
            asked = faiss.IVFSearchParameters(sel=chosen, nprobe=1)
        _, estimates, slots = self._scan.range_search(turned, floor * _SHRINK, params=asked)
        order = np.argsort(-estimates, kind="stable")
        return slots[order], estimates[order] / np.float32(_SHRINK)

    def _empty(self) -> faiss.IndexIVFPQ:
        """Return an empty faiss index with the fixed code: one list, no residual, so estimates depend on code and probe only."""
        index = faiss.IndexIVFPQ(self._centre, self.dim, 1, self.dim // 2, 4, faiss.METRIC_INNER_PRODUCT)
        index.by_residual = False
        levels = np.array(_LEVELS, dtype=np.float32) / np.float32(math.sqrt(self.dim))
        pairs = np.array([(a, b) for a in levels for b in levels], dtype=np.float32)
        faiss.copy_array_to_vector(np.tile(pairs, (self.dim // 2, 1, 1)).ravel(), index.pq.centroids)
        index.is_trained = True
        index.nprobe = 1
        return index
