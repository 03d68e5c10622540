"""A process that is kept running: started again when it ends, later each time, and ended with the one that keeps it.

Owns the child's pipe: the child ends when the pipe does, so also after kill -9 of its keeper.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Sequence

_FIRST, _LAST = 1.0, 60.0  # seconds before the first and before any later new start
_STEADY = 60.0  # seconds of running after which the next end counts as the first

LOG = logging.getLogger("plainview.serving")


class Child:
    """One process, by its command line."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name, self._command = name, command
        self._process: subprocess.Popen[bytes] | None = None
        self._began, self._again_at, self._wait, self._ended = 0.0, 0.0, 0.0, ""
        self._ending = False

    @property
    def pid(self) -> int | None:
        """The process id, None between an end and the next start."""
        return self._process.pid if self._process is not None else None

    def tick(self) -> None:
        """Start the process if it does not run and may start; call it often."""
        now = time.monotonic()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return
            self._close()
            self._wait = min(2 * self._wait, _LAST) if self._wait and now - self._began < _STEADY else _FIRST
            self._again_at, self._ended = now + self._wait, _how(status)
        if self._ending or now < self._again_at:
            return
        if self._ended:
            LOG.warning("The %s ended (%s); it is started again.", self._name, self._ended)
        # Ctrl-C of a terminal reaches the whole group: the child does not see it, this process ends it in order.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._began = now

    def end(self) -> None:
        """Ask the process to end."""
        self._ending = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, then kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def _how(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
