"""Digests and the words of the errors."""

from __future__ import annotations

import pytest

from plainview.storage.base import BlobDamaged, BlobMissing, StorageError, digest_of, require_digest


def test_a_digest_is_the_sha256_of_fips_180() -> None:
    assert digest_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_digest_is_given_back_and_anything_else_is_not() -> None:
    assert require_digest(digest_of(b"")) == digest_of(b"")
    for wrong in ("", "a" * 63, "a" * 65, "A" * 64, "a" * 64 + "\n", " " + "a" * 63):
        with pytest.raises(ValueError, match="64 lowercase hexadecimal"):
            require_digest(wrong)


@pytest.mark.parametrize("error", [BlobMissing("a" * 64), BlobDamaged("a" * 64)])
def test_errors_say_what_is_wrong_and_what_to_do(error: BlobMissing | BlobDamaged) -> None:
    assert isinstance(error, StorageError)
    assert str(error) == f"{error.why} {error.next_step}"
    assert error.digest in error.why
    assert "backup" in error.next_step
