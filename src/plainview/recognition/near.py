"""Pictures that are nearly the same picture: recompressed, resized or slightly cropped copies.

Owns the hash of a whole picture (PDQ, Facebook 2019, the `pdqhash` package) and the scan that finds hashes near to
one. It says something about pictures, never about faces or people: two photographs of one person are not near.
"""

from __future__ import annotations

import cv2
import faiss
import numpy as np
import pdqhash
from numpy.typing import NDArray

from plainview.recognition.types import Pixels

HASH_BYTES = 32
"""A PDQ hash has 256 bits."""

MAX_DISTANCE = 31
"""Differing bits up to which two hashes are near; source: the PDQ paper (Facebook, 2019), threshold 31 of 256."""

MIN_QUALITY = 50
"""PDQ's own quality (0 to 100) below which a hash means nothing: a plain picture; source: as above, 50."""

_SIDE = 128
"""The picture is first averaged down to a square of this side, pixels: PDQ itself filters to 64, and from 128 it
takes 0.24 ms instead of 9 ms for 512 x 600. Its hashes differ from those of the full size by about 12 bits, so
they are compared with each other only, never with a list that another program made."""


def picture_hash(pixels: Pixels) -> bytes:
    """Return the 32 bytes of a picture's hash, empty for one that is too plain to have one.

    Args:
        pixels: see `Pixels`.
    """
    small = cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    bits, quality = pdqhash.compute(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
    return bytes(np.packbits(bits.astype(np.uint8))) if quality >= MIN_QUALITY else b""


_NEAREST = 4
"""Near hashes named for one: enough to name one that still exists, and no more in a gallery of copies."""


class Hashes:
    """Hashes in memory, 32 bytes each, each new one compared with all of them by counting bits.

    A full scan (faiss IndexBinaryFlat): of a million hashes it takes 1 ms for each of 32 asked together, a
    fourteenth of the memory and no more time than multi-index hashing with the same complete answer.
    """

    def __init__(self) -> None:
        self._index = faiss.IndexBinaryFlat(HASH_BYTES * 8)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, hashes: list[bytes]) -> None:
        """Append hashes; they are numbered from 0 in the order in which they came."""
        if hashes:
            self._index.add(_rows(hashes))

    def near(self, hashes: list[bytes]) -> list[list[tuple[int, int]]]:
        """Return for each hash (number, distance in bits) of the `_NEAREST` held ones within `MAX_DISTANCE`."""
        if not hashes or not len(self):
            return [[] for _ in hashes]
        distances, numbers = self._index.search(_rows(hashes), min(_NEAREST, len(self)))
        return [
            [(number, bits) for number, bits in zip(row, differing, strict=True) if bits <= MAX_DISTANCE]
            for row, differing in zip(numbers.tolist(), distances.tolist(), strict=True)
        ]


def distance(first: bytes, second: bytes) -> int:
    """Return how many bits of two hashes differ."""
    return (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_count()


def _rows(hashes: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(len(hashes), HASH_BYTES)
