"""Which database the records are in: SQLite in the workspace, or the PostgreSQL server that DATABASE_URL names.

Owns the settings of both. A workspace whose records are in a server says so in its settings, so that a process without
DATABASE_URL is told what is missing instead of finding an empty database.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from plainview.casework.workspace.folder import DATABASE_ENV, POSTGRESQL, Workspace, read_only
from plainview.policy.decision import Refused

_SQLITE = "django.db.backends.sqlite3"


def database(workspace: Workspace, settings: Mapping[str, object]) -> dict[str, Any]:
    """Return Django's settings of the database of a workspace, which may be about to be made.

    Args:
        workspace: its folder.
        settings: its settings; empty if there is no workspace yet.

    Raises:
        Refused: workspace.database_url.
    """
    url = os.environ.get(DATABASE_ENV, "")
    if settings.get("database") != POSTGRESQL and (settings or not url):
        return _file(workspace)
    if not url:
        raise Refused(
            "workspace.database_url",
            "Workspace not opened",
            f"The records of {workspace.root} are in a PostgreSQL server, and DATABASE_URL does not say where it is.",
            "Set DATABASE_URL, for example to postgresql://plainview@/plainview?host=/run/postgresql.",
        )
    return _server(url)


def _server(url: str) -> dict[str, Any]:
    try:
        import dj_database_url
        import psycopg  # noqa: F401

        parsed = dj_database_url.parse(
            url, engine="plainview.site.postgresql", conn_max_age=600, conn_health_checks=True
        )
    except ImportError:
        raise _unusable("This installation cannot speak to PostgreSQL.", "Install plainview[postgres].") from None
    except ValueError as error:
        raise _unusable(f"DATABASE_URL is not an address: {error}.", "Correct it.") from None
    if not url.startswith(("postgresql:", "postgres:")):
        raise _unusable("DATABASE_URL names another kind of database.", "Only PostgreSQL is supported.")
    settings: dict[str, Any] = {**parsed}
    options = settings.setdefault("OPTIONS", {})
    # An acknowledged entry survives a power cut of the server, whatever the server's own default is.
    options.setdefault("options", "-c synchronous_commit=on")
    options.setdefault("connect_timeout", 10)  # seconds
    return settings


def _unusable(why: str, next_step: str) -> Refused:
    return Refused("workspace.database_url", "Workspace not opened", why, next_step)


def _file(workspace: Workspace) -> dict[str, Any]:
    file = workspace.database
    # On a disk that is mounted read-only nothing can be written beside the database, so it is opened as it is. What a
    # journal left by a crash still has is seen if the journal can be read.
    if file.is_file() and read_only(workspace.root):
        journal = file.with_name(f"{file.name}-wal")
        how = "mode=ro" if journal.is_file() and journal.stat().st_size else "immutable=1"
        return {"ENGINE": _SQLITE, "NAME": f"{file.as_uri()}?{how}", "OPTIONS": {"uri": True}}
    return {
        "ENGINE": _SQLITE,
        "NAME": str(file),
        # A thread of the server keeps its connection: opening one costs as much as three queries.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A writer takes its lock at the start and waits for it, instead of failing half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # FULL: a committed audit entry survives a power cut.
            # secure_delete: erased rows are overwritten in the file, not only unlinked.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        },
    }
