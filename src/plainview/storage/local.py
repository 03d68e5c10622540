"""Blobs in a folder of this machine, each sealed, written beside and renamed, flushed before it counts.

Owns everything below its root: `ab/abcd...` (one file for each blob, named by its digest, in one of 256
folders) and `tmp/` (files being written). It must never show a half-written blob, and never leave plain bytes
on the disk.

File names are SHA-256 digests of the plain bytes: someone who has the disk *and* a copy of a picture can tell
that it is stored here, but learns nothing about pictures that he does not have.
"""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from plainview.storage.base import (
    FULL,
    BlobDamaged,
    BlobMissing,
    StorageError,
    StorageFull,
    StorageReadOnly,
    digest_of,
    require_digest,
)
from plainview.storage.seal import SealBroken, Sealer

_FOLDERS = [f"{first:02x}" for first in range(256)]
"""One level is enough: ten million blobs are 40,000 a folder. A second would add as many flushes again."""

_FILES_AT_ONCE = 64
"""Files of a batch that are open together: flushed in one go, and far below any limit on open files."""

_LEFTOVER_AFTER_S = 3600.0
"""Age in seconds at which a file in `tmp/` is taken for the leftover of a crash and removed."""

_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class _Part(NamedTuple):
    """A sealed blob that is written beside its place and not yet visible."""

    descriptor: int
    path: Path
    place: Path


class LocalBlobStore:
    """Implements `BlobStore` in one folder."""

    def __init__(self, root: Path, sealer: Sealer) -> None:
        """Open the store, making its folders (mode 0700) where they are missing.

        Removes what a crash left in `tmp/` more than an hour ago. A folder that exists but may not be written
        to opens too, for reading.

        Args:
            root: the store's folder; nothing else may live in it.
            sealer: the key for blobs and nothing else, e.g. `Sealer(key).derive("blobs")`.

        Raises:
            StorageFull: no room for the folders.
            StorageReadOnly: the root is missing and may not be made.
            StorageError: the root is no folder, or the disk fails.
        """
        self._root = root
        self._beside = root / "tmp"
        self._sealer = sealer
        with self._in_plain_words():
            if not root.is_dir():
                root.mkdir(mode=0o700, parents=True)
                _flush_folder(root.parent)
        with suppress(StorageReadOnly), self._in_plain_words():
            # Every process that opens the store looks: one listing, not 257 questions.
            with os.scandir(root) as entries:
                there = {entry.name for entry in entries if entry.is_dir()}
            for name in (self._beside.name, *_FOLDERS):
                if name not in there:
                    (root / name).mkdir(mode=0o700, exist_ok=True)
            _flush_folder(root)
            self._remove_leftovers()

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their digest; see `BlobStore.put`.

        Raises:
            StorageFull: no room.
            StorageReadOnly: writing is not allowed.
            StorageError: the disk failed otherwise.
        """
        return self.put_many([data])[0]

    def put_many(self, blobs: Iterable[bytes]) -> list[str]:
        """Keep many blobs with one durable flush; see `BlobStore.put_many`.

        Raises:
            StorageFull: no room.
            StorageReadOnly: writing is not allowed.
            StorageError: the disk failed otherwise.
        """
        digests: list[str] = []
        parts: dict[str, _Part] = {}
        folders: set[Path] = set()
        try:
            for data in blobs:
                digest = digest_of(data)
                digests.append(digest)
                place = self._place(digest)
                # Also for a blob that is there already: the process that put it may not have flushed the folder yet.
                folders.add(place.parent)
                with self._in_plain_words():
                    if digest not in parts and not place.is_file():
                        self._write_beside(digest, data, parts)
                    if len(parts) == _FILES_AT_ONCE:
                        _publish(parts)
            with self._in_plain_words():
                _publish(parts)
                for folder in sorted(folders):
                    _flush_folder(folder)
        finally:
            _discard(parts)
        return digests

    def get(self, digest: str) -> bytes:
        """Return the bytes, checked against their digest.

        Raises:
            ValueError: not a digest.
            BlobMissing: there is no such blob.
            BlobDamaged: there is, but it is not what was put in.
            StorageError: it could not be read.
        """
        try:
            sealed = self._place(digest).read_bytes()
        except FileNotFoundError:
            raise BlobMissing(digest) from None
        except OSError as error:
            raise StorageError(
                f"The stored file {digest} cannot be read ({error.strerror}).",
                f"Check the disk and the permissions of files in {self._root}.",
            ) from error
        try:
            data = self._sealer.open(sealed, _context(digest))
        except SealBroken:
            raise BlobDamaged(digest) from None
        if digest_of(data) != digest:
            raise BlobDamaged(digest)
        return data

    def seal_again(self, digest: str) -> bool:
        """Seal a blob with the key in force; return False if it is already.

        Raises:
            BlobMissing, BlobDamaged, StorageError: as `get` and `put`.
        """
        place = self._place(digest)
        with suppress(SealBroken, FileNotFoundError):
            self._sealer.alone().open(place.read_bytes(), _context(digest))
            return False
        data = self.get(digest)
        parts: dict[str, _Part] = {}
        try:
            with self._in_plain_words():
                self._write_beside(digest, data, parts)
                if place.is_file():  # not deleted meanwhile
                    _publish(parts)
                    _flush_folder(place.parent)
        finally:
            _discard(parts)
        return True

    def exists(self, digest: str) -> bool:
        """Say whether the blob is there; it is not read.

        Raises:
            ValueError: not a digest.
        """
        return self._place(digest).is_file()

    def delete(self, digest: str) -> bool:
        """Remove the blob for good and return whether it was there.

        Raises:
            ValueError: not a digest.
            StorageReadOnly: writing is not allowed.
            StorageError: the disk failed otherwise.
        """
        place = self._place(digest)
        with self._in_plain_words():
            try:
                place.unlink()
                was_there = True
            except FileNotFoundError:
                was_there = False
            _flush_folder(place.parent)  # in both cases: an earlier delete may have been cut off before this
        return was_there

    def digests(self) -> Iterator[str]:
        """Yield the digest of every blob, in no particular order."""
        return (entry.name for entry in self._entries())

    def size_bytes(self) -> int:
        """Return the bytes that all blobs take, sealed; it looks at every blob."""
        total = 0
        for entry in self._entries():
            with suppress(FileNotFoundError):  # deleted since it was listed
                total += entry.stat(follow_symlinks=False).st_size
        return total

    def _place(self, digest: str) -> Path:
        """Return where a blob lives; the only way from a digest to a path."""
        return self._root / require_digest(digest)[:2] / digest

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """Yield the directory entries that are blobs, passing over anything else in the folder."""
        for folder in _FOLDERS:
            with suppress(FileNotFoundError), os.scandir(self._root / folder) as entries:
                for entry in entries:
                    if entry.name.startswith(folder) and _is_blob(entry):
                        yield entry

    def _write_beside(self, digest: str, data: bytes, parts: dict[str, _Part]) -> None:
        """Write the sealed bytes to a new file in `tmp/` (mode 0600) and note it in `parts`."""
        descriptor, name = tempfile.mkstemp(dir=self._beside, suffix=".part")
        parts[digest] = _Part(descriptor, Path(name), self._place(digest))
        rest = memoryview(self._sealer.seal(data, _context(digest)))
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def _remove_leftovers(self) -> None:
        """Remove files in `tmp/` that nobody can still be writing."""
        oldest = time.time() - _LEFTOVER_AFTER_S
        with os.scandir(self._beside) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # another process opened the store at the same time
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        Path(entry.path).unlink()

    @contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        """Turn what the operating system says about writing into this package's errors."""
        try:
            yield
        except OSError as error:
            if error.errno in FULL:
                raise StorageFull(
                    f"There is no room left for stored files in {self._root}.",
                    "Free space or enlarge the disk, then try again. No partial file was kept.",
                ) from error
            if error.errno in _READ_ONLY:
                raise StorageReadOnly(
                    f"Stored files in {self._root} may not be written ({error.strerror}).",
                    "Check how the disk is mounted and who owns the folder, then try again.",
                ) from error
            raise StorageError(
                f"The folder of stored files {self._root} failed ({error.strerror}).",
                "Check the disk, then try again.",
            ) from error


def _context(digest: str) -> bytes:
    """Return what a blob is sealed for, so that one file cannot stand in for another."""
    return b"blob:" + digest.encode("ascii")


def _is_blob(entry: os.DirEntry[str]) -> bool:
    """Say whether a directory entry is a regular file named by a digest."""
    try:
        require_digest(entry.name)
    except ValueError:
        return False
    return entry.is_file(follow_symlinks=False)


def _publish(parts: dict[str, _Part]) -> None:
    """Flush all parts, then move each to its place; `parts` ends empty."""
    for part in parts.values():
        os.fsync(part.descriptor)
    for digest, part in list(parts.items()):
        part.path.replace(part.place)
        del parts[digest]
        os.close(part.descriptor)


def _discard(parts: dict[str, _Part]) -> None:
    """Remove parts that did not reach their place."""
    for part in parts.values():
        with suppress(OSError):
            os.close(part.descriptor)
        with suppress(OSError):
            part.path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
