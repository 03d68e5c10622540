"""The compressed index on disk: a sealed head that names a watermark, and the records that it vouches for.

Owns one folder:

    head            sealed (AES-256-GCM): watermark, number of slots, the file keys, what was appended, what was erased
    codes-N.bin     a record for each slot: its code
    near-N.bin      a record for each slot: its near code
    rows-N.bin      a record for each slot: its float32 template
    refs-N.bin      8 bytes for each slot: its reference number, plain, so that it can be searched where it lies
    lock            held by the writer

Slots are only appended; the head is written beside, flushed and renamed last, so a crash leaves the older
head and the records that it counts. The database is the truth: nothing here is needed to rebuild it. It must
never leave an erased template or its code on the disk, nor write while another process does.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import IndexDamaged
from plainview.index.codes import CODEBOOK
from plainview.index.records import Append, RecordDamaged, RecordFile, new_nonce

_FORMAT = 1

_CONTEXT = b"index head"
_NONCE = 64  # bytes of a sealed head that hold its nonce, whatever the seal's layout


class Seals(Protocol):
    """What seals the head: storage.seal.Sealer."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Undo it; raises when the bytes were altered."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says.

    Attributes:
        generation: number N of the files, drawn at random.
        watermark: last row of the gallery's log that is in the slots.
        count: slots that were written, the erased ones included.
        keys: of the codes, near codes and rows, 32 bytes each.
        appends: how the slots were written.
        erased: slots that are erased, sorted.
    """

    generation: int = field(default_factory=lambda: secrets.randbits(48))
    watermark: int = 0
    count: int = 0
    keys: tuple[bytes, ...] = field(default_factory=lambda: tuple(os.urandom(32) for _ in range(3)), repr=False)
    appends: tuple[Append, ...] = ()
    erased: tuple[int, ...] = ()

    def to_bytes(self, dim: int) -> bytes:
        """Return the head as JSON."""
        value = {
            "format": _FORMAT,
            "codebook": CODEBOOK,
            "dim": dim,
            "generation": self.generation,
            "watermark": self.watermark,
            "count": self.count,
            "keys": [base64.b64encode(key).decode() for key in self.keys],
            "appends": [[append.first, append.nonce] for append in self.appends],
            "erased": self.erased,
        }
        return json.dumps(value).encode()

    @classmethod
    def from_bytes(cls, data: bytes, dim: int) -> Head:
        """Read a head; raises `IndexDamaged` when it is of another format, code or dimension."""
        value: dict[str, Any] = json.loads(data)
        if [value.get(name) for name in ("format", "codebook", "dim")] != [_FORMAT, CODEBOOK, dim]:
            raise IndexDamaged("it was written in another format or for another model")
        keys = tuple(base64.b64decode(key) for key in value["keys"])
        appends = tuple(Append(first, nonce) for first, nonce in value["appends"])
        return cls(value["generation"], value["watermark"], value["count"], keys, appends, tuple(value["erased"]))


class Store:
    """The folder, as one process sees it; `head` is the one that it has read last."""

    def __init__(self, folder: Path, seals: Seals, dim: int, code_bytes: int) -> None:
        """Make the folder (mode 0700) where it is missing; nothing is read yet.

        Raises:
            OSError: it may not be made.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._seals = seals
        self._dim = dim
        self._code_bytes = code_bytes
        self._signature: bytes | None = None
        self.head = self._pending = Head()
        self._take(self.head)

    @property
    def _head_file(self) -> Path:
        return self.folder / "head"

    def changed(self) -> bool:
        """Say whether the head on disk is another one than was read last."""
        return self._stamp() != self._signature

    def read_head(self) -> bool:
        """Read the head; return whether there is one.

        Raises:
            IndexDamaged: the head or a file that it counts is altered, missing or of another kind.
        """
        signature = self._stamp()
        try:
            sealed = self._head_file.read_bytes()
        except FileNotFoundError:
            self._signature = None
            self._take(Head())
            return False
        try:
            plain = self._seals.open(sealed, _CONTEXT)
        except Exception as error:  # whatever the sealer raises: it is another layer's
            raise IndexDamaged("its head was altered or belongs to another key") from error
        self._take(Head.from_bytes(plain, self._dim))
        self._signature = signature
        return True

    def codes(self, first: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint8]]]:
        """Yield slots from `first` on in runs: the slots, whether each is there, their codes (rows, code_bytes).

        Raises:
            IndexDamaged: a check fails, or the reference numbers differ from the records.
        """
        run = 65536
        for begin in range(first, self.head.count, run):
            slots = np.arange(begin, min(begin + run, self.head.count), dtype=np.int64)
            with _as_damaged():
                there, references, codes = self._codes.read(slots)
            if not np.array_equal(references[there], self.references[slots][there]):
                raise IndexDamaged("its reference numbers are not those of its records")
            yield slots, there, codes

    def rows(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float32]]:
        """Return whether each slot is there, its reference, its template, float32 (rows, dimension).

        Raises:
            IndexDamaged: a check fails.
        """
        with _as_damaged():
            there, references, payload = self._rows.read(slots)
        self._require_erased(slots[~there])
        return there, references, payload.view(np.float32)

    def near(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
        """Return whether each slot is there, and its near code, int8 (rows, dimension).

        Raises:
            IndexDamaged: a check fails.
        """
        with _as_damaged():
            there, _, payload = self._near.read(slots)
        self._require_erased(slots[~there])
        return there, payload.view(np.int8)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the right to write; waits for another process that holds it.

        Raises:
            OSError: the folder may not be written.
        """
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def append(
        self,
        references: NDArray[np.int64],
        codes: NDArray[np.uint8],
        near: NDArray[np.int8],
        templates: NDArray[np.float32],
    ) -> None:
        """Write and flush further slots; they count after `commit`. The caller is `writing`.

        Raises:
            OSError: the disk is full or may not be written; then nothing counts.
        """
        first, nonce = self._pending.count, new_nonce()
        records, refs_file = self._files(self._pending)
        parts = (codes, near.view(np.uint8), np.ascontiguousarray(templates).view(np.uint8))
        for file, payload in zip(records, parts, strict=True):
            file.write(first, nonce, references, payload)
        _write_at(refs_file, first * 8, references.tobytes())
        self._pending = replace(
            self._pending,
            count=first + len(references),
            appends=(*self._pending.appends, Append(first, nonce)),
        )

    def erase(self, slots: NDArray[np.int64]) -> None:
        """Overwrite template and code of these slots with zeros and flush. The caller is `writing`.

        Raises:
            OSError: the disk may not be written.
        """
        if len(slots):
            for file in (self._codes, self._near, self._rows):  # the code first: see _require_erased
                file.erase(slots)

    def commit(self, watermark: int, erased: NDArray[np.int64]) -> None:
        """Let everything that was appended count, up to this row of the log. The caller is `writing`.

        Raises:
            OSError: the disk is full or may not be written; then the older head still counts.
        """
        head = replace(self._pending, watermark=watermark, erased=tuple(erased.tolist()))
        sealed = self._seals.seal(head.to_bytes(self._dim), _CONTEXT)
        beside = self.folder / "head.part"
        beside.unlink(missing_ok=True)
        _write_at(beside, 0, sealed)
        beside.replace(self._head_file)
        self._flush_folder()
        self._take(head)
        self._signature = self._stamp()

    def next_generation(self) -> None:
        """Begin files with new keys beside the present ones; `commit` makes them count, `sweep` removes the old."""
        self._pending = Head()

    def give_up(self) -> None:
        """Forget what was appended and not committed, as after an error in writing."""
        self._pending = self.head

    def sweep(self) -> None:
        """Remove the files of other generations. The caller is `writing`."""
        for path in self.folder.glob("*-*.bin"):
            if path.stem.split("-")[1] != str(self.head.generation):
                path.unlink(missing_ok=True)
        self._flush_folder()

    def wipe(self) -> None:
        """Remove head and files. The caller is `writing`."""
        for path in (self._head_file, self.folder / "head.part", *self.folder.glob("*-*.bin")):
            path.unlink(missing_ok=True)
        self._flush_folder()
        self._signature = None
        self._take(Head())

    def _require_erased(self, slots: NDArray[np.int64]) -> None:
        """Raise `IndexDamaged` if one of these empty records has a code still: then nobody erased it."""
        if len(slots):
            with _as_damaged():
                has_code, _, _ = self._codes.read(slots)
            if has_code.any():
                raise IndexDamaged(f"record {int(slots[has_code][0])} is empty and nobody erased it")

    def _take(self, head: Head) -> None:
        """Make this head the one that counts here, and map what it counts."""
        records, refs_file = self._files(head)
        with _as_damaged():
            for file in records:
                file.see(head.count, list(head.appends))
        self.references: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        if head.count:
            try:
                self.references = np.asarray(np.memmap(refs_file, dtype=np.int64, mode="r", shape=(head.count,)))
            except (OSError, ValueError):
                raise IndexDamaged("its reference numbers are missing or cut short") from None
        self._codes, self._near, self._rows = records
        self.head = self._pending = head

    def _files(self, head: Head) -> tuple[tuple[RecordFile, RecordFile, RecordFile], Path]:
        place = self.folder / f"refs-{head.generation}.bin"
        codes, near, rows = (
            RecordFile(place.with_name(f"{name}-{head.generation}.bin"), key, payload)
            for name, key, payload in zip(
                ("codes", "near", "rows"),
                head.keys,
                (self._code_bytes, self._dim, self._dim * 4),
                strict=True,
            )
        )
        return (codes, near, rows), place

    def _stamp(self) -> bytes | None:
        # Its random nonce: inode, time and size can all be those of an older head within one tick of the clock.
        with suppress(FileNotFoundError), self._head_file.open("rb") as file:
            return file.read(_NONCE)
        return None

    def _flush_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _as_damaged() -> Iterator[None]:
    try:
        yield
    except RecordDamaged as damaged:
        raise IndexDamaged(str(damaged)) from None


def _write_at(path: Path, place: int, data: bytes) -> None:
    """Write and flush bytes at a place of a private file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            done = os.pwrite(descriptor, rest, place)
            rest, place = rest[done:], place + done
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
