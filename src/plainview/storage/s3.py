"""Blobs in a bucket of a server that speaks S3, each sealed before it leaves this machine.

Owns everything below `s3://bucket/prefix/`: `ab/abcd...`, one object for each blob, named by its digest. It must never send
plain bytes, nor ask anybody but the configured endpoint: no credentials from a cloud's metadata address, no proxy of
the environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

from plainview.storage.base import (
    BlobDamaged,
    BlobMissing,
    StorageError,
    StorageFull,
    StorageReadOnly,
    digest_of,
    require_digest,
)
from plainview.storage.seal import SealBroken, Sealer

_AT_ONCE = 8
"""Blobs of a batch that are sent together."""

_PART = 16 << 20
"""Size of a part in bytes; a larger blob is sent in parts, which appear as one object or not at all."""

_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 30}  # seconds
_TRIES = 5  # of one request, with growing pauses, when the server is busy or a connection breaks
_FULL = frozenset({"QuotaExceeded", "InsufficientStorage", "StorageFull", "507", "XMinioStorageFull"})
_REFUSED = frozenset(
    {"AccessDenied", "403", "Forbidden", "MethodNotAllowed", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where blobs are kept, and who asks.

    Attributes:
        name, prefix: the bucket, and the beginning of every key in it, "" or ending in "/".
        endpoint: address of the server; empty for Amazon's.
        region: as the server calls its own.
        key, secret: the two halves of the access key.
        ca_file: certificate authority of the server; empty for the system's.
    """

    name: str
    prefix: str
    endpoint: str
    region: str
    key: str
    secret: str
    ca_file: str = ""

    def __repr__(self) -> str:
        """Name the place and never the secret."""
        return f"s3://{self.name}/{self.prefix}"


class S3BlobStore:
    """Implements `BlobStore` in one bucket, which exists."""

    def __init__(self, bucket: Bucket, sealer: Sealer) -> None:
        """Open the store.

        Args:
            bucket: where; nothing else may live below its prefix.
            sealer: the key for blobs and nothing else, e.g. `Sealer(key).derive("blobs")`.

        Raises:
            StorageError: the extra `s3` is not installed, there is no such bucket, or it keeps old versions of objects:
                what is erased would stay.
        """
        self._bucket, self._sealer = bucket, sealer
        self._client = _client(bucket)
        with self._in_plain_words():
            self._client.head_bucket(Bucket=bucket.name)
        self._require_no_versions()

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their digest; see `BlobStore.put`.

        Raises:
            StorageFull: no room.
            StorageReadOnly: writing is not allowed.
            StorageError: the server failed otherwise.
        """
        digest = digest_of(data)
        if not self.exists(digest):
            self._send(digest, data)
        return digest

    def put_many(self, blobs: Iterable[bytes]) -> list[str]:
        """Keep many blobs, several at a time; see `BlobStore.put_many`.

        Raises:
            StorageFull: no room.
            StorageReadOnly: writing is not allowed.
            StorageError: the server failed otherwise.
        """
        digests: list[str] = []
        waiting = iter(blobs)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            while batch := list(islice(waiting, _AT_ONCE)):
                digests += threads.map(self.put, batch)
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
            data = self._sealer.open(self._sealed(digest), _context(digest))
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
        try:
            self._sealer.alone().open(self._sealed(digest), _context(digest))
        except BlobMissing:
            return False
        except SealBroken:
            self._send(digest, self.get(digest))
            return True
        return False

    def exists(self, digest: str) -> bool:
        """Say whether the blob is there; it is not read.

        Raises:
            ValueError: not a digest.
            StorageError: the server failed.
        """
        try:
            with self._in_plain_words(digest):
                self._client.head_object(Bucket=self._bucket.name, Key=self._key(digest))
        except BlobMissing:
            return False
        return True

    def delete(self, digest: str) -> bool:
        """Remove the blob for good and return whether it was there.

        Raises:
            ValueError: not a digest.
            StorageReadOnly: writing is not allowed.
            StorageError: the server failed otherwise.
        """
        was_there = self.exists(digest)
        with self._in_plain_words():
            self._client.delete_object(Bucket=self._bucket.name, Key=self._key(digest))
        return was_there

    def digests(self) -> Iterator[str]:
        """Yield the digest of every blob, in no particular order."""
        return (key for key, _ in self._listed())

    def size_bytes(self) -> int:
        """Return the bytes that all blobs take, sealed; the server lists every one."""
        return sum(size for _, size in self._listed())

    def _key(self, digest: str) -> str:
        return f"{self._bucket.prefix}{require_digest(digest)[:2]}/{digest}"

    def _sealed(self, digest: str) -> bytes:
        from botocore.exceptions import ResponseStreamingError

        with self._in_plain_words(digest):
            for left in reversed(range(_TRIES)):
                try:
                    answer = self._client.get_object(Bucket=self._bucket.name, Key=self._key(digest))
                    return bytes(answer["Body"].read())
                except ResponseStreamingError:  # the client asks again for an answer, but not for its body
                    if not left:
                        raise
        raise AssertionError("the last try returns or raises")

    def _send(self, digest: str, data: bytes) -> None:
        from boto3.s3.transfer import TransferConfig

        sealed = BytesIO(self._sealer.seal(data, _context(digest)))
        parts = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=2)
        with self._in_plain_words():
            self._client.upload_fileobj(sealed, self._bucket.name, self._key(digest), Config=parts)

    def _listed(self) -> Iterator[tuple[str, int]]:
        with self._in_plain_words():
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket.name, Prefix=self._bucket.prefix
            ):
                for entry in page.get("Contents", ()):
                    folder, _, name = entry["Key"].removeprefix(self._bucket.prefix).partition("/")
                    if name[:2] == folder and _is_digest(name):
                        yield name, int(entry["Size"])

    def _require_no_versions(self) -> None:
        try:
            with self._in_plain_words():
                status = self._client.get_bucket_versioning(Bucket=self._bucket.name).get("Status")
        except StorageError:  # a server without versions need not know the question
            return
        if status:
            raise StorageError(
                f"The bucket {self._bucket.name} keeps old versions of objects: what is erased would stay.",
                "Choose a bucket that never kept versions.",
            )

    @contextmanager
    def _in_plain_words(self, digest: str = "") -> Iterator[None]:
        """Turn what the client says into this package's errors; nothing of an answer's text is repeated."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        where = f"The bucket {self._bucket!r}"
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _MISSING and digest:
                raise BlobMissing(digest) from None
            if code in _FULL:
                raise StorageFull(f"{where} has no room left.", "Raise its quota, then try again.") from error
            if code in _REFUSED:
                raise StorageReadOnly(
                    f"{where} refuses the access key ({code}).", "Check the key and what it may do there."
                ) from error
            raise StorageError(
                f"{where} failed ({code or 'no reason given'}).", "Try again; ask its operator."
            ) from error
        except (BotoCoreError, Boto3Error) as error:
            raise StorageError(
                f"{where} cannot be reached ({type(error).__name__}).", "Check the address and the network."
            ) from error


def _client(bucket: Bucket) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise StorageError("This installation cannot speak S3.", "Install plainview[s3].") from None
    settings = Config(
        **_TIMEOUTS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        proxies={},  # not those of the environment
        max_pool_connections=2 * _AT_ONCE,
        s3={"addressing_style": "auto" if not bucket.endpoint else "path"},
        # Other servers than Amazon's refuse the checksums that boto3 adds since 1.36; the seal is one.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session(
        aws_access_key_id=bucket.key, aws_secret_access_key=bucket.secret, region_name=bucket.region
    ).client("s3", endpoint_url=bucket.endpoint or None, config=settings, verify=bucket.ca_file or None)


def _context(digest: str) -> bytes:
    """Return what a blob is sealed for, so that one object cannot stand in for another."""
    return b"blob:" + digest.encode("ascii")


def _is_digest(name: str) -> bool:
    try:
        require_digest(name)
    except ValueError:
        return False
    return True
