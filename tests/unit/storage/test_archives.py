"""A backup's file opens whole or not at all: every flipped, cut or added byte is noticed before it counts.

The same tests for the age files of today and for what the first version wrote.
"""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.first_archives import first_archive

from plainview.storage.aged import (
    ArchiveDamaged,
    Member,
    new_backup_key,
    read_archive,
    recipient_of,
    small,
    write_archive,
)
from plainview.storage.base import StorageError
from plainview.storage.first_archive import read_first_archive
from plainview.storage.seal import Sealer

KEY, OTHER = new_backup_key(), new_backup_key()
BIG = np.random.default_rng(1).bytes((1 << 20) * 2 + 77)
MEMBERS = {"a": b"x", "deep/b": BIG, "empty": b"", "n" * 150: b"a long name"}


class Form(NamedTuple):
    """A format: how a file is made and opened, and opened with another key."""

    pack: Callable[[dict[str, bytes]], bytes]
    open: Callable[[bytes], Iterator[tuple[str, io.RawIOBase]]]
    open_wrongly: Callable[[bytes], Iterator[tuple[str, io.RawIOBase]]]


def aged(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    write_archive(file, (small(name, data) for name, data in members.items()), [recipient_of(KEY)])
    return file.getvalue()


FORMS = {
    "age": Form(
        aged, lambda data: read_archive(io.BytesIO(data), KEY), lambda data: read_archive(io.BytesIO(data), OTHER)
    ),
    "first": Form(
        lambda members: first_archive(members, Sealer(b"k" * 32)),
        lambda data: read_first_archive(io.BytesIO(data), Sealer(b"k" * 32)),
        lambda data: read_first_archive(io.BytesIO(data), Sealer(b"o" * 32)),
    ),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def opened(form: Form, data: bytes) -> dict[str, bytes]:
    return {name: stream.read() for name, stream in form.open(data)}


@every_form
def test_what_went_in_comes_out_and_is_sealed(form: Form) -> None:
    data = form.pack(MEMBERS)
    assert opened(form, data) == MEMBERS
    assert BIG[:64] not in data
    assert b"deep/b" not in data


@every_form
def test_streams_that_are_not_read_are_checked_all_the_same(form: Form) -> None:
    assert [name for name, _ in form.open(form.pack(MEMBERS))] == list(MEMBERS)


@functools.cache
def packed_once(form: Form) -> bytes:
    """A small file; packed again it may have another length, since age pads its head."""
    return form.pack({"a": b"x" * 3000, "b": b"y"})


@every_form
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_change_is_noticed(form: Form, data: st.DataObject) -> None:
    whole = packed_once(form)
    place = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "add", "drop"]))
    changed = {
        "flip": whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
        "cut": whole[:place],
        "add": whole + whole[place : place + 1],
        "drop": whole[:place] + whole[place + 1 :],
    }[kind]
    with pytest.raises(ArchiveDamaged):
        opened(form, changed)


@every_form
def test_another_key_opens_nothing(form: Form) -> None:
    with pytest.raises(ArchiveDamaged):
        list(form.open_wrongly(form.pack(MEMBERS)))


def test_frames_of_the_first_form_that_changed_places_are_noticed() -> None:
    whole = FORMS["first"].pack(MEMBERS)
    head = whole.index(b"\n") + 1
    length = 4 + int.from_bytes(whole[head : head + 4], "big")
    one, two = whole[head : head + length], whole[head + length : head + 2 * length]
    with pytest.raises(ArchiveDamaged):
        opened(FORMS["first"], whole[:head] + two + one + whole[head + 2 * length :])


def test_a_source_that_ends_early_makes_no_archive() -> None:
    with pytest.raises(StorageError, match="a ended while it was being copied"):
        write_archive(io.BytesIO(), [Member("a", io.BytesIO(b"short"), 6)], [recipient_of(KEY)])


def test_a_full_disk_is_said_as_the_system_says_it() -> None:
    class Full(io.BytesIO):
        def write(self, data: bytes, /) -> int:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_archive(Full(), [small("a", BIG)], [recipient_of(KEY)])


@pytest.mark.parametrize("text", ["", "age1", "AGE-SECRET-KEY-1", "ssh-ed25519 AAAA"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an age"):
        write_archive(io.BytesIO(), [], [text])
    with pytest.raises(ValueError, match="not an age"):
        recipient_of(text.encode())
    with pytest.raises(ArchiveDamaged):
        list(read_archive(io.BytesIO(aged({})), text.encode()))


def test_age_and_tar_open_it_without_plainview(tmp_path: Path) -> None:
    age = shutil.which("age")
    assert age, "the Debian package age has it; .ci/run installs it"
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "backup.age").write_bytes(aged(MEMBERS))
    with (tmp_path / "plain.tar").open("wb") as out:
        subprocess.run([age, "-d", "-i", tmp_path / "key", tmp_path / "backup.age"], stdout=out, check=True, timeout=60)
    with tarfile.open(tmp_path / "plain.tar") as tar:
        assert set(tar.getnames()) == {*MEMBERS, "checksums.json"}
        assert tar.extractfile("deep/b").read() == BIG  # type: ignore[union-attr]
