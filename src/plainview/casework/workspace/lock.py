"""One server a workspace: a lock that ends with the process that has it, however that ends.

Owns the lock's file, which says who has it. The system releases the lock when its holder ends, so nothing has to be
cleaned up; the file's text counts only while somebody has the lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from plainview.casework.workspace.folder import Workspace
from plainview.policy.decision import Refused

SERVER = "server.lock"

_PATIENCE = 0.5  # seconds: a glance of `holder` lasts microseconds, a server that ends releases at once


@dataclass(frozen=True, slots=True)
class Holder:
    """Who serves a workspace: process id, address, since when (seconds since 1970), and the file of its certificate."""

    pid: int
    address: str
    since: float
    certificate: str = ""


def holder(workspace: Workspace) -> Holder | None:
    """Return who serves the workspace now, None if nobody does."""
    try:
        descriptor = os.open(workspace.root / SERVER, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


@contextmanager
def only_server(workspace: Workspace, address: str, certificate: str = "") -> Iterator[None]:
    """Be the workspace's only server inside the block.

    Raises:
        Refused: serve.running, with the address of the server that runs.
    """
    path = workspace.root / SERVER
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(Holder(os.getpid(), address, time.time(), certificate))).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(0.05)
                continue
            running = _read(descriptor)
            where = f"on {running.address} by process {running.pid}" if running else f"by another process ({path})"
            raise Refused(
                "serve.running",
                "Not served",
                f"This workspace is already served {where}.",
                "Use that server, or stop it first: one workspace has one server.",
            ) from None
        return


def _read(descriptor: int) -> Holder | None:
    try:
        read = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(int(read["pid"]), str(read["address"]), float(read["since"]), str(read.get("certificate", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
