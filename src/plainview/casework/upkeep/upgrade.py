"""Bringing a workspace to this version's tables: backed up, tried on a copy, compared, then switched in one step.

Owns the order, and the comparison that an upgrade has to pass. Killed at any moment, it leaves the old workspace or the
new one, never half of either, and running it again completes it. It must never change the old database before the switch.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction

from plainview import __version__
from plainview.audit.durable import locked, sync_folder
from plainview.audit.logfile import settled
from plainview.casework.erasure.erasers import BACKUP_LOCK, SNAPSHOT, erase_snapshots
from plainview.casework.log.read import verify_log
from plainview.casework.log.write import unpublished, write_entry
from plainview.casework.models import WorkspaceState
from plainview.casework.people.read import Incomplete, incomplete_policies
from plainview.casework.upkeep.adopt import adopt, adopt_rows, leave_old_files, make_backup_key, require_seals_open
from plainview.casework.upkeep.alone import alone
from plainview.casework.upkeep.backup import require_place, require_room, write_backup
from plainview.casework.upkeep.opening import open_checked
from plainview.casework.workspace.schema import applied, known, newest
from plainview.casework.workspace.services import services
from plainview.policy.decision import OperatorAct, Refused
from plainview.storage.output import output

_BOOKKEEPING = ("django_", "auth_", "sqlite_", "web_cache")
"""Tables of the framework, which migrations write; every other table keeps its rows."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A finished upgrade.

    Attributes:
        before, after: newest migration of the old and of the new tables, such as "0001".
        backup: the file with the workspace as it was.
        entries: entries of the log before, whose root is `root` before and after.
        rows: rows of all tables of ours, whose values are the same before and after.
        policies: policies that lack fields of this version; the strictest values hold until somebody decides.
    """

    before: str
    after: str
    backup: str
    entries: int
    root: str
    rows: int
    policies: tuple[Incomplete, ...]


def upgrade(
    backup: Path | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Upgraded | None:
    """Upgrade the current workspace; None if its tables are this version's already.

    Args:
        backup: file of the backup; by default beside the workspace, named after it and the old schema.
        say: called with each step, for people.
        progress: called with the number of pictures backed up so far.

    Raises:
        Refused: upgrade.server, workspace.in_use, upgrade.differs, upgrade.log_unsound; as backup and opening.
    """
    old_names, new_names = applied(), known()
    connection.close()
    if not new_names - old_names:
        open_checked()
        return None
    if connection.vendor != "sqlite":
        raise Refused(
            "upgrade.server",
            "Nothing upgraded",
            "The records are in a database server, and an upgrade is tried on a copy in the folder.",
            "With the version before this one, move the records into the folder; upgrade; move them back.",
            act=OperatorAct.MOVE,
        )
    require_seals_open()
    connection.close()
    workspace = services().workspace
    before, after = (workspace.root / f"{SNAPSHOT}upgrade-{name}.sqlite3" for name in ("before", "after"))
    erase_snapshots()  # of an upgrade that was killed
    make_backup_key(workspace)
    place = backup or _backup_place(workspace.root, newest(old_names))
    require_place(place)
    require_room(place, copies=2)
    with locked(workspace.root / BACKUP_LOCK), alone(workspace.database, "Nothing upgraded") as old:
        try:
            lengths = settled(workspace.audit)
            _copy(old, before)
            say(f"Backing up into {place}")
            with output(place) as file:
                write_backup(file, before, lengths, secrets.token_hex(16), progress)
            say(f"Upgrading a copy from schema {newest(old_names)} to {newest(new_names)}")
            _copy(old, after)
            result = _upgraded_copy(before, after, old_names, new_names, place)
            say("Switching")
            _switch(old, after, workspace.database)
        finally:
            for path in (before, after):
                path.unlink(missing_ok=True)
    leave_old_files()
    open_checked()
    return result


def bring_tables_up() -> None:
    """Apply the migrations that the current database lacks. Only on a copy, or on what a restore has just unpacked."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def _backup_place(root: Path, schema: str) -> Path:
    """Return a new file beside the workspace; the file of an upgrade that was killed stays, and is as good."""
    for number in range(1, 1000):
        place = root.with_name(f"{root.name}-before-upgrade-{schema}{f'-{number}' if number > 1 else ''}.age")
        if not place.exists():
            return place
    raise Refused("backup.place", "No backup made", f"{root.parent} is full of backups.", "Name a file for the backup.")


def _copy(source: sqlite3.Connection, path: Path) -> None:
    path.unlink(missing_ok=True)
    path.touch(0o600)
    with closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _upgraded_copy(
    before: Path, after: Path, old_names: frozenset[tuple[str, str]], new_names: frozenset[tuple[str, str]], place: Path
) -> Upgraded:
    """Migrate the copy `after`, and compare it with `before`."""
    usual = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = str(after)
    try:
        with unpublished():
            bring_tables_up()
            rows = _require_equal(before, after)
            report = verify_log()
            if not report.ok:
                raise Refused(
                    "upgrade.log_unsound",
                    "Nothing upgraded",
                    f"The log is damaged: {report.problems[0]}.",
                    "Keep the workspace as it is and inform your auditor.",
                )
            adopt()
            with transaction.atomic():
                write_entry(
                    "workspace.upgraded",
                    {
                        "from": newest(old_names),
                        "to": newest(new_names),
                        "plainview": __version__,
                        "rows": rows,
                        "size": report.entries,
                        "root": report.root,
                    },
                    acting_member=None,
                )
                WorkspaceState.objects.update(version=__version__)
            adopt_rows(old_names)
            policies = incomplete_policies()
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
    return Upgraded(
        newest(old_names), newest(new_names), str(place), report.entries, report.root, rows, tuple(policies)
    )


def _switch(old: sqlite3.Connection, after: Path, database: Path) -> None:
    """Give the copy the database's name. A process that waits for the old file finds that it has no log."""
    with closing(sqlite3.connect(after)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
    with after.open("rb") as file:
        os.fsync(file.fileno())
    after.replace(database)
    sync_folder(database.parent)
    old.execute("PRAGMA journal_mode=MEMORY")  # the old file has no name, so no journal may take the new one's
    old.execute("ALTER TABLE log_entry RENAME TO log_entry_until_the_upgrade")


def _require_equal(before: Path, after: Path) -> int:
    """Compare every value of every old table; return the number of rows.

    Raises:
        Refused: upgrade.differs.
    """
    total = 0
    with closing(sqlite3.connect(before)) as old, closing(sqlite3.connect(after)) as new:
        names = [name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for table in names:
            if table.startswith(_BOOKKEEPING):
                continue
            columns = [column[1] for column in old.execute(f'PRAGMA table_info("{table}")')]
            try:
                was, is_now = _digest(old, table, columns), _digest(new, table, columns)
            except sqlite3.OperationalError as error:  # a table or column is gone
                raise _differs(table, str(error)) from None
            if was != is_now:
                raise _differs(table, f"{was[0]} rows before, {is_now[0]} after, or other values in them")
            total += was[0]
    return total


def _digest(database: sqlite3.Connection, table: str, columns: list[str]) -> tuple[int, str]:
    quoted = ", ".join(f'"{column}"' for column in columns)
    count, digest = 0, hashlib.sha256()
    for values in database.execute(f'SELECT {quoted} FROM "{table}" ORDER BY rowid'):  # noqa: S608  our own names
        digest.update(repr(values).encode())
        count += 1
    return count, digest.hexdigest()


def _differs(table: str, how: str) -> Refused:
    return Refused(
        "upgrade.differs",
        "Nothing upgraded",
        f"The upgraded copy differs from the workspace in the table {table}: {how}.",
        "The workspace is as it was. Report this to the project.",
    )
