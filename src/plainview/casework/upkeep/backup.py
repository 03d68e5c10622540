"""Backing up a workspace while it is being served: one age file, consistent at one entry of the log.

Owns the content and its order: the public log, then a snapshot of the database (SQLite's online backup, which stops
nobody; a server's records are copied into SQLite, and writers wait meanwhile), then every picture. It must never contain
the keys, which are kept apart because the database's templates cannot be opened without them; nor the expunge list,
because a restore needs a newer one; nor indexes, which are built again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from django.db import connection, transaction
from django.utils import timezone

from plainview import __version__
from plainview.audit.durable import locked
from plainview.audit.logfile import CHECKPOINTS_NAME, LOG_NAME, settled
from plainview.casework.erasure.erasers import BACKUP_LOCK, SNAPSHOT
from plainview.casework.erasure.expunge import finish
from plainview.casework.log.write import write_entry
from plainview.casework.models import BackupRecord
from plainview.casework.upkeep.tables import copy_tables, other, sqlite_file
from plainview.casework.upkeep.unpacking import ABOUT, DATABASE, FORMAT, LOG_FILES, PICTURES, PLAIN_FILES
from plainview.casework.workspace.folder import BACKUP_KEY, with_setting
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.storage.aged import Member, is_recipient, recipient_of, small, write_archive
from plainview.storage.base import BlobMissing
from plainview.storage.output import output, settle

_SPARE = 64 << 20  # bytes that a backup leaves free: the log and the database go on growing meanwhile


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A finished backup: its id, the log's size in it, the number of stored pictures (the faces cut from
    them too), and the file's size and SHA-256."""

    backup: str
    entries: int
    pictures: int
    size: int
    sha256: str


def back_up(path: Path, *, scheduled: bool = False, progress: Callable[[int], None] = lambda _: None) -> BackedUp:
    """Write a backup of the current workspace into a new file (mode 0600); the operator's act.

    Args:
        path: the file; it must not exist, nor be inside the workspace.
        scheduled: the keep rule of the settings may remove it later.
        progress: called with the number of pictures copied so far.

    Raises:
        Refused: backup.place, backup.database, backup.space or backup.recipient.
        StorageError: a picture is damaged, or the file cannot be written; nothing of it is left.
    """
    require_place(path)
    identity = secrets.token_hex(16)
    with output(path) as file:
        require_room(path)
        finish()
        backup = _backed_up(file, identity, progress)
    BackupRecord.objects.create(
        backup=identity,
        path=str(path.absolute()),
        scheduled=scheduled,
        made_at=timezone.now(),
        entries=backup.entries,
        pictures=backup.pictures,
        size=backup.size,
        sha256=backup.sha256,
    )
    return backup


def _backed_up(file: BinaryIO, identity: str, progress: Callable[[int], None]) -> BackedUp:
    root = services().workspace.root
    # The only entry, before the snapshot: an entry after it would leave every restore behind the published log.
    with transaction.atomic():
        write_entry("backup.began", {"backup": identity}, acting_member=None)
    snapshot = root / f"{SNAPSHOT}{identity}.sqlite3"
    with locked(root / BACKUP_LOCK):  # while locked, the snapshot is in use; see erasers.erase_snapshots
        try:
            # The log first: its entries are in the database too, since an entry is committed before it is published.
            lengths = settled(services().workspace.audit)
            take_snapshot(snapshot)
            return write_backup(file, snapshot, lengths, identity, progress)
        finally:
            snapshot.unlink(missing_ok=True)


def require_place(path: Path) -> None:
    """Refuse a file that exists, or that would be in the workspace.

    Raises:
        Refused: backup.place.
    """
    if path.exists() or path.resolve().is_relative_to(services().workspace.root.resolve()):
        raise Refused(
            "backup.place",
            "No backup made",
            f"{path} already exists, or is inside the workspace.",
            "Choose a new file, on another disk.",
        )


def require_room(path: Path, copies: int = 1) -> None:
    """Refuse to begin what the disks cannot hold.

    Args:
        path: the backup's file.
        copies: copies of the database that are in the workspace meanwhile.

    Raises:
        Refused: backup.space.
        OSError: there is no such folder.
    """
    workspace = services().workspace
    database = sum(file.stat().st_size for file in workspace.root.glob(f"{workspace.database.name}*") if file.is_file())
    needed = database + services().blobs.size_bytes() + sum(f.stat().st_size for f in workspace.audit.glob("*"))
    for folder, least in ((path.absolute().parent, needed), (workspace.root, copies * database)):
        free = shutil.disk_usage(folder).free
        if free < least + _SPARE:
            raise Refused(
                "backup.space",
                "No backup made",
                f"{folder} has {free >> 20} MiB free, and {(least + _SPARE) >> 20} MiB are needed.",
                "Free some space, or choose a file on another disk. Nothing was written.",
            )


def write_backup(
    file: BinaryIO, snapshot: Path, lengths: tuple[int, int], identity: str, progress: Callable[[int], None]
) -> BackedUp:
    """Write a backup; see storage.output for how it gets its name.

    Args:
        file: empty, open for writing and reading.
        snapshot: a copy of the database in one file.
        lengths: bytes of the log and of its checkpoints that belong to the snapshot.
        identity: the backup's id.
        progress: called with the number of pictures copied so far.

    Raises:
        Refused: backup.recipient.
        StorageError, OSError: the file is not complete.
    """
    with closing(sqlite3.connect(snapshot)) as copy:
        entries = int(copy.execute("SELECT max(seq) FROM log_entry").fetchone()[0]) + 1
    counted = _Count(progress)
    write_archive(file, _members(snapshot, lengths, identity, entries, counted), recipients())
    settle(file)
    size, digest = file.tell(), hashlib.sha256()
    file.seek(0)
    while piece := file.read(1 << 20):
        digest.update(piece)
    return BackedUp(identity, entries, counted.pictures, size, digest.hexdigest())


class _Count:
    def __init__(self, progress: Callable[[int], None]) -> None:
        self.pictures, self._progress = 0, progress

    def step(self) -> None:
        self.pictures += 1
        self._progress(self.pictures)


def recipients() -> list[str]:
    """Return who can open a backup: the workspace's own key, and the recipients of the settings.

    Raises:
        Refused: workspace.key_missing or backup.recipient.
    """
    section = services().workspace.settings().get("backup", {})
    more = section.get("recipients", []) if isinstance(section, dict) else []
    own = recipient_of(services().workspace.key(BACKUP_KEY))
    if not isinstance(more, list) or not all(map(is_recipient, more)):
        raise Refused(
            "backup.recipient",
            "No backup made",
            "backup.recipients in workspace.toml is not a list of age recipients.",
            'Write each as a text that begins with "age1".',
        )
    return [own, *more]


def _members(
    snapshot: Path, lengths: tuple[int, int], identity: str, entries: int, counted: _Count
) -> Iterator[Member]:
    workspace = services().workspace
    about = {
        "format": FORMAT,
        "backup": identity,
        "log": services().origin,
        "entries": entries,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "plainview": __version__,
    }
    yield small(ABOUT, json.dumps(about).encode())
    for name in PLAIN_FILES:
        path = workspace.root / name
        if path == workspace.settings_file:
            here = with_setting("database", "", with_setting("blobs", "", path.read_text("utf-8")))
            yield small(name, here.encode())
        elif path.is_file():
            yield small(name, path.read_bytes())
    ends = dict(zip((LOG_NAME, CHECKPOINTS_NAME), lengths, strict=True))
    for name in LOG_FILES:
        place = workspace.audit / name
        if place.is_file():
            with place.open("rb") as source:
                yield Member(f"audit/{name}", source, ends.get(name, place.stat().st_size))
    with snapshot.open("rb") as source:
        yield Member(DATABASE, source, snapshot.stat().st_size)
    for digest in services().blobs.digests():
        try:
            data = services().blobs.get(digest)
        except BlobMissing:  # expunged after it was listed
            continue
        yield Member(PICTURES + digest, BytesIO(data), len(data))
        counted.step()


def take_snapshot(path: Path) -> None:
    """Copy the records, which may be in use, at one moment into one SQLite file (mode 0600).

    A server's records too: a backup opens wherever Plainview runs, and is restored into a folder.
    """
    path.touch(0o600)
    if connection.vendor != "sqlite":
        with other(sqlite_file(path)) as copy:
            copy_tables(copy)
        return
    # A file name is no part of an address here: one may contain any sign.
    source_uri = f"{services().workspace.database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(source_uri, uri=True)) as source, closing(sqlite3.connect(path)) as copied:
        source.backup(copied)
        # A copy in journal mode WAL could only be read with two more files.
        copied.execute("PRAGMA journal_mode=DELETE")
