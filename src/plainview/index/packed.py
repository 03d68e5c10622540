"""How faiss lays packed codes out in memory, and the removal of some: it moves the last ones over them.

Owns the places of single codes in a block. faiss's own removal leaves the moved codes where they were, so that the
next ones that are added are mixed with them, and with blocks of more than 32 codes it moves the wrong ones
(faiss 1.15.1; tests/unit/index/test_codes.py fails with it). It must never leave a removed code in memory.

A block holds `together` codes of `pairs` bytes, 4 bits a number. Byte k of the codes of 32 neighbours is in 32
bytes: lane j of the first 16 has the low numbers of the codes `_LANES[j]` (low half) and `_LANES[j]` + 16 (high
half), lane j of the other 16 their high numbers. Source: faiss, impl/pq4_fast_scan.cpp, pq4_pack_codes.
"""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

_LANES = np.arange(16).reshape(2, 8).T.ravel()  # 0, 8, 1, 9, ... 7, 15
_LANE_OF = np.argsort(_LANES)
_GROUP = 32


def remove(scan: Any, slots: NDArray[np.int64], together: int) -> None:
    """Remove the codes of these slots from a faiss fast scan with one list.

    Args:
        scan: `IndexIVFPQFastScan` with one list.
        slots: int64; those that it does not hold are passed over.
        together: codes of a block, a multiple of 32.
    """
    lists, total = scan.invlists, int(scan.ntotal)
    if not total:
        return
    numbers = faiss.rev_swig_ptr(lists.get_ids(0), total)
    gone = np.flatnonzero(np.isin(numbers, slots))
    left = total - len(gone)
    pairs = scan.pq.code_size
    blocks = -(-total // together)
    packed = faiss.rev_swig_ptr(lists.get_codes(0), blocks * together * pairs).reshape(
        blocks, pairs, together // _GROUP, _GROUP
    )
    free = gone[gone < left]
    moved = np.setdiff1d(np.arange(left, total), gone[gone >= left], assume_unique=True)
    numbers[free] = numbers[moved]
    _put(packed, free, _take(packed, moved))
    end = np.arange(left, total)
    _put(packed, end, np.zeros((len(end), 2, pairs), dtype=np.uint8))
    lists.resize(0, left)
    scan.ntotal = left


def _take(packed: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the numbers at these places, uint8 (rows, 2, pairs), 0 to 15: low and high half of each byte."""
    block, group, lane, shift = _where(packed, places)
    sides = [packed[block, :, group, lane + side] for side in (0, 16)]
    numbers = (np.stack(sides, axis=1) >> shift[:, np.newaxis, np.newaxis]) & 15
    return np.asarray(numbers, dtype=np.uint8)


def _put(packed: NDArray[np.uint8], places: NDArray[np.int64], numbers: NDArray[np.uint8]) -> None:
    """Write the numbers, uint8 (rows, 2, pairs), to these places."""
    for half in (0, 1):  # two codes share a byte: one half after the other
        here = places % _GROUP // 16 == half
        block, group, lane, shift = _where(packed, places[here])
        for side in (0, 1):
            at = (block, slice(None), group, lane + 16 * side)
            neighbours = packed[at] & (0xF0 >> shift)[:, np.newaxis]
            packed[at] = neighbours | (numbers[here, side] << shift[:, np.newaxis])


def _where(
    packed: NDArray[np.uint8], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return block, group in the block, lane in the group, and by how many bits the number is shifted."""
    block, within = np.divmod(places, packed.shape[2] * _GROUP)
    group, within = np.divmod(within, _GROUP)
    half, place = np.divmod(within, 16)
    return block, group, _LANE_OF[place], (4 * half).astype(np.uint8)
