"""Backups as the first version wrote them: frames sealed with a key derived from `blobs.key`. They are still read.

Owns the format, byte for byte; nothing writes it now. It must never hand out bytes that were altered or reordered,
or take a shortened archive for a whole one.

The file: one line `plainview backup v1 ` + 32 hex digits (its id) + newline, then frames. A frame is 4 bytes of length,
big-endian, then that many bytes sealed (storage.seal) with the key derived for this id, for the context `backup frame
N`, or `backup last frame N`: nothing can be cut off, moved or added. The frames hold the tar stream of storage.aged.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from plainview.storage.aged import ArchiveDamaged, members_of
from plainview.storage.seal import OVERHEAD_BYTES, SealBroken, Sealer

if TYPE_CHECKING:
    from _typeshed import SupportsRead, WriteableBuffer

HEAD = b"plainview backup v1 "
"""How every such file begins."""

_HEAD = re.compile(re.escape(HEAD) + rb"([0-9a-f]{32})\n")
_HEAD_BYTES = len(HEAD) + 32 + 1
_CHUNK = 1 << 20
_LENGTH = 4


def read_first_archive(file: BinaryIO, sealer: Sealer) -> Iterator[tuple[str, SupportsRead[bytes]]]:
    """Yield (name, stream) of each member in order, as `storage.aged.read_archive` does.

    Raises:
        ArchiveDamaged: at any point.
    """
    head = _HEAD.fullmatch(file.read(_HEAD_BYTES))
    if head is None:
        raise ArchiveDamaged("it is not a Plainview backup")
    yield from members_of(_Opened(file, sealer.derive(f"backup {head[1].decode()}")))


class _Opened(io.RawIOBase):
    """Opens frames one after the other."""

    def __init__(self, file: BinaryIO, sealer: Sealer) -> None:
        self._file, self._sealer = file, sealer
        self._number, self._rest, self._ended = 0, b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        while not self._rest and not self._ended:
            self._rest = self._next()
        part = self._rest[: len(view)]
        view[: len(part)] = part
        self._rest = self._rest[len(part) :]
        return len(part)

    def _next(self) -> bytes:
        length = int.from_bytes(self._file.read(_LENGTH), "big")
        if not OVERHEAD_BYTES <= length <= _CHUNK + OVERHEAD_BYTES:
            raise ArchiveDamaged("it is incomplete or was altered")
        sealed = self._file.read(length)
        for kind in ("frame", "last frame"):
            try:
                plain = self._sealer.open(sealed, f"backup {kind} {self._number}".encode())
            except SealBroken:
                continue
            self._ended = kind == "last frame"
            if self._ended and self._file.read(1):
                raise ArchiveDamaged("data was added to it")
            self._number += 1
            return plain
        raise ArchiveDamaged("it was altered, or the key belongs to another workspace")
