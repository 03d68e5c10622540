"""The writer of the first format of backups, which Plainview no longer has: what it wrote is still restored."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import IO, Any, BinaryIO

from plainview.storage.aged import CHECKSUMS
from plainview.storage.base import StorageError
from plainview.storage.seal import Sealer

_CHUNK = 1 << 20
_LENGTH = 4


class FirstArchiveWriter:
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

    def __enter__(self) -> FirstArchiveWriter:
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

    def write(self, data: Any, /) -> int:
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


def first_archive(members: dict[str, bytes], sealer: Sealer, identity: str = "0" * 32) -> bytes:
    """A whole file of the first format."""
    file = io.BytesIO()
    writer = FirstArchiveWriter(file, sealer, identity)
    for name, data in members.items():
        writer.add(name, data)
    writer.close()
    return file.getvalue()
