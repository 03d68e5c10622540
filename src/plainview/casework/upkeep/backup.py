"""Backing up a workspace while it is being served: one sealed, checksummed file, consistent at one entry of the log.

Owns the content and its order: the public log, then a snapshot of the database (SQLite's online backup, which stops
nobody), then every picture. It must never contain the keys, which are kept apart because the file cannot be opened
without them; nor the expunge list, because a restore needs a newer one; nor indexes, which are built again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from django.db import connection, transaction
from django.utils import timezone

from plainview import __version__
from plainview.audit.durable import locked
from plainview.audit.logfile import CHECKPOINTS_NAME, LOG_NAME, settled
from plainview.casework.erasure.erasers import BACKUP_LOCK, SNAPSHOT
from plainview.casework.erasure.expunge import finish
from plainview.casework.log.write import write_entry
from plainview.casework.upkeep.unpacking import ABOUT, DATABASE, FORMAT, LOG_FILES, PICTURES, PLAIN_FILES, sealer_of
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.storage.archive import ArchiveWriter, new_id
from plainview.storage.base import BlobMissing
from plainview.storage.output import output, settle


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A finished backup: its id, the log's size in it, the number of pictures, and the file's size and SHA-256."""

    backup: str
    entries: int
    pictures: int
    size: int
    sha256: str


def back_up(path: Path, *, progress: Callable[[int], None] = lambda _: None) -> BackedUp:
    """Write a backup of the current workspace into a new file (mode 0600); the operator's act.

    Args:
        path: the file; it must not exist, nor be inside the workspace.
        progress: called with the number of pictures copied so far.

    Raises:
        Refused: backup.place, backup.database.
        StorageError: a picture is damaged, or the file cannot be written; nothing of it is left.
    """
    root = services().workspace.root
    if path.exists() or path.resolve().is_relative_to(root.resolve()):
        raise Refused(
            "backup.place",
            "No backup made",
            f"{path} already exists, or is inside the workspace.",
            "Choose a new file, on another disk.",
        )
    if connection.vendor != "sqlite":
        raise Refused(
            "backup.database",
            "No backup made",
            "The records are in a database server, not in the workspace.",
            "Back up the database server by its own means, at the same time as this folder.",
        )
    finish()
    with output(path) as file:
        return _backed_up(file, _begun(), progress)


def _begun() -> str:
    identity = new_id()
    # The only entry, before the snapshot: an entry after it would leave every restore behind the published log.
    with transaction.atomic():
        write_entry("backup.began", {"backup": identity}, acting_member=None)
    return identity


def _backed_up(file: BinaryIO, identity: str, progress: Callable[[int], None]) -> BackedUp:
    root = services().workspace.root
    snapshot = root / f"{SNAPSHOT}{identity}.sqlite3"
    with locked(root / BACKUP_LOCK):  # while locked, the snapshot is in use; see erasers.erase_snapshots
        try:
            entries, pictures = _write(file, snapshot, identity, progress)
        finally:
            snapshot.unlink(missing_ok=True)
    settle(file)
    size, digest = file.tell(), hashlib.sha256()
    file.seek(0)
    while piece := file.read(1 << 20):
        digest.update(piece)
    return BackedUp(identity, entries, pictures, size, digest.hexdigest())


def _write(file: BinaryIO, snapshot: Path, identity: str, progress: Callable[[int], None]) -> tuple[int, int]:
    workspace = services().workspace
    # The log first: its entries are in the database too, since an entry is committed before it is published.
    lengths = dict(zip((LOG_NAME, CHECKPOINTS_NAME), settled(workspace.audit), strict=True))
    logs = {name: workspace.audit / name for name in LOG_FILES if (workspace.audit / name).is_file()}
    entries = _snapshot(snapshot)
    archive = ArchiveWriter(file, sealer_of(workspace.key("blobs.key")), identity)
    about = {
        "format": FORMAT,
        "backup": identity,
        "log": services().origin,
        "entries": entries,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "plainview": __version__,
    }
    with archive:
        archive.add(ABOUT, json.dumps(about).encode())
        for name in PLAIN_FILES:
            if (workspace.root / name).is_file():
                archive.add(name, (workspace.root / name).read_bytes())
        for name, place in logs.items():
            with place.open("rb") as source:
                archive.add_stream(f"audit/{name}", source, lengths.get(name, place.stat().st_size))
        with snapshot.open("rb") as source:
            archive.add_stream(DATABASE, source, snapshot.stat().st_size)
        pictures = 0
        for digest in services().blobs.digests():
            try:
                data = services().blobs.get(digest)
            except BlobMissing:  # expunged after it was listed
                continue
            archive.add_stream(PICTURES + digest, BytesIO(data), len(data))
            pictures += 1
            progress(pictures)
    return entries, pictures


def _snapshot(path: Path) -> int:
    """Copy the database at one moment; return the number of entries in its log."""
    path.touch(0o600)
    database = services().workspace.database
    with (
        closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(path)) as copy,
    ):
        source.backup(copy)
        # A copy in journal mode WAL could only be read with two more files.
        copy.execute("PRAGMA journal_mode=DELETE")
        (newest,) = copy.execute("SELECT max(seq) FROM log_entry").fetchone()
    return int(newest) + 1
