"""Recording what kind of workspace this is: each fact is an entry of the log, and a row that is read quickly.

Owns the rows about the workspace. It must never record a key that `state.require_keys` would refuse.
"""

from __future__ import annotations

from django.db import transaction

from plainview import __version__
from plainview.casework.log.state import RECORDED, SERVED, fingerprints, require_keys, stated_by_log
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import WorkspaceState
from plainview.casework.workspace.folder import EXPUNGE_KEY, REPLACEABLE


def record_served() -> None:
    """Log the first start of the server; later ones change nothing."""
    with transaction.atomic():
        state = WorkspaceState.objects.select_for_update().get()
        if state.served_entry is None:
            state.served_entry = write_entry(SERVED, {}, acting_member=None).entry
            state.save(update_fields=["served_entry"])


def record_keys(action: str = RECORDED, **subject: bool) -> WorkspaceState:
    """Log the fingerprint of every key, in the running transaction; the rows about the workspace begin here."""
    keys = fingerprints()
    write_entry(action, {**subject, "keys": keys}, acting_member=None)
    WorkspaceState.objects.all().delete()
    return WorkspaceState.objects.create(keys=keys, version=__version__)


def change_key(name: str, key: str, reason: str, *, action: str = "workspace.key_changed", **subject: int) -> Receipt:
    """Log another fingerprint of a key, in the running transaction; its file follows after the commit."""
    state = WorkspaceState.objects.select_for_update().get()
    previous = state.keys[name]
    state.keys = state.keys | {name: key}
    state.save(update_fields=["keys"])
    return write_entry(
        action,
        {"keys": {name: key}, "previous": previous, **subject},
        {"reason": reason},
        acting_member=None,
    )


def follow_log() -> bool:
    """Bring the row about the workspace up to a log that a restore has continued: keys and the first start.

    Returns:
        Whether `expunge.key` was replaced after the backup, so that its marks in the restored rows are of another key.

    Raises:
        Refused: workspace.key_missing or workspace.key_wrong, where the keys are not those of the restored data.
    """
    keys, served = stated_by_log()
    require_keys(newer={name: keys[name] for name in REPLACEABLE if name in keys})
    before = WorkspaceState.objects.get().keys
    with transaction.atomic():
        if keys != fingerprints():  # a key was changed after the backup; the data have the one from before
            record_keys()
            keys = fingerprints()
        WorkspaceState.objects.update(keys=keys, served_entry=served)
    return bool(before.get(EXPUNGE_KEY) != keys[EXPUNGE_KEY])
