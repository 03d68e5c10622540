"""What every blob store must do; a new adapter is one more `Harness` in `STORES`.

A harness opens the store again and again at one place and can look at the bytes underneath, which the store's
own interface rightly cannot.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, Protocol

import pytest
import pytest_socket
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.factories.swift_server import KEY as KEY_ID
from tests.factories.swift_server import SECRET, SwiftServer, installed

from plainview.storage.base import BlobDamaged, BlobMissing, BlobStore, digest_of
from plainview.storage.local import LocalBlobStore
from plainview.storage.s3 import Bucket, S3BlobStore, _client
from plainview.storage.seal import Sealer

KEY = bytes(range(32))
ABSENT = "0" * 64


class Harness(Protocol):
    """One place for a store, and a look underneath."""

    def open(self, key: bytes = KEY) -> BlobStore:
        """Open the store, as a new process would."""

    def kept(self) -> dict[str, bytes]:
        """Return everything that is kept underneath: full name -> bytes."""

    def overwrite(self, name: str, data: bytes) -> None:
        """Change what is kept under a name of `kept`."""


class LocalHarness:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "blobs"

    def open(self, key: bytes = KEY) -> BlobStore:
        return LocalBlobStore(self.root, Sealer(key))

    def kept(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def overwrite(self, name: str, data: bytes) -> None:
        Path(name).write_bytes(data)


class S3Harness:
    """A new bucket of a real server, OpenStack Swift with its s3api."""

    server: ClassVar[SwiftServer]

    def __init__(self, folder: Path) -> None:
        bucket = f"b{secrets.token_hex(8)}"
        self.bucket = Bucket(bucket, "pictures/", self.server.url, "us-east-1", KEY_ID, SECRET)
        self.client = _client(self.bucket)
        self.client.create_bucket(Bucket=bucket)

    def open(self, key: bytes = KEY) -> BlobStore:
        return S3BlobStore(self.bucket, Sealer(key))

    def kept(self) -> dict[str, bytes]:
        listed = self.client.list_objects_v2(Bucket=self.bucket.name).get("Contents", [])
        names = [entry["Key"] for entry in listed]
        return {name: self.client.get_object(Bucket=self.bucket.name, Key=name)["Body"].read() for name in names}

    def overwrite(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket.name, Key=name, Body=data)


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """The server; its programs are reached on loopback alone."""
    pytest_socket.enable_socket()
    if not installed():
        pytest.fail("run `make swift`")
    server = SwiftServer(tmp_path_factory.mktemp("swift"))
    server.start()
    S3Harness.server = server
    yield server
    server.stop()


LOOPBACK = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
STORES: dict[str, Callable[[Path], Harness]] = {"local": LocalHarness, "s3": S3Harness}


@pytest.fixture(params=["local", pytest.param("s3", marks=[pytest.mark.slow, *LOOPBACK])])
def new(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Harness]:
    if request.param == "s3":
        request.getfixturevalue("swift")
    return lambda: STORES[request.param](tmp_path_factory.mktemp("store"))


@pytest.fixture
def harness(new: Callable[[], Harness]) -> Harness:
    return new()


@pytest.fixture
def store(harness: Harness) -> BlobStore:
    return harness.open()


def test_an_empty_store_has_nothing(store: BlobStore) -> None:
    assert list(store.digests()) == []
    assert store.size_bytes() == 0
    assert not store.exists(ABSENT)


def test_what_was_put_is_found_by_its_hash_also_after_opening_again(harness: Harness, store: BlobStore) -> None:
    data = b"a picture" * 1000
    digest = store.put(data)
    assert digest == hashlib.sha256(data).hexdigest() == digest_of(data)
    for opened in (store, harness.open()):
        assert opened.get(digest) == data
        assert opened.exists(digest)
        assert list(opened.digests()) == [digest]
        assert opened.size_bytes() >= len(data)


def test_no_bytes_are_a_blob_too(store: BlobStore) -> None:
    digest = store.put(b"")
    assert store.get(digest) == b""
    assert store.exists(digest)


def test_nothing_plain_is_kept_underneath(harness: Harness, store: BlobStore) -> None:
    data = bytes(range(256)) * 8
    store.put(data)
    kept = harness.kept()
    assert kept
    assert not any(data[i : i + 16] in below for below in kept.values() for i in range(0, len(data), 16))


def test_putting_the_same_again_changes_nothing(harness: Harness, store: BlobStore) -> None:
    digest = store.put(b"once")
    kept = harness.kept()
    assert harness.open().put(b"once") == digest
    assert store.put_many([b"once", b"once"]) == [digest, digest]
    assert harness.kept() == kept


def test_many_are_put_in_order_more_than_one_group_and_with_repeats(harness: Harness, store: BlobStore) -> None:
    blobs = [str(i % 90).encode() for i in range(200)]
    assert store.put_many(iter(blobs)) == [digest_of(blob) for blob in blobs]
    assert sorted(store.digests()) == sorted({digest_of(blob) for blob in blobs})
    assert [store.get(digest_of(blob)) for blob in blobs] == blobs
    assert len(harness.kept()) == 90  # nothing lies beside
    assert store.put_many([]) == []


def test_a_reader_that_fails_in_mid_batch_gets_its_own_error_back(harness: Harness, store: BlobStore) -> None:
    def pictures() -> Iterator[bytes]:
        yield b"first"
        raise FileNotFoundError("second.jpg")

    with pytest.raises(FileNotFoundError, match=r"second\.jpg"):
        store.put_many(pictures())
    assert set(store.digests()) <= {digest_of(b"first")}
    assert len(harness.kept()) == len(list(store.digests()))  # and nothing lies beside


def test_a_missing_blob_is_named_with_what_to_do(store: BlobStore) -> None:
    with pytest.raises(BlobMissing) as caught:
        store.get(ABSENT)
    assert caught.value.digest == ABSENT
    assert ABSENT in str(caught.value)
    assert "backup" in caught.value.next_step


def test_delete_says_whether_it_was_there_and_leaves_nothing(harness: Harness, store: BlobStore) -> None:
    kept_digest, gone_data = store.put(b"stays"), b"must be forgotten" * 100
    digest = store.put(gone_data)
    assert store.delete(digest) is True
    assert store.delete(digest) is False
    assert not store.exists(digest)
    assert list(store.digests()) == [kept_digest]
    with pytest.raises(BlobMissing):
        store.get(digest)
    kept = harness.kept()
    assert len(kept) == 1
    assert not any(digest in name or digest.encode() in data for name, data in kept.items())
    assert not any(gone_data[:16] in data for data in kept.values())
    assert store.put(gone_data) == digest
    assert store.get(digest) == gone_data


def test_a_flipped_bit_in_any_byte_is_noticed(harness: Harness, store: BlobStore) -> None:
    digest = store.put(b"evidence")
    ((name, sealed),) = harness.kept().items()
    for position in range(len(sealed)):
        bent = bytearray(sealed)
        bent[position] ^= 1 << (position % 8)
        harness.overwrite(name, bytes(bent))
        with pytest.raises(BlobDamaged) as caught:
            store.get(digest)
    assert caught.value.digest == digest
    assert digest in str(caught.value)
    assert "backup" in caught.value.next_step
    harness.overwrite(name, sealed)
    assert store.get(digest) == b"evidence"


def test_a_cut_or_lengthened_blob_is_noticed(harness: Harness, store: BlobStore) -> None:
    digest = store.put(b"evidence")
    ((name, sealed),) = harness.kept().items()
    for bent in (*(sealed[:end] for end in range(len(sealed))), sealed + b"\0", b"evidence"):
        harness.overwrite(name, bent)
        with pytest.raises(BlobDamaged):
            store.get(digest)


def test_one_blob_cannot_stand_in_for_another(harness: Harness, store: BlobStore) -> None:
    one, other = store.put(b"one"), store.put(b"other")
    names = {digest: name for name in harness.kept() for digest in (one, other) if digest in name}
    harness.overwrite(names[one], harness.kept()[names[other]])
    with pytest.raises(BlobDamaged):
        store.get(one)
    assert store.get(other) == b"other"


def test_a_damaged_blob_is_replaced_by_deleting_it_first(harness: Harness, store: BlobStore) -> None:
    digest = store.put(b"evidence")
    ((name, _),) = harness.kept().items()
    harness.overwrite(name, b"")
    assert store.delete(digest)
    store.put(b"evidence")
    assert store.get(digest) == b"evidence"


def test_another_key_reads_nothing(harness: Harness, store: BlobStore) -> None:
    digest = store.put(b"evidence")
    with pytest.raises(BlobDamaged, match="secret key"):
        harness.open(key=bytes(32)).get(digest)


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "0" * 63,
        "0" * 65,
        "A" * 64,
        "g" * 64,
        "0" * 64 + "\n",
        "../" * 21 + "x",
        "/etc/passwd",
        "00/" + "0" * 61,
        "０" * 64,  # full-width digits
        "0" * 63 + "\0",
    ],
)
def test_anything_but_a_digest_is_refused_before_it_can_be_a_path(store: BlobStore, digest: str) -> None:
    for method in (store.get, store.exists, store.delete):
        with pytest.raises(ValueError, match="64 lowercase hexadecimal") as caught:
            method(digest)
        assert len(digest) < 2 or digest not in str(caught.value)


def test_threads_that_put_the_same_and_different_blobs(store: BlobStore) -> None:
    batches = [[str(i).encode() for i in range(start, start + 20)] for start in (0, 5, 10, 15)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(store.put_many, batches))
    assert answers == [[digest_of(blob) for blob in batch] for batch in batches]
    assert sorted(store.digests()) == sorted(digest_of(str(i).encode()) for i in range(35))
    assert all(store.get(digest_of(str(i).encode())) == str(i).encode() for i in range(35))


class StoreAgainstDict(RuleBasedStateMachine):
    """Any use of a store, against a dict."""

    new: Callable[[], Harness]
    put = Bundle("put")

    def __init__(self) -> None:
        super().__init__()
        self.harness = type(self).new()
        self.store = self.harness.open()
        self.held: dict[str, bytes] = {}

    @rule(target=put, data=st.binary(max_size=40))
    def put_one(self, data: bytes) -> str:
        digest = self.store.put(data)
        self.held[digest] = data
        return digest

    @rule(blobs=st.lists(st.binary(max_size=3), max_size=6))
    def put_some(self, blobs: list[bytes]) -> None:
        self.held.update(zip(self.store.put_many(blobs), blobs, strict=True))

    @rule(digest=consumes(put))
    def delete(self, digest: str) -> None:
        assert self.store.delete(digest) == (self.held.pop(digest, None) is not None)

    @rule()
    def open_again(self) -> None:
        self.store = self.harness.open()

    @invariant()
    def same(self) -> None:
        assert sorted(self.store.digests()) == sorted(self.held)
        assert {digest: self.store.get(digest) for digest in self.held} == self.held


def test_any_use_against_a_dict(new: Callable[[], Harness]) -> None:
    class Machine(StoreAgainstDict):
        pass

    Machine.new = staticmethod(new)
    run_state_machine_as_test(Machine, settings=settings(max_examples=15, stateful_step_count=12, deadline=None))
