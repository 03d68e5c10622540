"""The servers of a workspace, each with a lock that ends with its process, however that ends.

Owns the locks' files, which say who has them. Records in the folder have one server. Records in PostgreSQL may have
several, each with a lock of its own. The system releases a lock when its holder ends, so nothing has to be cleaned up;
a file's text counts only while somebody has the lock.
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

from plainview.casework.workspace.folder import POSTGRESQL, Workspace
from plainview.policy.decision import Refused

SERVER = "server.lock"
"""The file of the first server's lock; the others have a number: server-2.lock."""

MOST = 64
"""Servers that may share one folder: chosen, more than a proxy has behind it."""

_PATIENCE = 0.5  # seconds: a glance of `holder` lasts microseconds, a server that ends releases at once


@dataclass(frozen=True, slots=True)
class Holder:
    """Who serves a workspace: process id, address, since when (seconds since 1970), and the file of its certificate."""

    pid: int
    address: str
    since: float
    certificate: str = ""


def holders(workspace: Workspace) -> list[Holder]:
    """Return who serves the workspace now from this folder; none if nobody does."""
    holders = [_holder(path) for path in sorted(workspace.root.glob(f"{Path(SERVER).stem}*.lock"))]
    return [holder for holder in holders if holder is not None]


def _holder(path: Path) -> Holder | None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
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
def as_server(workspace: Workspace, address: str, certificate: str = "") -> Iterator[None]:
    """Be a server of the workspace inside the block: the only one, unless its records are in PostgreSQL.

    Raises:
        Refused: serve.running, with the address of the server that runs.
    """
    first = workspace.root / SERVER
    paths = [first]
    if workspace.settings().get("database") == POSTGRESQL:
        paths += [first.with_name(f"{first.stem}-{number}{first.suffix}") for number in range(2, MOST + 1)]
    descriptor = _first_free(paths)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(Holder(os.getpid(), address, time.time(), certificate))).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _first_free(paths: list[Path]) -> int:
    """Lock the first file that nobody has, and return its descriptor.

    Raises:
        Refused: serve.running: every one is taken.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        for path in paths:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = _read(descriptor)
                os.close(descriptor)
            else:
                return descriptor
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    where = f"on {running.address} by process {running.pid}" if running else f"by another process ({path})"
    raise Refused(
        "serve.running",
        "Not served",
        f"This workspace is already served {where}.",
        "Use that server, or stop it first. Only records in PostgreSQL have several servers.",
    )


def _read(descriptor: int) -> Holder | None:
    try:
        read = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(int(read["pid"]), str(read["address"]), float(read["since"]), str(read.get("certificate", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
