"""What older versions kept in files, brought into the database and the log: keys' fingerprints, sample, served.

Owns what an upgrade and a restore of an older backup add to a workspace after its tables are new. It must never take
over a key that does not open what the workspace has.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction

from plainview.casework.log.commit import MOST
from plainview.casework.log.committed import COMMITTED
from plainview.casework.log.record import record_keys, record_served
from plainview.casework.log.rows import ADOPTED
from plainview.casework.log.write import write_entry
from plainview.casework.models import WorkspaceState
from plainview.casework.workspace.folder import BACKUP_KEY, Workspace, write_private
from plainview.casework.workspace.schema import CASEWORK
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.storage.aged import new_backup_key
from plainview.storage.seal import SealBroken

_COMMITS_SINCE = "0011_rows"
"""The migration with which the log began to commit to rows."""

_SERVED = "served"
"""A file by which older versions knew that members sign in."""


def adopt() -> None:
    """Record what the log does not say yet; does nothing in a workspace of this version.

    Raises:
        Refused: workspace.key_missing or workspace.key_wrong.
    """
    if WorkspaceState.objects.exists():
        return
    workspace = services().workspace
    make_backup_key(workspace)
    require_seals_open()
    with transaction.atomic():
        record_keys()
        if (workspace.root / _SERVED).exists():
            record_served()


def adopt_rows(before: Collection[tuple[str, str]]) -> None:
    """Commit to every row that a version left whose log did not commit to rows.

    What was changed before by other means than Plainview is not noticed: nothing was committed to then.

    Args:
        before: the migrations that the tables had when they came.
    """
    if (CASEWORK, _COMMITS_SINCE) in before:
        return
    for table in COMMITTED:
        last = 0
        while batch := list(table.model._base_manager.filter(pk__gt=last).order_by("pk")[:MOST]):
            with transaction.atomic():
                write_entry(ADOPTED, {"table": table.kind, "rows": len(batch)}, acting_member=None, rows=batch)
            last = batch[-1].pk


def leave_old_files() -> None:
    """Remove the files that say nothing any longer."""
    (services().workspace.root / _SERVED).unlink(missing_ok=True)


def make_backup_key(workspace: Workspace) -> None:
    """Make the key of backups if the workspace has none yet."""
    path = workspace.root / "keys" / BACKUP_KEY
    if not path.exists():
        write_private(path, new_backup_key())


def require_seals_open() -> None:
    """Refuse a `blobs.key` that does not open what is sealed: no fingerprint says yet which is the right one.

    Raises:
        Refused: workspace.key_missing or workspace.key_wrong.
    """
    # Plain SQL: the tables may still be those of an older version.
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry_id, name, sealed FROM log_opening ORDER BY id DESC LIMIT 1")
        opening = cursor.fetchone()
        cursor.execute("SELECT public_id, template FROM reference WHERE length(template) > 0 ORDER BY id DESC LIMIT 1")
        reference = cursor.fetchone()
    try:
        if opening is not None:
            services().openings.open(bytes(opening[2]), f"opening:{opening[0]}:{opening[1]}".encode())
        if reference is not None:
            services().templates.open(bytes(reference[1]), f"template:{reference[0]}".encode())
    except (SealBroken, ValueError):  # text of another length is not a key
        raise Refused(
            "workspace.key_wrong",
            "Workspace not usable",
            "The key blobs.key does not open what this workspace has sealed.",
            "Put the right file back; a copy of the folder keys has it. Nothing was changed.",
        ) from None
