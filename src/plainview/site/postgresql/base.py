"""PostgreSQL for records that are written one act at a time, as SQLite does with IMMEDIATE transactions.

Owns one lock of the server: every transaction of ours begins by taking it, and holds it until it ends. The log and the
galleries' logs are ordered by it, and no act decides on what another one is changing. A read outside a transaction does
not wait.
"""

from __future__ import annotations

from django.db.backends.postgresql import base

WRITER = 0x504C4149  # "PLAI": the number of the advisory lock, one for each database


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions follow each other."""

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit:
            # Not the ORM: this is the first statement of the transaction.
            self.connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITER])
