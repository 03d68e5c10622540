"""Backups as age files: a tar stream encrypted to X25519 recipients, so that `age -d` and `tar` open them without Plainview.

Owns the members' checksums and the two directions of the stream. It must never hand out bytes that were altered, take a
shortened file for a whole one, or let a name in it become a path of the caller's machine: names come out as text only.

The file is an age file (age-encryption.org/v1). Inside is a tar stream (POSIX.1-2001) whose last member
`checksums.json` names every other one with its SHA-256.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, BinaryIO, NamedTuple

import pyrage

from plainview.storage.base import StorageError

if TYPE_CHECKING:
    from _typeshed import SupportsRead, WriteableBuffer

CHECKSUMS = "checksums.json"
HEAD = b"age-encryption.org/v1\n"
"""How every age file begins."""

_CHUNK = 1 << 20


class ArchiveDamaged(StorageError):
    """Not an archive, altered, cut short, or sealed to another key."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The backup cannot be read: {why}.",
            "Use another copy of the backup, and check that the keys belong to the workspace that it was made from.",
        )


class Member(NamedTuple):
    """A file of an archive: its name, and exactly `size` bytes of `source`."""

    name: str
    source: IO[bytes]
    size: int


def small(name: str, data: bytes) -> Member:
    """Return a member with this content."""
    return Member(name, io.BytesIO(data), len(data))


def new_backup_key() -> bytes:
    """Return a new age identity as a file of `age -i`: one line."""
    return f"{pyrage.x25519.Identity.generate()}\n".encode("ascii")


def recipient_of(key: bytes) -> str:
    """Return the recipient (`age1...`) of an age identity.

    Raises:
        ValueError: not an identity.
    """
    return str(_identity(key).to_public())


def _identity(key: bytes) -> pyrage.x25519.Identity:
    try:
        lines = key.decode("ascii").splitlines()
        return pyrage.x25519.Identity.from_str(next(line for line in lines if line.startswith("AGE-SECRET-KEY-")))
    except (StopIteration, UnicodeDecodeError, pyrage.IdentityError):
        raise ValueError("not an age identity") from None


def is_recipient(text: object) -> bool:
    """Say whether a text is a recipient, such as `recipient_of` returns."""
    try:
        return isinstance(text, str) and pyrage.x25519.Recipient.from_str(text) is not None
    except pyrage.RecipientError:
        return False


def write_archive(file: BinaryIO, members: Iterable[Member], recipients: Sequence[str]) -> None:
    """Write the members, each taken from the iterable when its turn comes, encrypted to every recipient.

    Raises:
        StorageError: a source ends before its size.
        ValueError: not a recipient.
        OSError: the file cannot be written.
    """
    if not all(map(is_recipient, recipients)):
        raise ValueError("not an age recipient")
    to = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    plain = _Pulled(_tar(members))
    target = _Remembering(file)
    try:
        pyrage.encrypt_io(plain, target, to)
    except Exception:
        # pyrage turns an exception of either side into one of its own, without the cause.
        raise plain.error or target.error or StorageError("The backup could not be encrypted.", "Try again.") from None


def _tar(members: Iterable[Member]) -> Iterator[bytes]:
    checksums: dict[str, str] = {}
    for member in members:
        digest = hashlib.sha256()
        yield _header(member.name, member.size)
        left = member.size
        while left:
            data = member.source.read(min(left, _CHUNK))
            if not data:
                raise StorageError(f"{member.name} ended while it was being copied.", "Make the backup again.")
            digest.update(data)
            left -= len(data)
            yield data
        yield bytes(-member.size % tarfile.BLOCKSIZE)
        checksums[member.name] = digest.hexdigest()
    data = json.dumps(checksums).encode()
    yield _header(CHECKSUMS, len(data)) + data + bytes(-len(data) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.PAX_FORMAT)


class _Pulled(io.RawIOBase):
    """A reader of what an iterator yields; it keeps the iterator's exception."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, memoryview(b"")
        self.error: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer).cast("B")
        try:
            while not self._rest:
                self._rest = memoryview(next(self._parts))
        except StopIteration:
            return 0
        except Exception as error:
            self.error = error
            raise
        count = min(len(room), len(self._rest))
        room[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class _Remembering:
    """A writer that keeps the exception of the file under it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self.error = error
            raise


def read_archive(file: BinaryIO, key: bytes) -> Iterator[tuple[str, SupportsRead[bytes]]]:
    """Yield (name, stream) of each member in order; a stream is read before the next member is asked for.

    Every byte is authenticated before it is handed out; that the archive is whole is known once this ends.

    Args:
        file: the age file, at its beginning.
        key: an age identity among its recipients.

    Raises:
        ArchiveDamaged: at any point.
    """
    try:
        identity = _identity(key)
    except ValueError as error:
        raise ArchiveDamaged(str(error)) from None
    with _Decrypting(file, identity) as plain:
        yield from members_of(plain)


def members_of(plain: io.RawIOBase) -> Iterator[tuple[str, SupportsRead[bytes]]]:
    """Yield (name, stream) of each member of a plain tar stream, and compare all with its `checksums.json`.

    Raises:
        ArchiveDamaged: at any point.
    """
    seen: dict[str, _Hashed] = {}
    stated: dict[str, str] | None = None
    try:
        with tarfile.open(fileobj=io.BufferedReader(plain, _CHUNK), mode="r|") as tar:
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
            while plain.read(_CHUNK):  # tar stops at its end mark; the end of the encryption must be there too
                pass
    except tarfile.TarError as error:
        raise ArchiveDamaged(str(error)) from None
    except (ValueError, RecursionError):
        raise ArchiveDamaged("a name or a checksum in it does not have the expected form") from None
    if stated != {name: hashed.digest.hexdigest() for name, hashed in seen.items()}:
        raise ArchiveDamaged("its checksums do not match")


class _Decrypting(io.RawIOBase):
    """Reads what a thread decrypts into a pipe; an error of the thread is raised where the bytes end."""

    def __init__(self, file: BinaryIO, identity: pyrage.x25519.Identity) -> None:
        self._out, into = os.pipe()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._decrypt, args=(file, identity, into), daemon=True)
        self._thread.start()

    def _decrypt(self, file: BinaryIO, identity: pyrage.x25519.Identity, into: int) -> None:
        with suppress(BrokenPipeError), os.fdopen(into, "wb", _CHUNK) as pipe:  # the reader may have enough
            try:
                pyrage.decrypt_io(file, pipe, [identity])
            except BrokenPipeError:
                raise
            except Exception as error:
                self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer).cast("B")
        data = os.read(self._out, len(room))
        if not data:
            self._thread.join()
            if self._error is not None:
                raise ArchiveDamaged("it was altered, cut short, or sealed to another key") from None
        room[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            os.close(self._out)
            self._thread.join()
        super().close()


class _Hashed(io.RawIOBase):
    """Reads through and hashes what passes."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.digest.update(data)
        return data
