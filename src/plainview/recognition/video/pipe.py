"""The child's end of the pipe: requests in, replies out, and ranges of the file's bytes in between.

Owns what PyAV sees as a file. It has no descriptor of one: every range of bytes is asked of the parent. Standard
library only; runs in the restricted child.
"""

from __future__ import annotations

import errno
import os

from plainview.recognition import lockdown
from plainview.recognition.video import wire
from plainview.recognition.video.wire import Reply, Request, Say


class Pipe:
    """Requests in, replies out, and the file's bytes in between; a file object as PyAV wants one."""

    def __init__(self, requests: int, replies: int, cpu_seconds: int) -> None:
        self._in, self._out, self._cpu_seconds = requests, replies, cpu_seconds
        self._position, self.size, self.serial = 0, 0, 0
        self.broken = 0
        """Byte from which a recording in fragments cannot be read; 0 for none."""

    def request(self) -> Request | None:
        """Wait for the next request; None when the parent has closed the pipe."""
        raw = self._exactly(wire.REQUEST_BYTES)
        lockdown.renew_cpu_time(self._cpu_seconds)
        if len(raw) < wire.REQUEST_BYTES:
            return None
        asked = wire.parse_request(raw)
        self.serial = asked.serial
        return asked

    def answer(self, reply: Reply) -> None:
        """Send one reply."""
        os.write(self._out, reply.pack())

    def read(self, length: int = -1) -> bytes:
        """Ask the parent for the next bytes of the file."""
        left = self.size - self._position
        wanted = min(left if length < 0 else length, left, 2**22)
        if wanted <= 0:
            return b""
        self.answer(Reply(self.serial, Say.READ, pts=self._position, length=wanted))
        data = self._exactly(wanted)
        lockdown.renew_cpu_time(self._cpu_seconds)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the place of the next read; behind the end nothing is read."""
        start = {0: 0, 1: self._position, 2: self.size}.get(whence)
        if start is None or start + offset < 0:
            raise OSError(errno.EINVAL, "a place before the file")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """The place of the next read."""
        return self._position

    def _exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            more = os.read(self._in, length - len(parts))
            if not more:
                break
            parts += more
        return bytes(parts)
