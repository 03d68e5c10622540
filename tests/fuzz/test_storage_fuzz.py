"""Whatever lies on the disk and whatever is asked for, the store answers with its own errors or the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from plainview.storage.base import BlobDamaged, BlobMissing, digest_of
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import SealBroken, Sealer

KEY = bytes(range(32))
SEALER = Sealer(KEY)
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def store(root: Path) -> LocalBlobStore:
    return LocalBlobStore(root, SEALER)


@FUZZ
@given(plain=st.binary(max_size=600), context=st.binary(max_size=80))
def test_any_bytes_and_context_go_in_and_come_out(plain: bytes, context: bytes) -> None:
    assert SEALER.open(SEALER.seal(plain, context), context) == plain


@FUZZ
@given(st.binary(max_size=200), st.binary(max_size=20))
@example(b"\x01" * 29, b"")
def test_bytes_that_nobody_sealed_never_open(sealed: bytes, context: bytes) -> None:
    with pytest.raises(SealBroken):
        SEALER.open(sealed, context)


@FUZZ
@given(data=st.data(), plain=st.binary(max_size=300), context=st.binary(max_size=20))
def test_a_sealed_value_changed_in_any_way_never_opens(data: st.DataObject, plain: bytes, context: bytes) -> None:
    sealed = SEALER.seal(plain, context)
    at = data.draw(st.integers(0, len(sealed) - 1))
    flip = data.draw(st.integers(1, 255))
    flipped = sealed[:at] + bytes([sealed[at] ^ flip]) + sealed[at + 1 :]
    dropped = sealed[:at] + sealed[at + 1 :]
    doubled = sealed[:at] + sealed[at : at + 1] + sealed[at:]
    for bent in (flipped, dropped, doubled, sealed[:at]):
        if bent != sealed:
            with pytest.raises(SealBroken):
                SEALER.open(bent, context)


@FUZZ
@given(blob=st.binary(max_size=5000))
@example(b"")
def test_any_blob_comes_back_whole(store: LocalBlobStore, blob: bytes) -> None:
    digest = store.put(blob)
    assert store.get(digest) == blob
    assert digest in set(store.digests())


@FUZZ
@given(blob=st.binary(max_size=50), on_disk=st.binary(max_size=200))
def test_whatever_lies_in_a_blobs_place_is_damage(
    root: Path, store: LocalBlobStore, blob: bytes, on_disk: bytes
) -> None:
    digest = store.put(blob)
    (root / digest[:2] / digest).write_bytes(on_disk)
    try:
        with pytest.raises(BlobDamaged):
            store.get(digest)
    finally:
        assert store.delete(digest)


@FUZZ
@given(asked=st.text(max_size=80) | st.text("0123456789abcdef./", min_size=60, max_size=68))
@example("../../../../etc/passwd")
@example("0" * 64)
def test_whatever_is_asked_for_nothing_outside_is_touched(store: LocalBlobStore, asked: str) -> None:
    try:
        found = store.get(asked)
    except BlobMissing:
        assert store.delete(asked) is False
    except ValueError:
        with pytest.raises(ValueError, match="hexadecimal"):
            store.delete(asked)
        with pytest.raises(ValueError, match="hexadecimal"):
            store.exists(asked)
    else:
        assert digest_of(found) == asked
