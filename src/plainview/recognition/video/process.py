"""One restricted child process with one open video, and the shared memory in which its frames come back.

Owns starting the child, answering its questions for ranges of bytes, holding it to its limits, and making sure
that it is dead when it is no longer wanted. Must never believe what the child sends before `wire.parse_reply` has
checked it, and never wait for it without a deadline. Linux only. See recognition/sandbox.py, its model for stills.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import mmap
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import plainview
from plainview.recognition.sandbox import ChildLost, DecoderUnavailable, ended_over_limit, wait_for
from plainview.recognition.video import wire
from plainview.recognition.video.types import Source
from plainview.recognition.video.wire import Ask, Reply, Request, Say
from plainview.recognition.video.words import refusal

_BOOTSTRAP = (
    "import sys; root, settings = sys.argv[1:]; root in sys.path or sys.path.insert(0, root); "
    "from plainview.recognition.video.child import main; main(settings)"
)
_START_SECONDS = 60.0
_PIPE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a video may cost.

    Attributes:
        max_pixels: width times height of a frame; 4096 x 2304 is the largest that common recorders write.
        min_side: shortest side of a frame, pixels.
        max_frames: frames of one file; 4 million are 44 hours at 25 a second.
        cpu_seconds: CPU time of the child for one frame or one range of bytes, whole seconds.
        wall_seconds: time to the next frame, seconds.
        index_seconds: time to list all frames, seconds; the whole file is read for that.
        memory_bytes: address space of the child, the shared memory included, bytes.
    """

    max_pixels: int = 4096 * 2304
    min_side: int = 16
    max_frames: int = 4_000_000
    cpu_seconds: int = 30
    wall_seconds: float = 120.0
    index_seconds: float = 1800.0
    memory_bytes: int = 2 * 2**30

    def __post_init__(self) -> None:
        if min(asdict(self).values()) <= 0:
            raise ValueError("every limit must be positive")


class VideoProcess:
    """A child with one video. Not thread-safe, and the thread that starts it must outlive it (see Sandbox)."""

    def __init__(self, source: Source, limits: VideoLimits) -> None:
        self._source, self._limits = source, limits
        self._serial = 0
        listed = limits.max_frames * wire.STAMP.size + wire.MAX_PARTS * wire.PART.size
        self.arena_bytes = max(limits.max_pixels * wire.BYTES_PER_PIXEL, listed)
        fd = os.memfd_create("plainview-video", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(fd, self.arena_bytes)
            # Without the seal a child could shrink the memory under the parent, which would die reading it.
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            self.arena = mmap.mmap(fd, self.arena_bytes, prot=mmap.PROT_READ)
            self._child = self._started(fd)
        finally:
            os.close(fd)
        self._reply(0, time.monotonic() + _START_SECONDS, starting=True)

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._child.pid

    def ask(self, question: Ask, a: int = 0, b: int = 0, c: int = 0, flags: int = 0) -> Reply:
        """Have one request answered, serving the bytes that the child wants meanwhile.

        Raises:
            BadMedia: the child refuses the video, or was ended for its time or memory, or crashed over it.
            DecoderUnavailable: the child is gone for another reason.
        """
        self._serial += 1
        long = question in (Ask.OPEN, Ask.INDEX)
        deadline = time.monotonic() + (self._limits.index_seconds if long else self._limits.wall_seconds)
        try:
            self._send(Request(self._serial, question, a, b, c, flags).pack(), deadline)
            reply = self._reply(self._serial, deadline)
        except ChildLost as lost:
            self.close()
            code = "decoder_limit" if lost.over_limit else "corrupt"
            raise refusal(Reply(0, Say.REFUSED, wire.REFUSALS.index(code)), self._limits.max_pixels) from None
        if reply.say == Say.REFUSED:
            raise refusal(reply, self._limits.max_pixels)
        return reply

    def stamps(self, count: int) -> NDArray[np.int64]:
        """Copy the first numbers in shared memory: int64, shape (count,)."""
        return np.frombuffer(self.arena, "<i8", count=count).copy()

    def kill(self) -> None:
        """Kill the child; safe from another thread than the one that owns it."""
        if self._child.returncode is None:
            self._child.kill()

    def close(self) -> None:
        """Kill the child and reap it."""
        self.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def _started(self, arena_fd: int) -> subprocess.Popen[bytes]:
        limits = {key: int(value) for key, value in asdict(self._limits).items()}
        settings = limits | {"parent": os.getpid(), "arena_fd": arena_fd, "arena_bytes": self.arena_bytes}
        root = str(Path(plainview.__file__).parents[1])
        try:
            child = subprocess.Popen(  # noqa: S603 (this interpreter, arguments made here)
                [sys.executable, "-I", "-c", _BOOTSTRAP, root, json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                close_fds=True,
                pass_fds=(arena_fd,),
                cwd="/",
                env={"MALLOC_ARENA_MAX": "1"},  # codecs' threads would each reserve 64 MiB of address space
                start_new_session=True,
            )
        except OSError as error:
            raise _cannot_start(f"the operating system said: {error.strerror}") from error
        assert child.stdin is not None  # noqa: S101
        os.set_blocking(child.stdin.fileno(), False)
        with contextlib.suppress(OSError):
            fcntl.fcntl(child.stdin.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return child

    def _reply(self, serial: int, deadline: float, *, starting: bool = False) -> Reply:
        while True:
            try:
                reply = self._received(serial, deadline)
            except ChildLost:
                if starting:
                    self.close()
                    raise _cannot_start("it ended or stood still before it was ready") from None
                raise
            if reply.say == Say.READ:
                data = self._source.read(reply.pts, min(reply.length, self._source.size - reply.pts))
                self._send(data, deadline)
                continue
            if starting and reply.say != Say.READY:
                self.close()
                raise _cannot_start("its memory limit is too low")
            return reply

    def _received(self, serial: int, deadline: float) -> Reply:
        assert self._child.stdout is not None  # noqa: S101
        raw, fd = b"", self._child.stdout.fileno()
        while len(raw) < wire.REPLY_BYTES:
            wait_for(fd, select.POLLIN, deadline)
            more = os.read(fd, wire.REPLY_BYTES - len(raw))
            if not more:
                raise ChildLost(over_limit=ended_over_limit(self._child))
            raw += more
        try:
            return wire.parse_reply(
                raw,
                serial=serial,
                size=self._source.size,
                max_pixels=self._limits.max_pixels,
                max_frames=self._limits.max_frames,
            )
        except wire.Nonsense:
            raise ChildLost(over_limit=False) from None

    def _send(self, data: bytes, deadline: float) -> None:
        assert self._child.stdin is not None  # noqa: S101
        fd, rest = self._child.stdin.fileno(), memoryview(data)
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:
                wait_for(fd, select.POLLOUT, deadline)
            except BrokenPipeError:
                return  # it may have left its answer behind


def _cannot_start(how: str) -> DecoderUnavailable:
    return DecoderUnavailable(
        f"The video decoder's restricted process cannot start: {how}.",
        f"Check that this Python ({sys.executable}) runs and has PyAV, and that memory is free.",
    )
