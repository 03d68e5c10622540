"""The child's file: every range of bytes is asked of the parent, and nothing beyond the end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from plainview.recognition import lockdown
from plainview.recognition.video import pipe as reading
from plainview.recognition.video import wire
from plainview.recognition.video.pipe import Pipe
from plainview.recognition.video.wire import Ask, Request, Say

Ends = tuple[Pipe, int, int]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    """The pipe, where the parent writes, and where it reads."""
    monkeypatch.setattr(lockdown, "renew_cpu_time", lambda seconds: renewed.append(seconds))
    renewed.clear()
    (requests, asking), (answers, replies) = os.pipe(), os.pipe()
    yield Pipe(requests, replies, 30), asking, answers
    for end in (requests, answers, replies):
        os.close(end)


renewed: list[int] = []


def asked(ends: Ends) -> tuple[int, int, int, int]:
    """Serial, kind, place and length of what the child asks."""
    raw = os.read(ends[2], wire.REPLY_BYTES)
    reply = wire.parse_reply(raw, serial=ends[0].serial, size=2**40, max_pixels=1, max_frames=1)
    return reply.serial, reply.say, reply.pts, reply.length


def test_a_request_is_read_whole_and_the_end_is_none(ends: Ends) -> None:
    pipe, asking, _ = ends
    raw = Request(5, Ask.NEXT, 1, 2, 3, 4).pack()
    os.write(asking, raw)
    assert pipe.request() == Request(5, Ask.NEXT, 1, 2, 3, 4)
    assert (pipe.serial, renewed) == (5, [30])
    os.write(asking, raw[:-1])
    os.close(asking)
    assert pipe.request() is None


def test_bytes_are_asked_for_from_where_it_is(ends: Ends) -> None:
    pipe, asking, _ = ends
    pipe.size, pipe.serial = 100, 9
    os.write(asking, b"a" * 10 + b"b" * 90)
    assert pipe.read(10) == b"a" * 10
    assert asked(ends) == (9, Say.READ, 0, 10)
    assert (pipe.tell(), renewed) == (10, [30])
    assert pipe.read() == b"b" * 90
    assert asked(ends) == (9, Say.READ, 10, 90)
    assert pipe.read() == pipe.read(5) == pipe.read(0) == b""
    os.close(asking)


def test_no_more_is_asked_for_than_there_is_and_4_mebibytes_at_once(ends: Ends) -> None:
    pipe, asking, _ = ends
    os.close(asking)  # the parent is gone: nothing comes
    pipe.size = 2**22 + 50
    assert pipe.read() == b""
    assert asked(ends)[3] == 2**22
    pipe.seek(2**22 + 20)
    pipe.read(31)
    assert (asked(ends)[3], pipe.tell()) == (30, 2**22 + 20)
    pipe.read(30)
    assert asked(ends)[3] == 30
    pipe.read(29)
    assert asked(ends)[3] == 29


def test_what_came_before_the_parent_went_counts(ends: Ends) -> None:
    pipe, asking, _ = ends
    pipe.size = 100
    os.write(asking, b"abc")
    os.close(asking)
    assert (pipe.read(10), pipe.tell()) == (b"abc", 3)


def test_a_place_is_from_the_beginning_from_here_or_from_the_end(ends: Ends) -> None:
    pipe, asking, _ = ends
    os.close(asking)
    pipe.size = 100
    assert [pipe.seek(40), pipe.seek(-10, 1), pipe.seek(-1, 2), pipe.seek(5, 2), pipe.seek(0)] == [40, 30, 99, 105, 0]
    for offset, whence in ((-1, 0), (-1, 1), (-101, 2), (0, 3)):
        with pytest.raises(OSError, match="a place before the file"):
            pipe.seek(offset, whence)
    assert pipe.tell() == 0
    pipe.seek(101)
    assert pipe.read(1) == b""


def test_what_comes_in_pieces_is_read_whole_and_no_byte_of_what_follows(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, asking, _ = ends
    pipe.size = 100
    os.write(asking, b"abcdefghij" + b"next")
    monkeypatch.setattr(reading.os, "read", lambda fd, length, read=os.read: read(fd, min(length, 4)))
    assert pipe.read(9) == b"abcdefghi"
    assert pipe.read(1) == b"j"
    monkeypatch.undo()
    assert os.read(pipe._in, 100) == b"next"


def test_no_byte_is_asked_for_where_none_is_wanted(ends: Ends) -> None:
    pipe, asking, answers = ends
    os.close(asking)
    pipe.size = 100
    assert (pipe.read(0), pipe.tell()) == (b"", 0)
    os.set_blocking(answers, False)
    with pytest.raises(BlockingIOError):
        os.read(answers, 1)


def test_at_first_nothing_is_known_of_the_file() -> None:
    pipe = Pipe(-1, -1, 30)
    assert (pipe.tell(), pipe.size, pipe.serial, pipe.broken) == (0, 0, 0, 0)
