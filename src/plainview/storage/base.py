"""What every blob store is: bytes found again by the hash of what they are.

Owns the Protocol that stores fulfil, the form of a digest and the errors that a store may raise. A store must
never return bytes other than those that were put in, nor let a digest from outside become a path.
"""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

_DIGEST = re.compile(r"[0-9a-f]{64}")


class StorageError(Exception):
    """A store that cannot do what was asked.

    Attributes:
        why: one sentence in plain words: what is wrong.
        next_step: one sentence: what the person can do now.
    """

    def __init__(self, why: str, next_step: str) -> None:
        super().__init__(f"{why} {next_step}")
        self.why = why
        self.next_step = next_step


class BlobMissing(StorageError):
    """No blob has this digest.

    Attributes:
        digest: the digest that was asked for.
    """

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"The stored file {digest} is missing.",
            "If its record still exists, restore the file from a backup.",
        )
        self.digest = digest


class BlobDamaged(StorageError):
    """The bytes kept under this digest are not what was stored, or cannot be decrypted.

    Attributes:
        digest: the digest that was asked for.
    """

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"The stored file {digest} is damaged: it does not decrypt to the stored content.",
            "Restore the file from a backup. If many files are damaged, check the workspace's secret key and the disk.",
        )
        self.digest = digest


class StorageFull(StorageError):
    """No room, or the quota is used up; nothing half-written was kept."""


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the operating system says where there is no room."""


def is_full(error: BaseException | None) -> bool:
    """Return whether an error says that a disk is full: one of ours, of the operating system, or of SQLite."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, StorageFull) or "disk is full" in str(error)


class StorageReadOnly(StorageError):
    """The store may not be written to; nothing was changed."""


def said_of(error: BaseException | None) -> str:
    """Return what a member is told of a trouble of storage, without a path; "" for any other error."""
    if is_full(error):
        return "The server's disk is full."
    match error:
        case BlobMissing() | BlobDamaged():
            return "A stored file of the server is missing or damaged."
        case StorageReadOnly():
            return "The server's disk is read-only."
        case StorageError():
            return "The server cannot reach its stored files."
    return ""


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of the bytes as 64 lowercase hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def require_digest(digest: str) -> str:
    """Return the digest if it is exactly 64 lowercase hexadecimal digits.

    Raises:
        ValueError: it is anything else; the message does not repeat it.
    """
    if not _DIGEST.fullmatch(digest):
        raise ValueError("a digest is 64 lowercase hexadecimal digits")
    return digest


class BlobStore(Protocol):
    """Blobs by the SHA-256 of their plain bytes. Safe to use from several threads and processes.

    Every method that takes a digest raises ValueError for anything but 64 lowercase hexadecimal digits. A
    store does not count owners: the caller who deletes must know that no other record needs the blob, and that none
    is being put at the same moment.
    """

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their digest; they survive a power cut from then on.

        Putting what is already there changes nothing; to replace a damaged blob, delete it first.

        Raises:
            StorageFull: no room.
            StorageReadOnly: writing is not allowed.
            StorageError: the store failed otherwise.
        """

    def put_many(self, blobs: Iterable[bytes]) -> list[str]:
        """Keep many blobs with one durable flush and return their digests, in order.

        Reads one blob at a time. After an error some of them may be kept, each whole; none is half-written.

        Raises:
            StorageFull: no room.
            StorageReadOnly: writing is not allowed.
            StorageError: the store failed otherwise.
        """

    def get(self, digest: str) -> bytes:
        """Return the bytes, checked against their digest.

        Raises:
            BlobMissing: there is no such blob.
            BlobDamaged: there is, but it is not what was put in.
            StorageError: it could not be read.
        """

    def seal_again(self, digest: str) -> bool:
        """Seal a blob with the key in force; return False if it is already, or if it was deleted meanwhile.

        Raises:
            BlobDamaged: no key opens it.
            StorageError: the store failed.
        """

    def exists(self, digest: str) -> bool:
        """Say whether the blob is there; it is not read."""

    def delete(self, digest: str) -> bool:
        """Remove the blob for good and return whether it was there.

        Raises:
            StorageReadOnly: writing is not allowed.
            StorageError: the store failed otherwise.
        """

    def digests(self) -> Iterator[str]:
        """Yield the digest of every blob, in no particular order."""

    def size_bytes(self) -> int:
        """Return the bytes that all blobs take, sealed; it looks at every blob."""
