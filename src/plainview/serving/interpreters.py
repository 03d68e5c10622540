"""Interpreters that answer requests: the server's own, and those of processes beside it that answer pages.

Owns these processes. One interpreter runs one request at a time, and a machine has several cores. They are made from the
server before it has threads, so that all share what is loaded; they end with it, however that ends, and are made again
when they end first. They must never be given an act: what a member records is the server's own work.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

CORES = os.cpu_count() or 1
PROCESSES = min(CORES // 2, 3)
"""Processes beside the server on this machine; chosen: a core for each two, so that acts and the worker have theirs."""

SWITCH = 0.001
"""Seconds after which a thread that computes lets another one go on: Python's 5 ms are felt at every step of a request."""

NOTES = "plainview."
"""Keys of the WSGI environment that begin so are the server's and the application's notes to each other."""

_AT_ONCE = 2  # pages that a process answers at the same time: a long one does not keep the others waiting
_PIECE = 64 << 10  # bytes of an answer that are sent at once
_AGAIN = 1.0  # seconds before a process that ended is made again

LOG = logging.getLogger("plainview.serving")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Keep = Callable[[Iterable[bytes]], BinaryIO]


class _Lost(Exception):
    """The process ended before it had answered."""


@dataclass(slots=True)
class Answer:
    """What the application answered, what it noted in the environment, and whether another process did."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: BinaryIO = field(default_factory=io.BytesIO)
    notes: dict[str, Any] = field(default_factory=dict)
    beside: bool = False


@dataclass(eq=False, slots=True)
class _Beside:
    """One process: the end of its control channel, its channels that are free, and how many are busy."""

    control: socket.socket
    free: list[Connection] = field(default_factory=list)
    busy: int = 0
    generation: int = 0


class Interpreters:
    """Where requests are answered. Its methods may be called from any thread, `make` only before there are any."""

    def __init__(self, wsgi: Wsgi) -> None:
        self._wsgi, self._lock = wsgi, threading.Lock()
        self._beside: list[_Beside] = []
        self._here = 0

    @property
    def number(self) -> int:
        """How many there are."""
        return 1 + len(self._beside)

    def make(self, processes: int = PROCESSES) -> None:
        """Make the processes beside; nothing that must not be shared may be open, as connections to a database are."""
        if processes and (_threads() > 1 or not _can_wait()):
            LOG.warning("Pages are answered by one process only: it cannot be divided here.")
            return
        gc.collect()
        gc.freeze()  # what is loaded stays; a collection that looked at it would copy it into every process
        for _ in range(processes):
            ours, theirs = socket.socketpair()
            if not os.fork():
                _supervise(self._wsgi, theirs)
            theirs.close()
            self._beside.append(_Beside(ours))
        for beside in self._beside:
            self._renew(beside)
            threading.Thread(target=self._keep_renewing, args=(beside,), name="pages", daemon=True).start()

    def answer(self, environ: dict[str, Any], keep: Keep, *, beside: bool) -> Answer:
        """Return the application's answer.

        Args:
            environ: the request (WSGI).
            keep: receives the pieces of the body, and returns it.
            beside: whether another process may answer, if it has less to do.

        Raises:
            OSError: the body could not be kept.
        """
        if beside:
            chosen = self._least()
            if chosen is not None:
                try:
                    return self._ask(*chosen, environ, keep)
                except _Lost:
                    LOG.warning("A process that answers pages ended; its page is answered by the server.")
        with self._lock:
            self._here += 1
        try:
            return _answer(self._wsgi, environ, keep)
        finally:
            with self._lock:
                self._here -= 1

    def _least(self) -> tuple[_Beside, Connection, int] | None:
        """Return the process that has least to do, with a channel of its; None if that is this one."""
        with self._lock:
            able = [beside for beside in self._beside if beside.free]
            least = min(able, key=lambda beside: beside.busy, default=None)
            if least is None or least.busy > self._here:
                return None
            least.busy += 1
            return least, least.free.pop(), least.generation

    def _ask(
        self, beside: _Beside, channel: Connection, generation: int, environ: dict[str, Any], keep: Keep
    ) -> Answer:
        whole = False
        try:
            _send(channel, {key: value for key, value in environ.items() if key not in _OWN})
            pieces = _pieces(channel)
            try:
                body = keep(pieces)
            finally:
                deque(pieces, maxlen=0)  # also what was not kept: the channel is needed again
                answer = _received(channel)
                whole = True
        finally:
            with self._lock:
                beside.busy -= 1
                if whole and beside.generation == generation:
                    beside.free.append(channel)
                else:
                    channel.close()
        if answer is None:
            raise RuntimeError("A page failed in the process that answered it.")
        answer.body, answer.beside = body, True
        return answer

    def _keep_renewing(self, beside: _Beside) -> None:
        while self._renew(beside):
            LOG.warning("A process that answers pages was made again.")

    def _renew(self, beside: _Beside) -> bool:
        """Wait for the channels of a process that was made; False if none will come."""
        said, descriptors, _, _ = socket.recv_fds(beside.control, 1, _AT_ONCE)
        with self._lock:
            for channel in beside.free:
                channel.close()
            beside.free, beside.generation = (
                [Connection(descriptor) for descriptor in descriptors],
                beside.generation + 1,
            )
        return bool(said)


_OWN = ("wsgi.input", "wsgi.errors")  # what cannot be sent; a page has no body


def _answer(wsgi: Wsgi, environ: dict[str, Any], keep: Keep) -> Answer:
    answer = Answer()

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        answer.status = int(status.split(" ", 1)[0])
        answer.headers = [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]
        return lambda data: None

    parts = wsgi(environ, start)
    try:
        answer.body = keep(part for part in parts if part)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    answer.notes = {key: value for key, value in environ.items() if key.startswith(NOTES)}
    return answer


def _send(channel: Connection, message: object) -> None:
    try:
        channel.send(message)
    except OSError:
        raise _Lost from None


def _pieces(channel: Connection) -> Iterator[bytes]:
    """Yield the pieces of a body, which an empty one ends."""
    try:
        while piece := channel.recv_bytes():
            yield piece
    except (EOFError, OSError):
        raise _Lost from None


def _received(channel: Connection) -> Answer | None:
    try:
        answer = channel.recv()
    except (EOFError, OSError):
        raise _Lost from None
    assert answer is None or isinstance(answer, Answer)  # noqa: S101
    return answer


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _can_wait() -> bool:
    """Say whether this system tells of the end of a process by a descriptor (Linux 5.3)."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


# In the processes beside ------------------------------------------------------------------------------------------------


def _supervise(wsgi: Wsgi, control: socket.socket) -> NoReturn:
    """Keep one process that answers, until the server's end of the control channel is closed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a terminal and a service manager signal all of them
        signal.signal(number, signal.SIG_IGN)
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor != control.fileno():
            with suppress(OSError):  # the list's own
                os.close(descriptor)  # the server's lock and port must not outlive it here
    while True:
        pairs = [socket.socketpair() for _ in range(_AT_ONCE)]
        process = os.fork()
        if not process:
            for ours, _ in pairs:
                ours.close()
            _serve(wsgi, control, [theirs for _, theirs in pairs])
        try:
            socket.send_fds(control, [b"+"], [ours.fileno() for ours, _ in pairs])
        except OSError:
            os._exit(0)
        for ours, theirs in pairs:
            ours.close()
            theirs.close()
        ended = os.pidfd_open(process)
        if control.fileno() in select.select([ended, control.fileno()], [], [])[0]:
            os._exit(0)
        os.close(ended)
        os.waitpid(process, 0)
        if select.select([control], [], [], _AGAIN)[0]:
            os._exit(0)


def _serve(wsgi: Wsgi, control: socket.socket, channels: list[socket.socket]) -> NoReturn:
    """Answer what comes through the channels, until the server has ended."""
    sys.setswitchinterval(SWITCH)
    for number, channel in enumerate(channels):
        work = Connection(channel.detach())
        threading.Thread(target=_answer_all, args=(wsgi, work), name=f"page-{number}", daemon=True).start()
    control.recv(1)  # the server says nothing: its end is all that it sends
    os._exit(0)


def _answer_all(wsgi: Wsgi, channel: Connection) -> None:
    def send(parts: Iterable[bytes]) -> BinaryIO:
        for part in parts:
            for first in range(0, len(part), _PIECE):
                channel.send_bytes(part, first, min(_PIECE, len(part) - first))
        return io.BytesIO()

    with suppress(EOFError, OSError):  # the server's end is closed
        while True:
            environ = channel.recv() | {
                "wsgi.input": io.BytesIO(),
                "wsgi.errors": sys.stderr,
                "wsgi.multiprocess": True,
            }
            answer = None
            try:
                answer = _answer(wsgi, environ, send)
            except Exception:  # the application answers its own errors: this was not one of those
                LOG.exception("A page failed.")
            channel.send_bytes(b"")
            channel.send(answer)
