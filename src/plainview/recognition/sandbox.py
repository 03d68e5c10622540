"""One restricted child process and the shared memory in which its pixels come back.

Owns starting the child, handing it one picture at a time, holding it to its wall-clock limit, and making sure
that it is dead and reaped when it is no longer wanted. Must never believe what the child sends before
`decode_wire.parse_reply` has checked it, and never wait for the child without a deadline. Linux only
(memfd, prctl, seccomp).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import plainview
from plainview.recognition.decode_wire import (
    BYTES_PER_PIXEL,
    REPLY_BYTES,
    REQUEST,
    Nonsense,
    Reply,
    Status,
    parse_reply,
)

_BOOTSTRAP = (
    "import sys; root, settings = sys.argv[1:]; root in sys.path or sys.path.insert(0, root); "
    "from plainview.recognition.decode_child import main; main(settings)"
)
"""Isolated mode (-I) ignores PYTHONPATH, so the child is told where this package lies."""

_START_SECONDS = 30.0
"""A child is ready in about 0.1 s; this only bounds the wait on a machine that is nearly standing still."""

_PIPE_BYTES = 2**20
"""What Linux lets an unprivileged process set (fs.pipe-max-size): most photographs then need one write."""

_KEEP_BYTES = 2**26
"""Shared memory that stays allocated between pictures (22 megapixels; allocating it again costs a third of the
time of decoding them); what a larger picture used is given back at once."""


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What one picture may cost.

    Attributes:
        max_bytes: size of the file, bytes.
        max_pixels: width times height; 80 million holds every full-frame camera on the market in 2025.
        max_side: longest side, pixels; OpenCV's warp, which aligns faces, addresses pixels with 16-bit signed
            integers (SHRT_MAX, imgwarp.cpp).
        min_side: shortest side, pixels; a face in fewer has nothing that could be compared.
        cpu_seconds: CPU time of the child, whole seconds.
        wall_seconds: time from the request to the answer, seconds.
        memory_bytes: address space of the child, its interpreter (about 70 MiB) and the shared memory for
            `max_pixels` included, bytes. Decoding takes 4 to 16 bytes a pixel, JPEG 2000 up to 28.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 80_000_000
    max_side: int = 32_766
    min_side: int = 16
    cpu_seconds: int = 20
    wall_seconds: float = 30.0
    memory_bytes: int = 2 * 2**30

    def __post_init__(self) -> None:
        if min(asdict(self).values()) <= 0 or self.min_side > self.max_side:
            raise ValueError("every decoding limit must be positive, and min_side at most max_side")


class DecoderUnavailable(RuntimeError):
    """The restricted child cannot be started: nothing is wrong with any picture, but none can be decoded.

    Attributes:
        why: one sentence: what went wrong.
        next_step: one sentence: what the person can do now.
    """

    def __init__(self, why: str, next_step: str) -> None:
        super().__init__(f"{why} {next_step}")
        self.why = why
        self.next_step = next_step


class ChildLost(Exception):
    """The child did not answer this picture and is gone.

    Attributes:
        over_limit: it was ended for its time or memory; otherwise it crashed or answered nonsense.
    """

    def __init__(self, *, over_limit: bool) -> None:
        super().__init__("over a limit" if over_limit else "crashed")
        self.over_limit = over_limit


class Sandbox:
    """A child that is started when needed and replaced after `retire`. Not thread-safe: one caller at a time.

    The thread that calls `start` or `exchange` must outlive the child, because Linux counts the end of the
    starting thread as the end of the parent (prctl(2), PR_SET_PDEATHSIG).
    """

    def __init__(self, limits: DecodeLimits) -> None:
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        self._serial = 0
        self._arena_bytes = limits.max_pixels * BYTES_PER_PIXEL
        self._arena_fd = os.memfd_create("plainview-pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self._arena_fd, self._arena_bytes)
        # Without the seal a child could shrink the memory under the parent, which would die reading it.
        fcntl.fcntl(self._arena_fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        self._arena = mmap.mmap(self._arena_fd, self._arena_bytes, prot=mmap.PROT_READ)

    @property
    def pid(self) -> int | None:
        """Process id of the running child, if there is one."""
        return self._child.pid if self._child else None

    @property
    def pixels(self) -> mmap.mmap:
        """Shared memory; after `exchange` it begins with uint8 (height, width, 3), BGR. Copy it."""
        return self._arena

    def start(self) -> None:
        """Start the child unless it runs, and wait until it has locked itself down.

        Raises:
            DecoderUnavailable: it did not start.
        """
        if self._child is not None:
            return
        settings = json.dumps(
            {
                **asdict(self._limits),
                "parent": os.getpid(),
                "arena_fd": self._arena_fd,
                "arena_bytes": self._arena_bytes,
            }
        )
        root = str(Path(plainview.__file__).parents[1])
        try:
            self._child = subprocess.Popen(  # noqa: S603 (this interpreter, arguments made here)
                [sys.executable, "-I", "-c", _BOOTSTRAP, root, settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                close_fds=True,
                pass_fds=(self._arena_fd,),
                cwd="/",
                env={},
                start_new_session=True,  # Ctrl-C in the terminal is for the parent to handle
            )
        except OSError as error:
            raise _cannot_start(f"the operating system said: {error.strerror}") from error
        to_child, from_child = self._pipes()
        os.set_blocking(to_child, False)
        with contextlib.suppress(OSError):  # over the user's quota of pipe memory: the default size works too
            fcntl.fcntl(to_child, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            reply = self._receive(from_child, 0, time.monotonic() + _START_SECONDS)
        except ChildLost:
            status = self.retire()
            raise _cannot_start(f"it ended or stopped before it was ready (status {status})") from None
        if reply.status == Status.TOO_LITTLE_MEMORY:
            self.retire()
            raise DecoderUnavailable(
                f"The picture decoder may use {_mib(self._limits.memory_bytes)} of memory, but with these limits it needs "
                f"{_mib(reply.detail)} before it reads a picture.",
                "Raise memory_bytes or lower max_pixels in DecodeLimits.",
            )
        if reply.status != Status.READY:
            self.retire()
            raise _cannot_start("it began with something other than its greeting")

    def exchange(self, data: bytes) -> Reply:
        """Have one picture decoded.

        Args:
            data: the file, at least one byte.

        Returns:
            A reply of status PICTURE (then `pixels` holds it) or REFUSED, with every field checked.

        Raises:
            ChildLost: no honest answer within the limits; the child is gone, the next call starts another.
            DecoderUnavailable: no child could be started.
        """
        self.start()
        self._serial += 1
        deadline = time.monotonic() + self._limits.wall_seconds
        to_child, from_child = self._pipes()
        try:
            self._send(to_child, (REQUEST.pack(self._serial, len(data)), data), deadline)
            reply = self._receive(from_child, self._serial, deadline)
            if reply.status not in (Status.PICTURE, Status.REFUSED):
                raise ChildLost(over_limit=False)
        except ChildLost:
            self.retire()
            raise
        return reply

    def release(self, used: int) -> None:
        """Give back the shared memory of a large picture once it has been copied.

        Args:
            used: bytes of `pixels` that the picture took.
        """
        if used > _KEEP_BYTES:
            self._arena.madvise(mmap.MADV_REMOVE, 0, self._arena_bytes)

    def retire(self) -> int | None:
        """Kill the child and reap it; the next picture gets a new one. Returns its exit status, if it ran."""
        child, self._child = self._child, None
        if child is None:
            return None
        child.kill()
        status = child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        return status

    def close(self) -> None:
        """End the child and give back the shared memory. The sandbox cannot be used afterwards."""
        self.retire()
        if self._arena_fd >= 0:
            self._arena.close()
            os.close(self._arena_fd)
            self._arena_fd = -1

    def _pipes(self) -> tuple[int, int]:
        assert self._child is not None and self._child.stdin is not None and self._child.stdout is not None  # noqa: S101, PT018
        return self._child.stdin.fileno(), self._child.stdout.fileno()

    def _send(self, to_child: int, parts: tuple[bytes, bytes], deadline: float) -> None:
        """Write everything; a child that stopped reading early may still have left its answer behind."""
        waiting = [memoryview(part) for part in parts]
        while waiting:
            try:
                written = os.writev(to_child, waiting)
            except BlockingIOError:
                wait_for(to_child, select.POLLOUT, deadline)
                continue
            except BrokenPipeError:
                return
            while waiting and written >= len(waiting[0]):
                written -= len(waiting.pop(0))
            if waiting:
                waiting[0] = waiting[0][written:]

    def _receive(self, from_child: int, serial: int, deadline: float) -> Reply:
        """Read one reply, and only one."""
        raw = b""
        while len(raw) < REPLY_BYTES:
            wait_for(from_child, select.POLLIN, deadline)
            more = os.read(from_child, REPLY_BYTES - len(raw))
            if not more:
                assert self._child is not None  # noqa: S101
                raise ChildLost(over_limit=ended_over_limit(self._child))
            raw += more
        limits = self._limits
        try:
            return parse_reply(
                raw,
                serial=serial,
                max_pixels=limits.max_pixels,
                max_side=limits.max_side,
                min_side=limits.min_side,
            )
        except Nonsense:
            raise ChildLost(over_limit=False) from None


def wait_for(fd: int, event: int, deadline: float) -> None:
    """Wait until a pipe of a child is ready.

    Args:
        fd: the pipe.
        event: select.POLLIN or select.POLLOUT.
        deadline: time.monotonic() at which the child has taken too long, seconds.

    Raises:
        ChildLost: the deadline passed.
    """
    poll = select.poll()
    poll.register(fd, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise ChildLost(over_limit=True)


def ended_over_limit(child: subprocess.Popen[bytes]) -> bool:
    """Return whether a child that closed its pipe was ended by the kernel for CPU time or memory."""
    try:
        status = child.wait(timeout=1.0)
    except subprocess.TimeoutExpired:
        return False
    return status in (-signal.SIGXCPU, -signal.SIGKILL)


def _cannot_start(how: str) -> DecoderUnavailable:
    return DecoderUnavailable(
        f"The picture decoder's restricted process cannot start: {how}.",
        f"Check that this Python ({sys.executable}) runs and has Pillow, pillow-heif and pillow-jxl-plugin, and that memory is free.",
    )


def _mib(size: int) -> str:
    return f"{-(-size // 2**20)} MiB"
