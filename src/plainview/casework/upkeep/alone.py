"""Whether this process is the only one that has the workspace's database open.

Owns that one question. SQLite answers it by its journal: leaving the mode WAL is possible only for the sole connection,
so it also finds an older Plainview that knows nothing of this. PostgreSQL lists its connections.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from plainview.casework.workspace.folder import Workspace
from plainview.policy.decision import Refused

_BUSY_S = 1.0
_HOLD = 0x504C414A  # number of an advisory lock; every hold of this kind takes it


@contextmanager
def sole(workspace: Workspace, refused: str) -> Iterator[None]:
    """Refuse while another process has the records open, and keep others out inside the block where that is possible.

    Raises:
        Refused: workspace.in_use.
    """
    if connection.vendor == "sqlite":
        connection.close()
        with alone(workspace.database, refused):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        (others,) = cursor.fetchone()
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_HOLD])
        (is_ours,) = cursor.fetchone()
    if others or not is_ours:
        raise _in_use(refused)
    try:
        yield
    finally:
        connection.close()  # which gives the lock back


@contextmanager
def alone(database: Path, refused: str) -> Iterator[sqlite3.Connection]:
    """Hold the database against every other process inside the block; Django's own connection is closed before.

    Args:
        database: the file.
        refused: the refused act, e.g. "Nothing upgraded".

    Raises:
        Refused: workspace.in_use.
    """
    with closing(sqlite3.connect(database, isolation_level=None, timeout=_BUSY_S)) as held_connection:
        try:
            held_connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            (mode,) = held_connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            if mode == "delete":
                held_connection.execute("BEGIN EXCLUSIVE")
                held_connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            mode = "locked"
        if mode != "delete":
            raise _in_use(refused)
        yield held_connection


def _in_use(refused: str) -> Refused:
    return Refused(
        "workspace.in_use",
        refused,
        "Another process has this workspace open: its server, its worker or a command.",
        "Stop them, then run this again.",
    )
