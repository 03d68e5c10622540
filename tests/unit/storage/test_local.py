"""The folder store from the inside: modes, flush before rename, every way to fail, what a crash leaves."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plainview.storage import local
from plainview.storage.base import (
    BlobDamaged,
    BlobMissing,
    StorageError,
    StorageFull,
    StorageReadOnly,
    digest_of,
)
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import Sealer

KEY = bytes(range(32))


def opened(root: Path) -> LocalBlobStore:
    return LocalBlobStore(root, Sealer(KEY))


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_only_the_owner_may_read_files_and_folders(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "blobs"
    digest = opened(root).put(b"secret")
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o600 if path.is_file() else 0o700), path
    assert files(root) == [root / digest[:2] / digest]


def test_names_are_flushed_after_contents_and_contents_before_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path)
    steps: list[str] = []
    flush, move = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        flush(descriptor)

    def replace(self: Path, target: Path) -> Path:
        steps.append("show")
        return move(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    blobs = [str(i).encode() for i in range(3)]
    store.put_many(blobs)
    assert steps == ["file"] * 3 + ["show"] * 3 + ["folder"] * 3
    steps.clear()
    store.put(blobs[0])  # there already: its name must be durable before it is acknowledged again
    assert steps == ["folder"]
    steps.clear()
    store.delete(digest_of(blobs[0]))
    store.delete(digest_of(blobs[0]))
    assert steps == ["folder", "folder"]


def test_a_new_stores_own_folders_are_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush, flushed = os.fsync, []

    def fsync(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    opened(tmp_path / "blobs")
    assert flushed == [tmp_path, tmp_path / "blobs"]


def test_a_blob_is_sealed_for_its_own_digest(tmp_path: Path) -> None:
    digest = opened(tmp_path).put(b"data")
    sealed = (tmp_path / digest[:2] / digest).read_bytes()
    assert Sealer(KEY).open(sealed, b"blob:" + digest.encode()) == b"data"


def test_a_batch_keeps_few_files_open_and_one_blob_in_memory_at_a_time(tmp_path: Path) -> None:
    store = opened(tmp_path)
    before = open_files()
    most = 0

    def blobs() -> Any:
        nonlocal most
        for i in range(300):
            most = max(most, open_files() - before)
            yield str(i).encode()

    store.put_many(blobs())
    assert most <= 64
    assert open_files() == before
    assert len(files(tmp_path)) == 300


class Killed(BaseException):
    """Stands for an interrupt that no `except Exception` may swallow."""


STEPS: dict[str, tuple[object, str]] = {
    "make": (tempfile, "mkstemp"),
    "write": (os, "write"),
    "flush": (os, "fsync"),
    "show": (Path, "replace"),
}
FAILURES = [
    pytest.param(OSError(errno.ENOSPC, "No space left on device"), StorageFull, "room", id="full"),
    pytest.param(OSError(errno.EDQUOT, "Disk quota exceeded"), StorageFull, "room", id="quota"),
    pytest.param(OSError(errno.EROFS, "Read-only file system"), StorageReadOnly, "mounted", id="read-only"),
    pytest.param(PermissionError(errno.EACCES, "Permission denied"), StorageReadOnly, "owns", id="denied"),
    pytest.param(OSError(errno.EIO, "Input/output error"), StorageError, "Input/output", id="broken disk"),
    pytest.param(Killed(), Killed, "", id="killed"),
]


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("failure", "expected", "words"), FAILURES)
def test_a_failure_at_any_step_leaves_no_half_blob_and_nothing_beside(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    expected: type[BaseException],
    words: str,
    step: str,
    at: int,
) -> None:
    store = opened(tmp_path)
    old = store.put(b"was here before")
    blobs = [b"one" * 100, b"two" * 100, b"three" * 100]
    owner, name = STEPS[step]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _fails_at(at, getattr(owner, name), failure))
        with pytest.raises(expected) as caught:
            store.put_many(blobs)
    assert type(caught.value) is expected
    assert words in str(caught.value)
    shown = set(store.digests())
    assert old in shown
    assert all(store.get(digest) for digest in shown)
    if step != "show":
        assert shown == {old}
    assert len(files(tmp_path)) == len(shown)  # nothing is left in tmp/
    assert store.put_many(blobs) == [digest_of(blob) for blob in blobs]  # and the next try succeeds
    assert all(store.get(digest_of(blob)) == blob for blob in blobs)


def _fails_at(at: int, real: Callable[..., Any], failure: BaseException) -> Callable[..., Any]:
    calls = iter(range(10_000))

    def call(*args: Any, **named: Any) -> Any:
        if next(calls) == at:
            raise failure
        return real(*args, **named)

    return call


def test_a_write_that_takes_only_part_of_the_bytes_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, write = opened(tmp_path), os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
        digest = store.put(b"a long picture" * 20)
    assert store.get(digest) == b"a long picture" * 20


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_the_kernel_itself_says_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path)
    monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (os.open("/dev/full", os.O_WRONLY), str(tmp_path / "no")))
    with pytest.raises(StorageFull, match="room") as caught:
        store.put(b"data")
    assert "Free space" in caught.value.next_step
    assert files(tmp_path) == []


CRASH = """
import os, sys
from pathlib import Path
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import Sealer
store = LocalBlobStore(Path(sys.argv[1]), Sealer(bytes(range(32))))
Path.replace = lambda *_: os._exit(9)  # the power goes between write and rename
store.put_many([b"PLAIN BYTES" * 100, b"more"])
"""


def test_what_a_crash_leaves_is_no_blob_and_goes_after_an_hour(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    died = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], env=environment, check=False)
    assert died.returncode == 9
    left = files(tmp_path)
    assert len(left) == 2
    assert all(path.parent == tmp_path / "tmp" for path in left)
    assert all(b"PLAIN" not in path.read_bytes() for path in left)

    store = opened(tmp_path)  # at once: another process might still be writing them
    assert sorted(files(tmp_path)) == sorted(left)
    assert list(store.digests()) == []
    assert store.size_bytes() == 0

    old = time.time() - 3700
    os.utime(left[0], (old, old))
    store = opened(tmp_path)
    assert files(tmp_path) == [left[1]]
    assert store.put(b"PLAIN BYTES" * 100) in set(store.digests())


def test_a_store_that_may_not_be_written_still_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = opened(tmp_path).put(b"old")

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for owner, name in ((Path, "mkdir"), (Path, "unlink"), (Path, "replace"), (tempfile, "mkstemp")):
        monkeypatch.setattr(owner, name, read_only)
    store = opened(tmp_path)
    assert store.get(digest) == b"old"
    assert store.put(b"old") == digest
    for write in (lambda: store.put(b"new"), lambda: store.delete(digest)):
        with pytest.raises(StorageReadOnly, match="Read-only file system"):
            write()
    assert store.get(digest) == b"old"
    with pytest.raises(StorageReadOnly):
        opened(tmp_path / "other")


def test_a_root_that_is_a_file_is_refused_clearly(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_bytes(b"")
    with pytest.raises(StorageError, match="File exists"):
        opened(tmp_path / "blobs")


def test_a_blob_that_cannot_be_read_is_not_called_missing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    digest = digest_of(b"data")
    (tmp_path / digest[:2] / digest).mkdir()
    with pytest.raises(StorageError, match="cannot be read") as caught:
        store.get(digest)
    assert not isinstance(caught.value, (BlobMissing, BlobDamaged))
    assert not store.exists(digest)


def test_bytes_that_open_but_are_not_the_digests_own_are_damage(tmp_path: Path) -> None:
    store = opened(tmp_path)
    digest = digest_of(b"data")
    sealed = Sealer(KEY).seal(b"other data", b"blob:" + digest.encode())
    (tmp_path / digest[:2] / digest).write_bytes(sealed)
    with pytest.raises(BlobDamaged):
        store.get(digest)


def test_strange_files_in_the_folders_are_no_blobs(tmp_path: Path) -> None:
    store = opened(tmp_path)
    digest = store.put(b"data")
    size = store.size_bytes()
    other = digest_of(b"x" if digest_of(b"x")[:2] != digest[:2] else b"y")
    (tmp_path / digest[:2] / other).write_bytes(b"in the wrong folder")
    (tmp_path / digest[:2] / (digest + "~")).write_bytes(b"a backup by an editor")
    (tmp_path / other[:2] / other).symlink_to(tmp_path / digest[:2] / digest)
    (tmp_path / "README").write_bytes(b"")
    assert list(store.digests()) == [digest]
    assert store.size_bytes() == size


def test_folders_that_a_restore_left_out_are_made_again(tmp_path: Path) -> None:
    digest = opened(tmp_path).put(b"data")
    for folder in tmp_path.iterdir():
        if not any(folder.iterdir()):
            folder.rmdir()
    store = opened(tmp_path)
    assert store.get(digest) == b"data"
    assert store.get(store.put(b"more")) == b"more"
    assert len(list(tmp_path.iterdir())) == len(local._FOLDERS) + 1
