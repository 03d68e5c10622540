"""A sealed archive: named files in one stream that opens only with the workspace's key, whole or not at all.

Owns the format, byte for byte. It must never hand out bytes that were altered or reordered, take a shortened archive
for a whole one, or let a name in it become a path of the caller's machine: names come out as text only.

The file: one line `plainview backup v1 ` + 32 hex digits (its id) + newline, then frames. A frame is 4 bytes of length,
big-endian, then that many bytes sealed (storage.seal) with the key derived for this id, for the context `backup frame
N`, or `backup last frame N`: nothing can be cut off, moved or added. The frames hold a tar stream (POSIX.1-2001), whose
last member `checksums.json` names every other one with its SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
import tarfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, BinaryIO

from plainview.storage.base import StorageError
from plainview.storage.seal import OVERHEAD_BYTES, SealBroken, Sealer

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, SupportsRead, WriteableBuffer

CHECKSUMS = "checksums.json"
_HEAD = re.compile(rb"plainview backup v1 ([0-9a-f]{32})\n")
_HEAD_BYTES = len(b"plainview backup v1 ") + 32 + 1
_CHUNK = 1 << 20
_LENGTH = 4


class ArchiveDamaged(StorageError):
    """Not an archive, altered, cut short, or sealed with another key."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The backup cannot be read: {why}.",
            "Use another copy of the backup, and check that the keys belong to the workspace that it was made from.",
        )


def new_id() -> str:
    """Return the id of a new archive."""
    return secrets.token_hex(16)


class ArchiveWriter:
    """Writes members one after the other; the archive is whole once its `with` block ended without an error."""

    def __init__(self, file: BinaryIO, sealer: Sealer, identity: str) -> None:
        """Begin an archive of this id on an empty file."""
        self._frames = _Frames(file, sealer.derive(f"backup {identity}"))
        file.write(f"plainview backup v1 {identity}\n".encode())
        self._tar = tarfile.open(  # noqa: SIM115  closed by close()
            fileobj=self._frames, mode="w|", format=tarfile.PAX_FORMAT
        )
        self._checksums: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        """Add a small member."""
        self.add_stream(name, io.BytesIO(data), len(data))

    def add_stream(self, name: str, source: IO[bytes], size: int) -> None:
        """Add exactly `size` bytes of `source`.

        Raises:
            StorageError: the source ends before.
        """
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        hashed = _Hashed(source)
        try:
            self._tar.addfile(member, hashed)
        except OSError as error:
            if error.errno is not None:
                raise
            # Without a number it is tarfile's own, for a source that is too short.
            raise StorageError(f"{name} ended while it was being copied.", "Make the backup again.") from None
        self._checksums[name] = hashed.digest.hexdigest()

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Complete the archive, or after an error write no byte more: tarfile would on its own when it is collected."""
        if kind is None:
            self.close()
        else:
            self._frames.abandon()

    def close(self) -> None:
        """Write the checksums and the last frame."""
        data = json.dumps(self._checksums).encode()
        member = tarfile.TarInfo(CHECKSUMS)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, io.BytesIO(data))
        self._tar.close()
        self._frames.finish()


def read_archive(file: BinaryIO, sealer: Sealer) -> Iterator[tuple[str, SupportsRead[bytes]]]:
    """Yield (name, stream) of each member in order; a stream is read before the next member is asked for.

    Every byte is authenticated before it is handed out; that the archive is whole is known once this ends.

    Raises:
        ArchiveDamaged: at any point.
    """
    head = _HEAD.fullmatch(file.read(_HEAD_BYTES))
    if head is None:
        raise ArchiveDamaged("it is not a Plainview backup")
    frames = _Opened(file, sealer.derive(f"backup {head[1].decode()}"))
    seen: dict[str, _Hashed] = {}
    stated: dict[str, str] | None = None
    try:
        with tarfile.open(fileobj=io.BufferedReader(frames, _CHUNK), mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or stated is not None or member.name in seen:
                    raise ArchiveDamaged("it contains a file that does not belong in a backup")
                if member.name == CHECKSUMS:
                    stated = json.loads(content.read())
                    continue
                seen[member.name] = _Hashed(content)
                yield member.name, seen[member.name]
                while seen[member.name].read(_CHUNK):
                    pass
            while frames.read(_CHUNK):  # tar stops at its end mark; the last frame must be there too
                pass
    except (tarfile.TarError, ValueError) as error:
        raise ArchiveDamaged(str(error)) from None
    if stated != {name: hashed.digest.hexdigest() for name, hashed in seen.items()}:
        raise ArchiveDamaged("its checksums do not match")


class _Hashed(io.RawIOBase):
    """Reads through and hashes what passes."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest, self.count = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.digest.update(data)
        self.count += len(data)
        return data


class _Frames(io.RawIOBase):
    """Seals what is written, `_CHUNK` bytes a frame."""

    def __init__(self, file: BinaryIO, sealer: Sealer) -> None:
        self._file, self._sealer = file, sealer
        self._number, self._held = 0, bytearray()
        self._abandoned = False

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        chunk = bytes(data)
        if self._abandoned:
            return len(chunk)
        self._held += chunk
        while len(self._held) > _CHUNK:  # one byte at least stays for the last frame
            self._seal(bytes(self._held[:_CHUNK]), "frame")
            del self._held[:_CHUNK]
        return len(chunk)

    def abandon(self) -> None:
        self._abandoned = True

    def finish(self) -> None:
        self._seal(bytes(self._held), "last frame")
        self._held.clear()

    def _seal(self, plain: bytes, kind: str) -> None:
        sealed = self._sealer.seal(plain, f"backup {kind} {self._number}".encode())
        self._file.write(len(sealed).to_bytes(_LENGTH, "big"))
        self._file.write(sealed)
        self._number += 1


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
