"""A file is replaced whole, and one process at a time has a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainview.audit.durable import locked, replace_file, try_locked


def test_a_lock_is_made_where_there_is_none_and_one_at_a_time_has_it(tmp_path: Path) -> None:
    with try_locked(tmp_path / "a") as free:
        assert free
        with try_locked(tmp_path / "a") as again:
            assert again is False
    with locked(tmp_path / "b"), try_locked(tmp_path / "b") as free:
        assert not free
    with try_locked(tmp_path / "b") as free:
        assert free
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_file_is_replaced_whole_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for text in (b"long first text", b"new"):
        replace_file(path, text)
        assert path.read_bytes() == text
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_refuses_leaves_what_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rename = tmp_path / "key", Path.replace
    replace_file(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("plainview.audit.durable.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"
    monkeypatch.undo()

    def interrupted(self: Path, target: Path) -> None:
        rename(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"new"
