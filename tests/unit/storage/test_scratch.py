"""An encrypted temporary file: it reads like any file, and the disk has nothing of it."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.storage.scratch import Scratch

PLAIN = b"a face, a face, a face, and nothing else but a face. " * 4000


def test_the_folder_shows_no_file_and_the_disk_no_plain_byte(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.write(PLAIN)
    assert list(tmp_path.iterdir()) == []
    raw = os.pread(scratch._descriptor, len(PLAIN), 0)
    assert len(raw) == len(PLAIN)
    assert b"face" not in raw
    assert len({raw[i : i + 16] for i in range(0, len(raw) - 16, 16)}) == len(range(0, len(raw) - 16, 16))
    scratch.close()


def test_two_files_with_the_same_content_differ_on_the_disk(tmp_path: Path) -> None:
    with Scratch(tmp_path) as one, Scratch(tmp_path) as other:
        one.write(PLAIN)
        other.write(PLAIN)
        assert os.pread(one._descriptor, 100, 0) != os.pread(other._descriptor, 100, 0)


@given(pieces=st.lists(st.binary(max_size=100), max_size=20), at=st.integers(0, 2100), length=st.integers(0, 2100))
def test_any_part_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], at: int, length: int
) -> None:
    whole = b"".join(pieces)
    with Scratch(tmp_path_factory.getbasetemp()) as scratch:
        for piece in pieces:
            assert scratch.write(piece) == len(piece)
        scratch.seek(at)
        assert scratch.read(length) == whole[at : at + length]
        assert scratch.seek(0, os.SEEK_END) == len(whole)
        scratch.seek(0)
        assert scratch.read() == whole


def test_an_archive_can_be_read_from_it(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.jpg", PLAIN)
    buffered = io.BufferedRandom(Scratch(tmp_path))  # type: ignore[arg-type]
    buffered.write(packed.getvalue())
    buffered.seek(0)
    with zipfile.ZipFile(buffered) as archive:
        assert archive.read("a.jpg") == PLAIN
    buffered.close()


def test_it_is_written_at_its_end_only(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        scratch.write(b"abc")
        scratch.seek(1)
        with pytest.raises(OSError, match="at its end only"):
            scratch.write(b"x")


def test_a_file_system_that_needs_names_gets_one_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def no_nameless(path: object, flags: int, *rest: int, **options: object) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return real(path, flags, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", no_nameless)
    with Scratch(tmp_path) as scratch:
        scratch.write(PLAIN)
        scratch.seek(0)
        assert scratch.read() == PLAIN
        assert list(tmp_path.iterdir()) == []
