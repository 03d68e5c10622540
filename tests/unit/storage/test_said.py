"""What a member is told of a trouble of storage has no path and no name of an exception."""

from __future__ import annotations

import errno

import pytest

from plainview.storage.base import (
    BlobDamaged,
    BlobMissing,
    StorageError,
    StorageFull,
    StorageReadOnly,
    said_of,
)

PATH = "/srv/agency/blobs"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StorageFull(f"no room in {PATH}", ""), "disk is full"),
        (OSError(errno.ENOSPC, "no", PATH), "disk is full"),
        (BlobMissing("0" * 64), "missing or damaged"),
        (BlobDamaged("0" * 64), "missing or damaged"),
        (StorageReadOnly(f"{PATH} is read-only", ""), "read-only"),
        (StorageError(f"{PATH} is gone", ""), "cannot reach"),
    ],
)
def test_each_trouble_is_one_sentence(error: Exception, words: str) -> None:
    said = said_of(error)
    assert words in said
    assert said.endswith(".")
    assert PATH not in said
    assert "0000" not in said


def test_what_is_no_trouble_of_storage_has_no_sentence() -> None:
    assert (said_of(None), said_of(ValueError("x")), said_of(OSError(errno.ENOENT, "no", PATH))) == ("", "", "")
