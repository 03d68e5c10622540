"""A sealed archive opens whole or not at all: every flipped, cut or added byte is noticed before it counts."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plainview.storage.archive import ArchiveDamaged, ArchiveWriter, new_id, read_archive

from plainview.storage.base import StorageError
from plainview.storage.seal import Sealer

KEY = Sealer(b"k" * 32)
BIG = np.random.default_rng(1).bytes((1 << 20) * 2 + 77)
MEMBERS = {"a": b"x", "deep/b": BIG, "empty": b""}


def packed(members: dict[str, bytes] = MEMBERS) -> bytes:
    file = io.BytesIO()
    writer = ArchiveWriter(file, KEY, new_id())
    for name, data in members.items():
        writer.add(name, data)
    writer.close()
    return file.getvalue()


def opened(data: bytes, key: Sealer = KEY) -> dict[str, bytes]:
    return {name: stream.read() for name, stream in read_archive(io.BytesIO(data), key)}


def test_what_went_in_comes_out_and_lies_sealed() -> None:
    data = packed()
    assert opened(data) == MEMBERS
    assert BIG[:64] not in data
    assert b"deep/b" not in data
    first_line, other = (archive.split(b"\n", 1)[0] for archive in (data, packed()))
    assert first_line != other, "each archive has an id of its own"


def test_streams_that_are_not_read_are_checked_all_the_same() -> None:
    assert [name for name, _ in read_archive(io.BytesIO(packed()), KEY)] == list(MEMBERS)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_change_is_noticed(data: st.DataObject) -> None:
    whole = packed({"a": b"x" * 3000, "b": b"y"})
    place = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "add", "drop"]))
    changed = {
        "flip": whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
        "cut": whole[:place],
        "add": whole + whole[place : place + 1],
        "drop": whole[:place] + whole[place + 1 :],
    }[kind]
    with pytest.raises(ArchiveDamaged):
        opened(changed)


def test_frames_that_changed_places_are_noticed() -> None:
    whole = packed()
    head = whole.index(b"\n") + 1
    length = 4 + int.from_bytes(whole[head : head + 4], "big")
    one, two = whole[head : head + length], whole[head + length : head + 2 * length]
    with pytest.raises(ArchiveDamaged):
        opened(whole[:head] + two + one + whole[head + 2 * length :])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(ArchiveDamaged):
        opened(packed(), Sealer(b"o" * 32))


def test_a_source_that_ends_early_makes_no_archive() -> None:
    writer = ArchiveWriter(io.BytesIO(), KEY, new_id())
    with pytest.raises(StorageError):
        writer.add_stream("a", io.BytesIO(b"short"), 6)
