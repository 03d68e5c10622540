"""The video decoder's child: the only process in which a demuxer or codec touches a video that strangers made.

Owns the life of the child: everything is imported, then it locks itself down, then it answers. It has no descriptor of the
file: it asks its parent for ranges of bytes through the pipe, so that a video that is stored encrypted is never on a disk
in the clear. It must never open, send or print anything else: pixels and time stamps go to shared memory, numbers down
one pipe. An error of its own code is told as such, never as the video's. Started by process.py as `python -I` with an
empty environment.
"""

from __future__ import annotations

import errno
import gc
import importlib
import io
import json
import mmap
import os
import pkgutil
import traceback

import av
import av.error

from plainview.recognition import lockdown
from plainview.recognition.video import wire
from plainview.recognition.video.decoding import Video
from plainview.recognition.video.opening import Refusal
from plainview.recognition.video.pipe import Pipe
from plainview.recognition.video.planes import prepare
from plainview.recognition.video.wire import Ask, Reply, Request, Say

_HEADROOM = 256 * 2**20
"""Bytes of address space that must be left after start-up: a dozen reference frames of a 4K video."""

_NOT_NEEDED = ("av.__main__", "av.datasets")


def main(settings: str) -> None:
    """Serve one video until the parent closes the pipe.

    Args:
        settings: JSON object of integers: parent (process id), arena_fd, arena_bytes and the limits.
    """
    values = json.loads(settings)
    lockdown.die_with_parent(values["parent"])
    replies = os.dup(1)
    os.dup2(2, 1)  # libraries may print to 1 and 2; only the reply pipe is believed
    arena = mmap.mmap(values["arena_fd"], values["arena_bytes"])
    os.close(values["arena_fd"])
    import_everything()
    prepare()
    _rehearse()
    gc.freeze()  # what is here stays, so that collecting the rest takes no time
    pipe = Pipe(0, replies, values["cpu_seconds"])
    if lockdown.address_space_in_use() + _HEADROOM > values["memory_bytes"]:
        pipe.answer(Reply(0, Say.TOO_LITTLE_MEMORY))
        return
    lockdown.lock(values["memory_bytes"])
    pipe.answer(Reply(0, Say.READY))
    video: Video | None = None
    while (asked := pipe.request()) is not None:
        try:
            if asked.ask == Ask.OPEN:
                video = None
                pipe.size = asked.a
                video = Video(pipe, values, arena, asked.b)
                reply = video.info._replace(serial=asked.serial)
            elif video is None:
                raise Refusal("not_a_video")
            elif asked.ask == Ask.INDEX:
                reply = video.index()
            elif asked.ask == Ask.SEEK:
                reply = video.seek(asked.a, listed=bool(asked.flags & wire.LISTED))
            else:
                reply = video.next_frame(asked)
        except Exception as error:
            reply = answer_to(error, asked.serial)
        pipe.answer(reply)


def answer_to(error: Exception, serial: int) -> Reply:
    """Say in numbers what went wrong: a refusal, the video's damage, a limit, or a fault of this code."""
    if isinstance(error, Refusal):
        return Reply(
            serial,
            Say.REFUSED,
            error.kind,
            error.codec,
            width=error.width,
            height=error.height,
            detail=error.detail,
        )
    code, codec, line = "fault", 0, 0
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        code = "decoder_limit"
    elif isinstance(error, av.error.FFmpegError):
        code = "corrupt"
    else:
        name = type(error).__name__
        codec = wire.FAULTS.index(name) if name in wire.FAULTS else 0
        line = next((place.lineno or 0 for place in reversed(traceback.extract_tb(error.__traceback__))), 0)
    return Reply(serial, Say.REFUSED, wire.REFUSALS.index(code), codec, detail=line)


def import_everything() -> None:
    """Import every module of PyAV: it imports many when it meets what they are for, and then nothing can be imported."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in _NOT_NEEDED:
            importlib.import_module(module.name)


class _Rehearsal(Pipe):
    """A pipe whose file is in memory."""

    def __init__(self, data: bytes) -> None:
        super().__init__(-1, -1, 1)
        self._data, self.size = data, len(data)

    def read(self, length: int = -1) -> bytes:
        data = self._data[self._position :][: length if length >= 0 else None]
        self._position += len(data)
        return data


def _rehearse() -> None:
    """Open and decode a tiny video of our own, and have a bad one refused, so that what Python loads late is there."""
    limits = {"max_pixels": 2**20, "min_side": 1, "max_frames": 100}
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))
    video = Video(_Rehearsal(file.getvalue()), limits, mmap.mmap(-1, 2**16), 0)
    video.index()
    video.seek(0)
    while video.next_frame(Request(0, Ask.NEXT, 0, 0, wire.MAX_STAMP)).say == Say.FRAME:
        pass
    try:
        Video(_Rehearsal(b"not a video" * 100), limits, mmap.mmap(-1, 2**16), 0)
    except Exception as error:
        answer_to(error, 0)
    try:
        b"\xff".decode("utf-8")
    except ValueError as error:
        answer_to(error, 0)
