"""The restricted child, from outside: it is locked down, always ends, and is not believed unchecked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.factories import pictures

import plainview
from plainview.recognition import sandbox
from plainview.recognition.decode import Decoder
from plainview.recognition.decode_wire import Reply, Status
from plainview.recognition.errors import BadMedia
from plainview.recognition.sandbox import ChildLost, DecodeLimits, DecoderUnavailable, Sandbox, ended_over_limit

SOURCE = str(Path(plainview.__file__).parents[1])


@pytest.fixture
def running() -> Iterator[Sandbox]:
    box = Sandbox(DecodeLimits())
    box.start()
    yield box
    box.close()


# The locks, seen on the real child


def test_the_running_child_is_locked_down(running: Sandbox) -> None:
    proc = Path(f"/proc/{running.pid}")
    assert (proc / "environ").read_bytes() == b""
    assert (proc / "cwd").readlink() == Path("/")
    files = sorted(str(entry.readlink()).split("[")[0] for entry in (proc / "fd").iterdir())
    assert files == ["/dev/null", "/dev/null", "/memfd:plainview-pixels (deleted)", "pipe:", "pipe:"]
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    limits = (proc / "limits").read_text().splitlines()
    hard = {line[:26].strip(): line[26:].split()[1] for line in limits[1:]}
    assert hard["Max open files"] == "0"
    assert hard["Max file size"] == "0"
    assert hard["Max core file size"] == "0"
    assert hard["Max address space"] == str(DecodeLimits().memory_bytes)


def test_every_picture_renews_the_cpu_time(running: Sandbox) -> None:
    running.exchange(pictures.png())
    line = next(line for line in Path(f"/proc/{running.pid}/limits").read_text().splitlines() if "cpu time" in line)
    soft = int(line[26:].split()[0])
    assert DecodeLimits().cpu_seconds < soft <= DecodeLimits().cpu_seconds + 3


def test_the_child_carries_neither_numpy_nor_opencv_nor_django(running: Sandbox) -> None:
    libraries = (Path(f"/proc/{running.pid}") / "maps").read_text()
    assert "PIL" in libraries
    for heavy in ("numpy", "cv2", "onnxruntime", "faiss", "cryptography"):
        assert heavy not in libraries
    code = (
        f"import sys; sys.path.insert(0, {SOURCE!r}); import plainview.recognition.decode_child; "
        "print([m for m in ('numpy', 'cv2', 'django', 'socket', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True, timeout=30)
    assert done.stdout.strip() == b"[]"


# It always ends


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_child_dies_with_a_killed_parent() -> None:
    script = (
        f"import sys, time; sys.path.insert(0, {SOURCE!r})\n"
        "from plainview.recognition.sandbox import DecodeLimits, Sandbox\n"
        "box = Sandbox(DecodeLimits()); box.start(); print(box.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        # Stopped, the child cannot notice the closed pipe: only the kernel's signal can end it.
        os.kill(child, signal.SIGSTOP)
        parent.kill()
    assert wait_until(lambda: not alive(child))


def test_retire_reaps_and_the_next_picture_gets_a_new_child(running: Sandbox) -> None:
    first = running.pid
    assert first is not None
    assert running.retire() == -signal.SIGKILL
    assert not Path(f"/proc/{first}").exists()  # not even a zombie
    assert running.retire() is None
    assert running.exchange(pictures.png()).status == Status.PICTURE
    assert running.pid not in (None, first)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGXCPU, "decoder_limit"),
        (signal.SIGKILL, "decoder_limit"),
        (signal.SIGSEGV, "corrupt"),
        (signal.SIGABRT, "corrupt"),
    ],
)
def test_a_child_that_dies_over_a_picture(number: int, code: str) -> None:
    with Decoder() as decoder:
        decoder.decode(pictures.png())
        pid = decoder._workers[0]._sandbox.pid
        assert pid is not None
        os.kill(pid, number)
        with pytest.raises(BadMedia) as caught:
            decoder.decode(pictures.png())
        assert caught.value.code == code
        assert decoder.decode(pictures.png()).format == "PNG"


# It cannot start


def test_too_little_memory_to_start_is_said_with_numbers() -> None:
    box = Sandbox(DecodeLimits(memory_bytes=64 * 2**20))
    try:
        with pytest.raises(DecoderUnavailable, match=r"64 MiB.*needs \d+ MiB") as caught:
            box.start()
        assert "memory_bytes" in caught.value.next_step
        assert box.pid is None
    finally:
        box.close()


def test_far_too_little_memory_is_no_hang_either() -> None:
    with Decoder(limits=DecodeLimits(memory_bytes=1)) as decoder, pytest.raises(DecoderUnavailable):
        decoder.decode(pictures.png())


@pytest.mark.parametrize("program", ["/nonexistent/python", "/bin/false", "/bin/echo"])
def test_an_interpreter_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(sandbox.sys, "executable", program)
    with Decoder() as decoder, pytest.raises(DecoderUnavailable, match="cannot start"):
        decoder.decode(pictures.png())


# It is not believed


IMPOSTOR = """
import os, sys, time, json
sys.path.insert(0, sys.argv[1])
from plainview.recognition.decode_wire import *
settings = json.loads(sys.argv[2])
tell = lambda *fields, **named: os.write(1, Reply(*fields, **named).pack())
ready = lambda: tell(0, Status.READY)
"""


@pytest.mark.parametrize(
    ("behaviour", "over_limit"),
    [
        ("tell(2, Status.PICTURE, 0, 100, 100, 100, 100)", False),  # answers a request that was not made
        ("tell(1, Status.PICTURE, 0, 20000, 20000, 20000, 20000)", False),  # more than the memory holds
        ("tell(1, Status.READY)", False),
        ("tell(1, Status.REFUSED, 250)", False),
        (r"os.write(1, b'\xff' * REPLY_BYTES)", False),
        ("os.write(1, b'PVd1')", False),
        ("sys.exit(0)", False),
        ("time.sleep(60)", True),
    ],
)
def test_an_impostor_is_found_out(monkeypatch: pytest.MonkeyPatch, behaviour: str, *, over_limit: bool) -> None:
    script = f"{IMPOSTOR}\nready(); os.read(0, 16); {behaviour}"
    monkeypatch.setattr(sandbox, "_BOOTSTRAP", script)
    box = Sandbox(DecodeLimits(wall_seconds=0.5))
    try:
        box.start()
        with pytest.raises(ChildLost) as caught:
            box.exchange(b"x" * 100)
        assert caught.value.over_limit is over_limit
        assert box.pid is None
    finally:
        box.close()


def test_a_child_that_reads_nothing_cannot_hold_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_BOOTSTRAP", f"{IMPOSTOR}\nready(); time.sleep(60)")
    box = Sandbox(DecodeLimits(wall_seconds=0.3))
    try:
        began = time.monotonic()
        with pytest.raises(ChildLost):
            box.exchange(bytes(8 * 2**20))  # more than any pipe holds
        assert time.monotonic() - began < 40  # the child would sleep for 60
    finally:
        box.close()


def test_a_child_that_never_greets_cannot_hold_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_BOOTSTRAP", "import time; time.sleep(60)")
    monkeypatch.setattr(sandbox, "_START_SECONDS", 0.3)
    box = Sandbox(DecodeLimits())
    try:
        with pytest.raises(DecoderUnavailable, match="cannot start"):
            box.start()
    finally:
        box.close()


def test_a_child_cannot_pull_the_shared_memory_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink = """
try: os.ftruncate(settings["arena_fd"], 0)
except PermissionError: ready()
time.sleep(60)
"""
    monkeypatch.setattr(sandbox, "_BOOTSTRAP", IMPOSTOR + shrink)
    box = Sandbox(DecodeLimits())
    try:
        box.start()
        assert box.pixels[0] == 0  # a page that had been pulled away would end this process
    finally:
        box.close()


def test_shared_memory_of_a_large_picture_is_given_back() -> None:
    box = Sandbox(DecodeLimits())
    try:
        reply = box.exchange(pictures.black_png(5000))
        used = reply.width * reply.height * 3
        assert _allocated(box) >= used
        box.release(used)
        assert _allocated(box) == 0
        small = box.exchange(pictures.png())
        box.release(small.width * small.height * 3)
        assert _allocated(box) > 0  # kept, for the next one
    finally:
        box.close()


def _allocated(box: Sandbox) -> int:
    return os.fstat(box._arena_fd).st_blocks * 512


@pytest.mark.parametrize(
    ("status", "over"),
    [(-signal.SIGXCPU, True), (-signal.SIGKILL, True), (-signal.SIGSEGV, False), (1, False), (0, False)],
)
def test_a_child_that_the_kernel_ended_was_over_its_limit(status: int, over: bool) -> None:
    child = types.SimpleNamespace(wait=lambda timeout: status)
    assert ended_over_limit(child) is over  # type: ignore[arg-type]


def test_a_child_that_closed_its_pipe_and_lives_on_was_not_ended() -> None:
    def wait(timeout: float) -> int:
        raise subprocess.TimeoutExpired("child", timeout)

    assert ended_over_limit(types.SimpleNamespace(wait=wait)) is False  # type: ignore[arg-type]


def test_the_status_of_a_child_that_is_retired_is_returned_once() -> None:
    ended: list[str] = []
    pipe = types.SimpleNamespace(close=lambda: ended.append("closed"))
    child = types.SimpleNamespace(kill=lambda: ended.append("killed"), wait=lambda: -9, stdin=pipe, stdout=pipe)
    box = Sandbox(DecodeLimits())
    box._child = child  # type: ignore[assignment]
    assert (box.retire(), ended) == (-9, ["killed", "closed", "closed"])
    assert (box.retire(), ended[3:]) == (None, [])
    box.close()


def test_a_child_is_started_alone_with_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[str], dict[str, object]]] = []

    def popen(command: list[str], **how: object) -> None:
        asked.append((command, how))
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(sandbox.subprocess, "Popen", popen)
    box = Sandbox(DecodeLimits(max_pixels=5000))
    with pytest.raises(DecoderUnavailable, match="the operating system said: No such file or directory"):
        box.start()
    ((command, how),) = asked
    assert command[:3] == [sys.executable, "-I", "-c"]
    limits = {"max_bytes": 2**26, "max_pixels": 5000, "max_side": 32_766, "min_side": 16, "cpu_seconds": 20}
    limits |= {"wall_seconds": 30.0, "memory_bytes": 2**31}
    assert json.loads(command[5]) == limits | {"parent": os.getpid(), "arena_fd": box._arena_fd, "arena_bytes": 15_000}
    assert how == {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
        "bufsize": 0,
        "close_fds": True,
        "pass_fds": (box._arena_fd,),
        "cwd": "/",
        "env": {},
        "start_new_session": True,
    }
    box.close()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(0, Status.TOO_LITTLE_MEMORY, detail=2**20 + 1), "with these limits it needs 2 MiB before"),
        (Reply(0, Status.REFUSED), "it began with something other than its greeting"),
        (None, r"it ended or stopped before it was ready \(status 3\)"),
    ],
)
def test_a_child_that_does_not_greet_is_none(monkeypatch: pytest.MonkeyPatch, reply: Reply | None, words: str) -> None:
    (requests, to_child), (from_child, answers) = os.pipe(), os.pipe()
    pipes = {"stdin": os.fdopen(to_child, "wb", 0), "stdout": os.fdopen(from_child, "rb", 0)}
    child = types.SimpleNamespace(kill=lambda: None, wait=lambda timeout=None: 3, pid=77, **pipes)
    if reply:
        os.write(answers, reply.pack())
    os.close(answers)
    monkeypatch.setattr(sandbox.subprocess, "Popen", lambda *_, **__: child)
    box = Sandbox(DecodeLimits())
    with pytest.raises(DecoderUnavailable, match=words):
        box.start()
    assert box.pid is None
    assert all(pipe.closed for pipe in pipes.values())
    box.close()
    os.close(requests)
