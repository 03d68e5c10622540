"""A file that a person asked for is whole under its name, or not there; and only its owner reads it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from plainview.storage import output as module
from plainview.storage.output import OutputError, output, output_folder, put, replace_files, write_file


def test_a_file_has_its_name_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with output(path) as file:
        put(file, b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    for opened in (output, output_folder):
        with pytest.raises(ZeroDivisionError), opened(tmp_path / "x"):
            raise ZeroDivisionError
    with pytest.raises(OutputError, match="the disk is full"), output(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "full")
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("mine")
    with pytest.raises(OutputError, match="already exists"):
        write_file(path, b"x")
    with pytest.raises(ZeroDivisionError), output(path, replace=True):
        raise ZeroDivisionError
    assert path.read_text() == "mine"
    write_file(path, b"new", replace=True)
    assert path.read_bytes() == b"new"
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="already exists"):
        write_file(link, b"x")
    for place in (tmp_path, tmp_path / "no" / "file", path / "file"):
        with pytest.raises(OutputError, match=r"is a folder|does not exist|is not a folder"):
            write_file(place, b"x")


def test_a_file_that_somebody_makes_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    with pytest.raises(OutputError, match="already exists"), output(path):
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    path.unlink()

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "this file system has no links")

    monkeypatch.setattr(module.os, "link", no_links)
    write_file(path, b"ours")
    assert path.read_bytes() == b"ours"


def test_a_device_or_pipe_is_written_to(tmp_path: Path) -> None:
    write_file(Path(os.devnull), b"x")
    assert Path(os.devnull).is_char_device()


def test_files_of_a_folder_take_their_names_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site"
    replace_files(folder, {"index.html": b"1", "history/a.json": b"2"}, mode=0o644)
    assert (folder / "history" / "a.json").read_bytes() == b"2"
    assert (folder / "index.html").stat().st_mode & 0o777 == 0o644
    calls = []

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full"):
        replace_files(folder, {"index.html": b"new", "history/b.json": b"new"}, mode=0o644)
    assert (folder / "index.html").read_bytes() == b"1"
    assert sorted(path.name for path in folder.rglob("*")) == ["a.json", "history", "index.html"]


def test_a_file_of_a_folder_that_fails_is_named_by_the_folder_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, output_folder(tmp_path / "copy") as part:
        write_file(part / "log", b"1" * (part / "log").write_bytes(b"2"))
    assert caught.value.why == f"{tmp_path / 'copy' / 'log'} already exists."
    assert list(tmp_path.iterdir()) == []
