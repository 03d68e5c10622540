"""A file of encrypted records of one size, read at any place through a memory map.

Owns the record: 8 bytes reference number | payload | padding to whole blocks | 8 bytes check, all encrypted
with AES-256 in counter mode. Counter mode gives the key stream of any place by itself, so that thousands of
scattered records are opened with one call; an authenticated cipher would have to open each by itself (the
cost is measured in docs/adr/0005). It must never write two contents under one key stream, nor return a record
whose check fails. A record of zeros on the disk is an erased one.

The counter block is 8 bytes nonce | 8 bytes number of the block in the file, big-endian. Each append has a
random nonce of its own, so that a place which a crash left half-written is written again under another stream.
The check is the sum of the record's 8-byte words, each times a secret odd number, and of its slot times
another: any change within one word is seen for certain, scrambled bytes but for a chance near 2^-64. It is
made for faults of the disk, not for a forger who may write to it; the head of the store is authenticated.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

BLOCK = 16
"""Bytes of an AES block."""

_AT_ONCE = 256 * 1024
"""Bytes of records opened in one call, so that the working copies stay in the core's cache."""

_NO_NONCE = 2**64 - 1
"""Nonce of the stream that gives the check's secret numbers; appends draw below it."""


class RecordDamaged(Exception):
    """A record that is not what was written."""


@dataclass(frozen=True, slots=True)
class Append:
    """One append: all records from slot `first` on, up to the next append, have this nonce."""

    first: int
    nonce: int


def new_nonce() -> int:
    """Draw a nonce for one append."""
    return int.from_bytes(os.urandom(8)) % _NO_NONCE


class RecordFile:
    """Records of `payload` bytes by slot number. Several threads may read; appends are the owner's to order."""

    def __init__(self, path: Path, key: bytes, payload: int) -> None:
        """Take the file's place and key (32 bytes); nothing is read or written yet."""
        self.path = path
        self.width = -(-(8 + payload + 8) // BLOCK) * BLOCK
        self._payload = payload
        self._words = self.width // 8
        self._at_once = max(1, _AT_ONCE // self.width)
        self._blocks = self.width // BLOCK
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305  the block function of counter mode
        numbers = self._stream(np.array([_NO_NONCE], dtype=np.uint64), np.zeros(1, dtype=np.int64))
        self._secret = numbers[0] | np.uint64(1)
        self._map: NDArray[np.uint64] = np.zeros((0, self._words), dtype=np.uint64)
        self._firsts = np.zeros(0, dtype=np.int64)
        self._nonces = np.zeros(0, dtype=np.uint64)

    def write(self, first: int, nonce: int, references: NDArray[np.int64], payload: NDArray[np.uint8]) -> None:
        """Write and flush records from slot `first` on; they are read after the next `see`.

        Raises:
            OSError: the disk is full or may not be written.
        """
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            for begin in range(0, len(references), self._at_once):
                part = slice(begin, begin + self._at_once)
                slots = np.arange(first + begin, first + begin + len(references[part]), dtype=np.int64)
                plain = np.zeros((len(slots), self.width), dtype=np.uint8)
                plain[:, :8] = references[part, np.newaxis].view(np.uint8)
                plain[:, 8 : 8 + self._payload] = payload[part]
                words = plain.view(np.uint64)
                words[:, -1] = self._check(words, slots)
                words ^= self._stream(np.full(len(slots), nonce, dtype=np.uint64), slots)
                sealed = memoryview(words.data).cast("B")
                place = int(slots[0]) * self.width
                while sealed:
                    done = os.pwrite(descriptor, sealed, place)
                    sealed, place = sealed[done:], place + done
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def see(self, count: int, appends: list[Append]) -> None:
        """Map the first `count` records, written by these appends.

        Raises:
            RecordDamaged: the file is missing or shorter.
        """
        if count:
            try:
                mapped = np.memmap(self.path, dtype=np.uint64, mode="r", shape=(count, self._words))
            except (OSError, ValueError):
                raise RecordDamaged(f"{self.path.name} is missing or cut short") from None
            self._map = np.asarray(mapped)  # a plain array over the same pages: a memmap is slower to index
        else:
            self._map = np.zeros((0, self._words), dtype=np.uint64)
        self._firsts = np.array([append.first for append in appends], dtype=np.int64)
        self._nonces = np.array([append.nonce for append in appends], dtype=np.uint64)

    def read(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint8]]:
        """Return whether each record is there (an erased one is not), its reference, its payload (rows, payload).

        Those of an erased record mean nothing.

        Raises:
            RecordDamaged: a check fails.
        """
        there = np.empty(len(slots), dtype=np.bool_)
        references = np.empty(len(slots), dtype=np.int64)
        payload = np.empty((len(slots), self._payload), dtype=np.uint8)
        for begin in range(0, len(slots), self._at_once):
            part = slice(begin, begin + self._at_once)
            wanted = slots[part]
            words = self._map.take(wanted, axis=0)
            nonces = self._nonces[np.searchsorted(self._firsts, wanted, side="right") - 1]
            words ^= self._stream(nonces, wanted)
            there[part] = self._check(words, wanted) == words[:, -1]
            wrong = wanted[~there[part]]  # the erased ones among them
            if len(wrong):
                damaged = wrong[self._map.take(wrong, axis=0).any(axis=1)]
                if len(damaged):
                    raise RecordDamaged(f"{self.path.name}: record {int(damaged[0])} is not what was written")
            references[part] = words[:, 0].view(np.int64)
            payload[part] = words.view(np.uint8)[:, 8 : 8 + self._payload]
        return there, references, payload

    def erase(self, slots: NDArray[np.int64]) -> None:
        """Overwrite these records with zeros and flush.

        Raises:
            OSError: the disk may not be written.
        """
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            for slot in slots.tolist():
                os.pwrite(descriptor, bytes(self.width), slot * self.width)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _check(self, words: NDArray[np.uint64], slots: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the checks of plain records, uint64 (rows,); the last word, where they belong, is left out."""
        sums = words[:, :-1] @ self._secret[:-1]
        return np.asarray(sums + slots.astype(np.uint64) * self._secret[-1] + self._secret[0], dtype=np.uint64)

    def _stream(self, nonces: NDArray[np.uint64], slots: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the key stream of records, uint64 (rows, words)."""
        rows = len(slots)
        counters = np.empty((rows, self._blocks, 2), dtype=">u8")
        counters[:, :, 0] = nonces[:, np.newaxis]
        counters[:, :, 1] = slots[:, np.newaxis] * self._blocks + np.arange(self._blocks)
        stream = np.empty(rows * self.width + BLOCK - 1, dtype=np.uint8)
        self._cipher.encryptor().update_into(counters.data.cast("B"), stream.data)
        return stream[: rows * self.width].view(np.uint64).reshape(rows, self._words)
