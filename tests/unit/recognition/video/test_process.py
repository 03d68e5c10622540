"""The parent's side of a video, with a child of our own that answers what it is told to."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from plainview.recognition.errors import BadMedia
from plainview.recognition.sandbox import DecoderUnavailable
from plainview.recognition.video import process, wire
from plainview.recognition.video.process import VideoLimits, VideoProcess
from plainview.recognition.video.types import BytesSource
from plainview.recognition.video.wire import Ask, Reply, Request, Say

LIMITS = VideoLimits(max_pixels=1000, max_frames=50)
READY = Reply(0, Say.READY)


class Child:
    """What `subprocess.Popen` gives: two pipes, of which the tests hold the other ends."""

    def __init__(self, *replies: Reply, status: int = -9) -> None:
        requests, self.to_child = os.pipe()
        self.from_child, answers = os.pipe()
        self.requests, self.answers, self.status = requests, answers, status
        self.stdin, self.stdout = os.fdopen(self.to_child, "wb", 0), os.fdopen(self.from_child, "rb", 0)
        self.arguments: tuple[list[str], dict[str, Any]] | None = None
        self.returncode: int | None = None
        self.pid, self.killed = 77, 0
        self.say(*replies)

    def started(self, command: list[str], **how: Any) -> Child:
        self.arguments = (command, how)
        return self

    def say(self, *replies: Reply) -> None:
        os.write(self.answers, b"".join(reply.pack() for reply in replies))

    def asked(self, length: int = wire.REQUEST_BYTES) -> bytes:
        return os.read(self.requests, length)

    def end(self) -> None:
        if self.answers >= 0:
            os.close(self.answers)
            self.answers = -1

    def kill(self) -> None:
        self.killed += 1

    def wait(self, timeout: float | None = None) -> int:
        self.returncode = self.status
        return self.status


Start = Callable[..., tuple[VideoProcess, Child]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    children: list[Child] = []

    def started(
        *replies: Reply, data: bytes = bytes(100), status: int = -9, ends: bool = False
    ) -> tuple[VideoProcess, Child]:
        child = Child(*replies, status=status)
        children.append(child)
        monkeypatch.setattr(process.subprocess, "Popen", child.started)
        if ends:
            child.end()
        return VideoProcess(BytesSource(data), LIMITS), child

    yield started
    for child in children:
        child.end()
        os.close(child.requests)
        child.stdin.close()
        child.stdout.close()


def test_a_child_is_started_alone_with_its_limits_and_shared_memory_that_it_cannot_shrink(start: Start) -> None:
    video, child = start(READY)
    assert child.arguments is not None
    command, how = child.arguments
    assert command[:3] == [sys.executable, "-I", "-c"]
    settings = json.loads(command[5])
    (arena_fd,) = how.pop("pass_fds")
    assert how == {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
        "bufsize": 0,
        "close_fds": True,
        "cwd": "/",
        "env": {"MALLOC_ARENA_MAX": "1"},
        "start_new_session": True,  # Ctrl-C in the terminal is for the parent to handle
    }
    limits = {"max_pixels": 1000, "min_side": 16, "max_frames": 50, "cpu_seconds": 30, "wall_seconds": 120}
    limits |= {"index_seconds": 1800, "memory_bytes": 2**31}
    listed = 50 * 8 + 10_000 * 16
    assert settings == limits | {"parent": os.getpid(), "arena_fd": arena_fd, "arena_bytes": listed}
    assert (video.pid, video.arena_bytes, len(video.arena)) == (77, listed, listed)
    assert not os.get_blocking(child.stdin.fileno())
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(arena_fd)  # the parent's is closed


def test_memory_has_room_for_a_frame(monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    monkeypatch.setattr(sys.modules[__name__], "LIMITS", VideoLimits(max_pixels=60_000, max_frames=50))
    assert start(READY)[0].arena_bytes == 180_000


def test_questions_are_numbered_and_each_gets_its_own_answer(start: Start) -> None:
    video, child = start(READY)
    for serial in (1, 2, 3):
        child.say(Reply(serial, Say.SOUGHT))
        assert video.ask(Ask.SEEK, 5, flags=wire.LISTED) == Reply(serial, Say.SOUGHT, sha256=bytes(32))
        assert child.asked() == Request(serial, Ask.SEEK, 5, 0, 0, wire.LISTED).pack()
    child.say(Reply(4, Say.SOUGHT))
    video.ask(Ask.NEXT, 1, 2, 3, 4)
    assert child.asked() == Request(4, Ask.NEXT, 1, 2, 3, 4).pack()
    child.say(Reply(4, Say.SOUGHT))  # of the question before
    with pytest.raises(BadMedia) as caught:
        video.ask(Ask.SEEK, 5)
    assert caught.value.code == "corrupt"
    assert (child.killed, child.returncode) == (1, -9)


def test_the_child_is_given_the_bytes_that_it_wants(start: Start) -> None:
    video, child = start(READY, data=bytes(range(100)))
    child.say(Reply(1, Say.READ, pts=10, length=20), Reply(1, Say.READ, pts=95, length=5), Reply(1, Say.SOUGHT))
    assert video.ask(Ask.SEEK, 5).say == Say.SOUGHT
    assert child.asked() == Request(1, Ask.SEEK, 5).pack()
    assert child.asked() == bytes([*range(10, 30), *range(95, 100)])


@pytest.mark.parametrize(
    ("question", "seconds"), [(Ask.OPEN, 1800), (Ask.INDEX, 1800), (Ask.SEEK, 120), (Ask.NEXT, 120)]
)
def test_what_reads_the_whole_file_may_take_longer(
    start: Start, monkeypatch: pytest.MonkeyPatch, question: Ask, seconds: int
) -> None:
    deadlines: list[float] = []
    monkeypatch.setattr(process.time, "monotonic", lambda: 1000.0)
    monkeypatch.setattr(process, "wait_for", lambda fd, event, deadline: deadlines.append(deadline))
    video, child = start(READY)
    child.say(Reply(1, Say.SOUGHT))
    video.ask(question)
    assert deadlines == [1060.0, 1000.0 + seconds]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (-signal.SIGXCPU, "decoder_limit"),
        (-signal.SIGKILL, "decoder_limit"),
        (-signal.SIGSEGV, "corrupt"),
        (1, "corrupt"),
    ],
)
def test_a_child_that_ends_over_a_video_is_told_by_how_it_ended(start: Start, status: int, code: str) -> None:
    video, child = start(READY, status=status)
    child.end()
    with pytest.raises(BadMedia) as caught:
        video.ask(Ask.SEEK, 5)
    assert caught.value.code == code
    assert child.stdin.closed
    assert child.stdout.closed
    video.kill()
    assert child.killed == 0  # it had ended


def test_a_refusal_leaves_the_child_as_it_is(start: Start) -> None:
    video, child = start(READY)
    child.say(Reply(1, Say.REFUSED, wire.REFUSALS.index("no_frames")), Reply(2, Say.SOUGHT))
    with pytest.raises(BadMedia) as caught:
        video.ask(Ask.INDEX)
    assert caught.value.code == "no_frames"
    assert video.ask(Ask.SEEK, 5).say == Say.SOUGHT
    assert child.killed == 0
    video.close()
    assert (child.killed, child.stdin.closed, child.stdout.closed) == (1, True, True)


def test_a_child_that_does_not_greet_is_none(start: Start) -> None:
    for replies, ends, words in (
        ((), True, "it ended or stood still before it was ready"),
        ((Reply(0, Say.TOO_LITTLE_MEMORY),), False, "its memory limit is too low"),
        ((Reply(0, Say.SOUGHT),), False, "its memory limit is too low"),
        ((Reply(1, Say.READY),), False, "it ended or stood still"),
    ):
        with pytest.raises(DecoderUnavailable, match=words):
            start(*replies, ends=ends)


def test_a_program_that_cannot_be_run_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(process.subprocess, "Popen", broken)
    with pytest.raises(DecoderUnavailable, match="the operating system said: No such file or directory"):
        VideoProcess(BytesSource(b"x"), LIMITS)


def test_numbers_of_shared_memory_are_copied() -> None:
    memory = bytearray(struct.pack("<3q", 5, -7, 9))
    numbers = VideoProcess.stamps(SimpleNamespace(arena=memory), 2)  # type: ignore[arg-type]
    memory[:] = bytes(24)
    assert numbers.tolist() == [5, -7]
