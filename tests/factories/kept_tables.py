"""The tables of a test's workspace at one moment, to go back to: in SQLite a copy in memory, in PostgreSQL a template.

PLAINVIEW_TEST_DATABASE=postgresql runs the tests on a real server, one for each test process (`make test-postgresql`).
This module is then named as a plugin: the server must be there before Django's settings are read.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Protocol

from django.db import connection
from tests.factories.postgresql_server import PostgresqlServer

ON_POSTGRESQL = os.environ.get("PLAINVIEW_TEST_DATABASE") == "postgresql"
_DATABASE = "workspace"
_server: PostgresqlServer | None = None
_numbers = itertools.count()


class Kept(Protocol):
    """Tables as they were."""

    def restore(self) -> None:
        """Make the tables of the test so again."""


def begin_server() -> None:
    """Start the server that DATABASE_URL then names, before Django reads its settings."""
    global _server
    folder = Path(tempfile.mkdtemp(prefix="plainview-postgresql-"))
    _server = PostgresqlServer(folder)
    _server.start()
    _server.sql(f"CREATE DATABASE {_DATABASE}")
    os.environ["DATABASE_URL"] = _server.url(_DATABASE)
    atexit.register(_end)


def _end() -> None:
    assert _server
    _server.stop()
    shutil.rmtree(_server.folder, ignore_errors=True)


def keep() -> Kept:
    """Keep the tables as they are now."""
    return _Template() if ON_POSTGRESQL else _Copy()


def written() -> tuple[object, ...]:
    """What changes whenever any connection writes into the tables."""
    with connection.cursor() as cursor:
        if ON_POSTGRESQL:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            return cursor.fetchone()
        cursor.execute("PRAGMA data_version")
        return connection.connection.total_changes, cursor.fetchone()[0]


class _Copy:
    def __init__(self) -> None:
        self._tables = sqlite3.connect(":memory:")
        connection.ensure_connection()
        connection.connection.backup(self._tables)

    def restore(self) -> None:
        connection.ensure_connection()
        self._tables.backup(connection.connection)


class _Template:
    def __init__(self) -> None:
        assert _server
        self._name = f"kept_{next(_numbers)}"
        connection.close()
        _server.sql(f"CREATE DATABASE {self._name} TEMPLATE {connection.settings_dict['NAME']}")

    def restore(self) -> None:
        assert _server
        connection.close()
        name = connection.settings_dict["NAME"]
        _server.sql(f"DROP DATABASE {name} WITH (FORCE)")
        _server.sql(f"CREATE DATABASE {name} TEMPLATE {self._name}")
        connection.ensure_connection()


if ON_POSTGRESQL:
    begin_server()
