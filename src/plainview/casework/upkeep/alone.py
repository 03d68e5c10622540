"""Whether this process is the only one that has the workspace's database open.

Owns that one question, and how SQLite answers it: leaving the journal mode WAL is possible only for the sole connection,
so it also finds an older Plainview that knows nothing of this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from plainview.policy.decision import Refused

_BUSY_S = 1.0


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
            raise Refused(
                "workspace.in_use",
                refused,
                "Another process has this workspace open: its server, its worker or a command.",
                "Stop them, then run this again.",
            )
        yield held_connection
