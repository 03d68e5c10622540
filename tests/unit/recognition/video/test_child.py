"""The life of the video child, in this process: what it does before it locks itself down, and what it answers."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import av.error
import pytest
from tests.factories.clips import clip

from plainview.recognition.video import child, wire
from plainview.recognition.video.child import _Rehearsal
from plainview.recognition.video.decoding import Video
from plainview.recognition.video.wire import Ask, Reply, Request, Say

MEMORY = 2**30
DAMAGE = av.error.InvalidDataError(errno.EINVAL, "x")
BEFORE = ["die 42", "dup 1", "dup2 2 1", "close arena", "import", "prepare", "rehearse", "freeze"]


class Channel(_Rehearsal):
    """Requests from a list; the replies are kept."""

    def __init__(self, requests: list[Request], data: bytes) -> None:
        super().__init__(data)
        self.size, self._requests, self.replies = 0, iter(requests), list[Reply]()

    def request(self) -> Request | None:
        asked = next(self._requests, None)
        self.serial = asked.serial if asked else 0
        return asked

    def answer(self, reply: Reply) -> None:
        self.replies.append(reply)


Run = Callable[..., tuple[list[str], list[Reply]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the child's main function; return what it did, in order, and what it answered."""

    def ran(
        *requests: Request, data: bytes = b"", memory: int = MEMORY, used: int = 0
    ) -> tuple[list[str], list[Reply]]:
        done: list[str] = []
        arena = os.memfd_create("arena")
        os.ftruncate(arena, 640 * 360 * 3)
        channel = Channel(list(requests), data)

        def opened(requests_fd: int, replies_fd: int, cpu_seconds: int) -> Channel:
            assert (requests_fd, replies_fd, cpu_seconds) == (0, 99, 30)
            return channel

        system = SimpleNamespace(
            dup=lambda fd: done.append(f"dup {fd}") or 99,
            dup2=lambda one, other: done.append(f"dup2 {one} {other}"),
            close=lambda fd: done.append("close arena" if fd == arena else "close another"),
        )
        lockdown = SimpleNamespace(
            die_with_parent=lambda parent: done.append(f"die {parent}"),
            address_space_in_use=lambda: used,
            lock=lambda memory_bytes: done.append(f"lock {memory_bytes}"),
            renew_cpu_time=lambda seconds: None,
        )
        for name, value in {
            "os": system,
            "lockdown": lockdown,
            "Pipe": opened,
            "import_everything": lambda: done.append("import"),
            "prepare": lambda: done.append("prepare"),
            "_rehearse": lambda: done.append("rehearse"),
            "gc": SimpleNamespace(freeze=lambda: done.append("freeze")),
        }.items():
            monkeypatch.setattr(child, name, value)
        limits = {"max_pixels": 640 * 360, "min_side": 16, "max_frames": 50, "cpu_seconds": 30}
        settings = {"parent": 42, "arena_fd": arena, "arena_bytes": 640 * 360 * 3, "memory_bytes": memory}
        child.main(json.dumps(limits | settings))
        os.close(arena)
        return done, channel.replies

    return ran


def test_everything_is_loaded_before_it_is_locked_and_it_greets_afterwards(run: Run) -> None:
    done, replies = run()
    assert done == [*BEFORE, f"lock {MEMORY}"]
    assert replies == [Reply(0, Say.READY)]


def test_without_256_mebibytes_of_headroom_it_says_so_and_ends(run: Run) -> None:
    used = MEMORY - 268_435_456
    assert run(used=used)[1] == [Reply(0, Say.READY)]
    done, replies = run(Request(1, Ask.SEEK), used=used + 1)
    assert (done, replies) == (BEFORE, [Reply(0, Say.TOO_LITTLE_MEMORY)])


def refused(reply: Reply) -> str:
    assert reply.say == Say.REFUSED
    return wire.REFUSALS[reply.kind]


def test_each_question_is_answered_under_its_number(run: Run) -> None:
    data = clip(frames=5).data
    asked = [
        Request(1, Ask.SEEK, 0),  # before a video is open
        Request(2, Ask.OPEN, len(data), 2),
        Request(3, Ask.INDEX),  # none is open since
        Request(4, Ask.OPEN, len(data), 1),
        Request(5, Ask.INDEX),
        Request(6, Ask.SEEK, 0, flags=wire.LISTED),
        Request(7, Ask.NEXT, 0, 0, wire.MAX_STAMP),
        Request(8, Ask.NEXT, 0, 0, 0),
    ]
    _, (ready, *replies) = run(*asked, data=data)
    assert ready.say == Say.READY
    assert [reply.serial for reply in replies] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [refused(reply) for reply in replies[:3]] == ["not_a_video", "no_such_stream", "not_a_video"]
    assert [reply.say for reply in replies[3:]] == [Say.INFO, Say.INDEXED, Say.SOUGHT, Say.FRAME, Say.END]
    assert (replies[3].stream, replies[4].length, replies[6].width, replies[6].length, replies[6].duration) == (
        1,
        5,
        640,
        0,
        0,
    )


@pytest.mark.parametrize(("flags", "listed"), [(0, False), (wire.LISTED, True), (wire.CUT, False)])
def test_a_search_says_whether_the_list_is_needed(
    run: Run, monkeypatch: pytest.MonkeyPatch, flags: int, listed: bool
) -> None:
    sought: list[tuple[int, bool]] = []
    monkeypatch.setattr(
        Video, "seek", lambda self, place, *, listed: sought.append((place, listed)) or Reply(2, Say.SOUGHT)
    )
    data = clip(frames=5).data
    run(Request(1, Ask.OPEN, len(data)), Request(2, Ask.SEEK, 7, flags=flags), data=data)
    assert sought == [(7, listed)]


def test_an_error_of_the_system_is_a_limit_where_memory_is_short_and_else_a_fault() -> None:
    def answer(error: Exception) -> Reply:
        try:
            raise error
        except Exception as raised:
            return child.answer_to(raised, 5)

    for error, code in (
        (OSError(errno.ENOMEM, "x"), "decoder_limit"),
        (MemoryError(), "decoder_limit"),
        (DAMAGE, "corrupt"),
    ):
        assert answer(error) == Reply(5, Say.REFUSED, wire.REFUSALS.index(code))
    assert (answer(StopIteration()).codec, wire.FAULTS[0]) == (0, "another error")
    reply = answer(OSError(errno.EIO, "x"))
    assert (refused(reply), wire.FAULTS[reply.codec], reply.serial) == ("fault", "OSError", 5)
    assert reply.detail == answer.__code__.co_firstlineno + 2
    assert child.answer_to(KeyError(), 5).detail == 0  # raised nowhere


def test_a_rehearsal_reads_what_is_in_memory() -> None:
    file = _Rehearsal(b"abcdef")
    assert (file.tell(), file.size, file.read(2), file.read(), file.read(), file.tell()) == (
        0,
        6,
        b"ab",
        b"cdef",
        b"",
        6,
    )
    file.seek(1)
    assert (file.read(0), file.read(1), file.read(9)) == (b"", b"b", b"cdef")


def test_a_rehearsal_opens_decodes_and_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing has to be imported after the locks are closed."""
    done: list[Any] = []

    class Rehearsed(Video):
        def __init__(self, pipe: Any, limits: dict[str, int], arena: Any, wanted: int) -> None:
            done.append(limits)
            super().__init__(pipe, limits, arena, wanted)

        def index(self) -> Reply:
            done.append(super().index())
            return done[-1]

        def seek(self, place: int, *, listed: bool = False) -> Reply:
            done.append(super().seek(place, listed=listed))
            return done[-1]

        def next_frame(self, asked: Request) -> Reply:
            done.append(super().next_frame(asked))
            return done[-1]

    def answer(error: Exception, serial: int, told: Any = child.answer_to) -> Reply:
        done.append(told(error, serial))
        return done[-1]

    monkeypatch.setattr(child, "Video", Rehearsed)
    monkeypatch.setattr(child, "answer_to", answer)
    child._rehearse()
    limits = {"max_pixels": 2**20, "min_side": 1, "max_frames": 100}
    assert [step if isinstance(step, dict) else step.say for step in done] == [
        limits,
        Say.INDEXED,
        Say.SOUGHT,
        Say.FRAME,
        Say.FRAME,
        Say.FRAME,
        Say.END,
        limits,
        Say.REFUSED,
        Say.REFUSED,
    ]
    assert (done[1].length, done[3].width, done[3].height, done[3].pts) == (3, 32, 32, 0)
    assert [refused(reply) for reply in done[-2:]] == ["not_a_video", "fault"]
    assert wire.FAULTS[done[-1].codec] == "UnicodeDecodeError"
