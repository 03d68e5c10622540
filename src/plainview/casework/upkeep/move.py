"""Moving the records of a workspace between its folder and a PostgreSQL server, and its pictures into a bucket.

Owns the order: copied and compared value by value, an entry of the log written into the copy, and then one change of the
settings file, which is the move. Killed before it, the workspace is where it was and the next run begins again; after it,
only the old records remain to be removed, which the next run does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from plainview.audit.durable import locked, replace_file
from plainview.audit.record import Value
from plainview.audit.verify import Report
from plainview.casework.erasure.erasers import BACKUP_LOCK
from plainview.casework.log.read import verify_log
from plainview.casework.log.write import publish, unpublished, write_entry
from plainview.casework.upkeep.alone import sole
from plainview.casework.upkeep.tables import copy_tables, instead, other
from plainview.casework.workspace.database import database
from plainview.casework.workspace.folder import DATABASE_ENV, POSTGRESQL, Workspace, with_setting
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused

MOVED = "workspace.moved"
FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Moved:
    """A finished move.

    Attributes:
        to: "postgresql" or "folder".
        rows: rows that were copied and compared.
        entries: entries of the log before the move; `root` is their root, before and after.
        entry: number of the entry about the move.
    """

    to: str
    rows: int
    entries: int
    root: str
    entry: int


def move_records(to: str, *, progress: Callable[[int], None] = lambda _: None) -> Moved | None:
    """Move the records of the current workspace; None if they are there already. The server and the worker are stopped.

    Args:
        to: "postgresql" (the server that DATABASE_URL names) or "folder".
        progress: called with the number of rows copied so far.

    Raises:
        Refused: workspace.in_use, workspace.database_url, database.not_empty, database.differs or move.log_unsound.
    """
    workspace = services().workspace
    where = POSTGRESQL if to == POSTGRESQL else ""
    settings = workspace.settings()
    if settings.get("database", "") == where:
        _remove_old(workspace, where)
        return None
    before = verify_log()
    if not before.ok:
        raise Refused(
            "move.log_unsound",
            "Nothing moved",
            f"The log is damaged: {before.problems[0]}.",
            "Keep the workspace as it is and inform your auditor.",
        )
    with locked(workspace.root / BACKUP_LOCK):
        with sole(workspace, "Nothing moved"):
            if not where:
                _remove_files(workspace)  # of a move that was killed
        if not where:
            workspace.database.touch(0o600)
        with other(_settings(workspace, where)) as target, transaction.atomic():  # nobody writes meanwhile
            _clear(target)
            rows = copy_tables(target, progress)
            with instead(target):
                entry = _enter(to, rows, before)
                text = workspace.settings_file.read_text("utf-8")
                replace_file(workspace.settings_file, with_setting("database", where, text).encode())
                publish()
            _retire(connections["default"])
        connections["default"].close()
    _remove_old(workspace, where)
    return Moved(to, rows, before.entries, before.root or "", entry)


@dataclass(frozen=True, slots=True)
class PicturesMoved:
    """A finished move of pictures: where to ("folder" or the bucket's address), how many, and the entry about it."""

    to: str
    pictures: int
    entry: int


def move_pictures(to: str, *, progress: Callable[[int], None] = lambda _: None) -> PicturesMoved | None:
    """Move the pictures; None if they are there already. The server and the worker are stopped.

    Each is opened, compared with its digest, sealed and sent; run again after a kill, it sends what is missing. Only then
    the settings change, and the old ones are removed.

    Args:
        to: "folder" or `s3://BUCKET/PREFIX`.
        progress: called with the number of pictures so far.

    Raises:
        Refused: workspace.in_use or workspace.blobs.
        StorageError: a picture is damaged, or the bucket fails.
    """
    workspace = services().workspace
    here, there = str(workspace.settings().get("blobs", "")), "" if to == FOLDER else to
    if here == there:
        return None
    with locked(workspace.root / BACKUP_LOCK):
        with sole(workspace, "Nothing moved"):
            pass
        old, new = services().blobs, services().blobs_in(there)
        count = 0
        for name in old.digests():
            new.put(old.get(name))
            count += 1
            progress(count)
        with transaction.atomic():  # nobody writes meanwhile, so a picture that came since is the last
            for name in set(old.digests()) - set(new.digests()):
                new.put(old.get(name))
                count += 1
            receipt = write_entry(MOVED, {"to": "bucket" if there else FOLDER, "pictures": count}, acting_member=None)
            text = workspace.settings_file.read_text("utf-8")
            replace_file(workspace.settings_file, with_setting("blobs", there, text).encode())
        for name in list(old.digests()):
            old.delete(name)
    services.cache_clear()
    return PicturesMoved(to, count, receipt.entry)


def _settings(workspace: Workspace, where: str) -> dict[str, Any]:
    return database(workspace, {"log": workspace.origin, "database": where})


def _enter(to: str, rows: int, before: Report) -> int:
    """Compare the log of the copy, which is the current database, and write the entry; return its number."""
    after = verify_log()
    if (after.ok, after.entries, after.root) != (True, before.entries, before.root):
        raise Refused(
            "database.differs",
            "Nothing copied",
            "The copied log has another root.",
            "The workspace is as it was. Report this to the project.",
        )
    with unpublished(), transaction.atomic():
        fields: dict[str, Value] = {"to": to, "rows": rows, "size": before.entries, "root": before.root}
        return write_entry(MOVED, fields, acting_member=None).entry


def _clear(target: BaseDatabaseWrapper) -> None:
    """Remove what an interrupted move of this very workspace left in the other database; another one's stays."""
    if "log_entry" not in target.introspection.table_names():
        return
    with target.cursor() as cursor:
        cursor.execute("SELECT canonical FROM log_entry WHERE seq = 0")
        first = cursor.fetchone()
    if first is None or json.loads(bytes(first[0]))["log"] == services().origin:
        _retire(target)


def _retire(database: BaseDatabaseWrapper) -> None:
    """Make records unusable that are no longer in force: a process that waited for them finds no log."""
    with database.cursor() as cursor:
        if database.vendor == "sqlite":  # the file goes afterwards
            cursor.execute("ALTER TABLE log_entry RENAME TO log_entry_until_the_move")
            return
        for name in database.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE {database.ops.quote_name(name)} CASCADE")


def _remove_old(workspace: Workspace, where: str) -> None:
    """Destroy what is no longer in force: what is erased from now on must not stay in it."""
    if where:
        _remove_files(workspace)
    elif os.environ.get(DATABASE_ENV):
        with other(_settings(workspace, POSTGRESQL)) as server:
            _clear(server)


def _remove_files(workspace: Workspace) -> None:
    for path in workspace.root.glob(f"{workspace.database.name}*"):
        path.unlink()
