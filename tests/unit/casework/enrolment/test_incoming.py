"""What people hand in: archives are opened within limits, in memory, and names are labels."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.casework.enrolment import incoming
from plainview.policy.decision import Refused


def archive(members: Iterable[tuple[str, bytes]], how: int = zipfile.ZIP_STORED) -> io.BytesIO:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", how) as made:
        for name, data in members:
            made.writestr(name, data)
    held.seek(0)
    return held


def taken(*uploads: tuple[str, io.BytesIO]) -> dict[str, bytes]:
    return {file.name: file.data for file in incoming.files(uploads)}


def rule_of(*uploads: tuple[str, io.BytesIO]) -> str:
    with pytest.raises(Refused) as caught:
        taken(*uploads)
    return caught.value.rule_id


def test_files_and_archives_are_one_list_without_hidden_members() -> None:
    by_themselves = (
        "__MACOSX/x.jpg",
        ".DS_Store",
        "a/Thumbs.db",
        "Desktop.ini",
        "a/@eaDir/b.jpg/SYNOPHOTO_THUMB_M.jpg",
    )
    packed = archive([("a/b.jpg", b"1"), *((name, b"2") for name in by_themselves), ("a/", b"")])
    assert taken(("all.zip", packed), ("C:\\photos\\d.jpg", io.BytesIO(b"4"))) == {
        "a/b.jpg": b"1",
        "d.jpg": b"4",
    }


def test_two_files_of_one_name_both_come_in() -> None:
    held = taken(("a.jpg", io.BytesIO(b"1")), ("a.jpg", io.BytesIO(b"2")), ("z.zip", archive([("a.jpg", b"3")])))
    assert held == {"a.jpg": b"1", "a (2).jpg": b"2", "a (3).jpg": b"3"}


def test_two_archives_keep_their_members_apart() -> None:
    first, second = archive([("a.jpg", b"1"), ("m.csv", b"2")]), archive([("a.jpg", b"3")])
    held = taken(("desk.zip", first), ("cells.zip", second))
    assert held == {"desk/a.jpg": b"1", "desk/m.csv": b"2", "cells/a.jpg": b"3"}


def test_a_name_that_climbs_is_a_label_only() -> None:
    assert taken(("z.zip", archive([("../../etc/passwd", b"x")]))) == {"../../etc/passwd": b"x"}


def test_a_picture_with_an_archive_behind_it_is_a_picture() -> None:
    both = b"\xff\xd8 picture" + archive([("hidden.jpg", b"x")]).getvalue()
    assert taken(("a.jpg", io.BytesIO(both))) == {"a.jpg": both}


def test_a_member_without_a_name_is_a_damaged_archive() -> None:
    named = archive([("a", b"x")]).getvalue()
    begin = named.index(b"PK\x01\x02")  # its row in the list at the end says how long the name is
    nameless = named[: begin + 28] + b"\0\0" + named[begin + 30 : begin + 46] + named[begin + 47 :]
    shorter = (int.from_bytes(nameless[-10:-6], "little") - 1).to_bytes(4, "little")  # the size of that list
    assert rule_of(("z.zip", io.BytesIO(nameless[:-10] + shorter + nameless[-6:]))) == "upload.archive"


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [(f"{i}.jpg", b"x") for i in range(4)]
    monkeypatch.setattr(incoming, "MAX_FILES", 3)
    assert rule_of(("z.zip", archive(many))) == "upload.too_much"
    assert rule_of(*((name, io.BytesIO(data)) for name, data in many)) == "upload.too_much"
    monkeypatch.setattr(incoming, "MAX_FILES", 100)
    monkeypatch.setattr(incoming, "MAX_BYTES", 1_000_000)
    bomb = archive([("bomb.jpg", bytes(5_000_000))], zipfile.ZIP_DEFLATED)
    assert len(bomb.getvalue()) < 10_000
    assert rule_of(("z.zip", bomb)) == "upload.too_much"
    monkeypatch.setattr(incoming, "MAX_FILE_BYTES", 10)
    assert taken(("big.jpg", io.BytesIO(bytes(99)))) == {"big.jpg": bytes(11)}


def test_a_size_that_lies_does_not_get_more_in() -> None:
    packed = bytearray(archive([("a.jpg", bytes(100_000))], zipfile.ZIP_DEFLATED).getvalue())
    at = packed.rindex(b"PK\x01\x02") + 24
    packed[at : at + 4] = (10).to_bytes(4, "little")  # the central directory claims ten bytes
    assert rule_of(("z.zip", io.BytesIO(bytes(packed)))) == "upload.archive"


def test_a_locked_archive_is_refused() -> None:
    packed = bytearray(archive([("a.jpg", b"x")]).getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(mark) + at] |= 1
    assert rule_of(("z.zip", io.BytesIO(bytes(packed)))) == "upload.archive"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (archive([]).getvalue(), "it is an empty ZIP file"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "it is no ZIP file, or a part of one"),
        (archive([("a.jpg", b"x" * 99)]).getvalue()[:90], "it is damaged or of another kind"),
    ],
)
def test_an_archive_of_another_kind_is_named(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        taken(("z.zip", io.BytesIO(data)))


@pytest.mark.parametrize("before", [b"PK00", b"PK\7\x08", b"MZ" + bytes(5000), b"\n"])
def test_what_is_before_an_archive_is_no_hindrance(before: bytes) -> None:
    """The marker of parts that were not needed (APPNOTE 8.5.4), a program that unpacks it, an empty line of a web server."""
    held = io.BytesIO(before)
    with zipfile.ZipFile(held, "a") as made:
        made.writestr("a.jpg", b"1")
    held.seek(0)
    assert taken(("z.ZIP", held)) == {"a.jpg": b"1"}


def test_a_member_that_is_listed_twice_is_one() -> None:
    """As some writers list it (python/cpython#117779); Python takes the second for an attack."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("a.jpg", b"1")
        made.writestr("b.jpg", b"2")
        made.filelist.append(made.filelist[0])
    held.seek(0)
    assert taken(("z.zip", held)) == {"a.jpg": b"1", "b.jpg": b"2"}


def test_a_method_that_is_not_read_is_named() -> None:
    packed = bytearray(archive([("a.jpg", b"x")]).getvalue())
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        packed[packed.index(mark) + at] = 9
    with pytest.raises(Refused, match="the method Deflate64"):
        taken(("z.zip", io.BytesIO(bytes(packed))))


@given(st.binary(max_size=400), st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_archive_is_refused_or_read_and_never_breaks(tail: bytes, at: int, value: int) -> None:
    packed = bytearray(archive([("a.jpg", b"picture" * 9), ("b.jpg", b"x")], zipfile.ZIP_DEFLATED).getvalue())
    packed[at % len(packed)] = value
    refused = ""
    try:
        for file in incoming.files([("z.zip", io.BytesIO(bytes(packed) + tail))]):
            assert isinstance(file.name, str)
            assert len(file.data) <= incoming.MAX_FILE_BYTES + 1
    except Refused as error:
        refused = error.rule_id
    assert refused in ("", "upload.archive", "upload.too_much")
