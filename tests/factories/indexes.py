"""Every index adapter that needs no server, templates and logs to try it with, and the answer by definition."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import Block, Change, Index, Scored
from plainview.index.compressed import CompressedIndex
from plainview.index.exact import ExactIndex
from plainview.index.growing import GrowingIndex
from plainview.recognition.types import Vector
from plainview.storage.seal import Sealer

DIM = 128

Factory = Callable[[int, Path], Index]
"""Makes an empty index of a dimension; the folder is the adapter's to write in."""

SEALER = Sealer(bytes(range(32)))

ADAPTERS: dict[str, Factory] = {
    "exact": lambda dim, folder: ExactIndex(dim),
    "compressed": lambda dim, folder: CompressedIndex(dim, folder, SEALER),
    # Scans codes however few there are; with so wide a cut that none of these few is missed.
    "compressed, always scanning": lambda dim, folder: CompressedIndex(dim, folder, SEALER, cut=12, all_below=0),
    # So small that it changes back and forth within these tests.
    "growing": lambda dim, folder: GrowingIndex(
        dim, folder, lambda: CompressedIndex(dim, folder, SEALER), grow_at=6, shrink_at=4
    ),
}


def faces(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Return random templates, float32 (count, DIM), length 1."""
    rows = np.random.default_rng(seed).standard_normal((count, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def adds(templates: NDArray[np.float32], first_seq: int = 1, first_reference: int = 1) -> list[Change]:
    return [Change(first_seq + i, "add", first_reference + i, row) for i, row in enumerate(templates)]


def as_block(changes: list[Change]) -> Block:
    templates = [change.template for change in changes if change.template is not None]
    return Block(
        first_seq=changes[0].seq,
        references=np.array([change.reference for change in changes]),
        is_add=np.array([change.op == "add" for change in changes]),
        templates=np.stack(templates) if templates else np.empty((0, DIM), dtype=np.float32),
    )


def by_hand(held: dict[int, Vector], probe: Vector, top: int) -> list[Scored]:
    """Return the answer by definition: correctly rounded sums of exact products, score then reference."""
    scored = [
        Scored(reference, round(math.fsum(float(a) * float(b) for a, b in zip(row, probe, strict=True)), 6))
        for reference, row in held.items()
    ]
    return sorted(scored, key=lambda s: (-s.score, s.reference))[:top]
