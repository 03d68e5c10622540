"""Changing the key that signs the log. Killed at any point, it leaves a log that publishes and verifies.

Owns the order of the steps. It must never destroy the old key before the new key, the entry that introduces it and the
last checkpoint of the old key are all on disk.
"""

from __future__ import annotations

import os

from django.db import transaction

from plainview.audit.checkpoint import Signer
from plainview.audit.durable import locked, replace_file, sync_folder
from plainview.audit.merkle import Frontier
from plainview.audit.record import KEY_ROTATED
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import LogEntry, LogKey, WorkspaceState
from plainview.casework.workspace.folder import (
    BLOBS_KEY,
    FIRST_KEY,
    KEY,
    NEXT_BLOBS_KEY,
    NEXT_KEY,
    OLD_BLOBS_KEY,
    Workspace,
)
from plainview.casework.workspace.keys import digest
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused


def rotate_key(reason: str) -> tuple[Receipt, str]:
    """Introduce a new signing key and destroy the old one; the act of the operator, who has the keys.

    Returns:
        The receipt of the entry, and the vkey of the new key.

    Raises:
        Refused: log.reason_missing.
        LogFolderError: the public copy cannot be written; the change is made, and the next act publishes it.
    """
    if not reason.strip():
        raise Refused("log.reason_missing", "Key not changed", "The reason is missing.", "State the reason.")
    keys = services().workspace.root / "keys"
    with locked(keys / ".rotation"):
        finish_rotation()
        if not (keys / FIRST_KEY).exists():
            replace_file(keys / FIRST_KEY, services().workspace.signer().verifier.text.encode() + b"\n")
        old, new = services().workspace.signer(), Signer.generate(services().origin)
        replace_file(keys / NEXT_KEY, new.private_bytes())
        with transaction.atomic():
            receipt = write_entry(
                KEY_ROTATED,
                {"key": new.verifier.text, "previous": old.verifier.text},
                {"reason": reason.strip()},
                acting_member=None,
            )
            tree = Frontier.from_bytes(bytes(LogEntry.objects.get(seq=receipt.entry).frontier))
            LogKey.objects.create(
                entry_id=receipt.entry,
                vkey=new.verifier.text,
                checkpoint=old.sign(tree.size, tree.root()),
            )
            for state in WorkspaceState.objects.select_for_update():
                state.keys = state.keys | {KEY: new.verifier.text}
                state.save(update_fields=["keys"])
        services().log_folder.sync()
        finish_rotation()
    return receipt, new.verifier.text


def finish_rotation() -> None:
    """Put the key in force in its place, if a rotation was interrupted after its commit."""
    keys = services().workspace.root / "keys"
    newest = LogKey.objects.order_by("-entry_id").first()
    waiting = services().workspace.next_signer()
    if newest is None or waiting is None or waiting.verifier.text != newest.vkey:
        return
    old = os.open(keys / KEY, os.O_WRONLY)
    try:
        (keys / NEXT_KEY).replace(keys / KEY)
        sync_folder(keys)
        # The old file no longer has a name; its bytes are overwritten too, as far as the disk lets a program do so.
        os.pwrite(old, bytes(os.fstat(old).st_size), 0)
        os.fsync(old)
    finally:
        os.close(old)
    services().signer_of(newest.vkey)


def finish_key_change(workspace: Workspace) -> None:
    """Put the new key in its place, if a change was interrupted after its commit; does nothing otherwise."""
    keys = workspace.root / "keys"
    waiting = keys / NEXT_BLOBS_KEY
    state = WorkspaceState.objects.first()
    if state is None or not waiting.is_file() or state.keys.get(BLOBS_KEY) != digest(BLOBS_KEY, waiting.read_bytes()):
        return
    if not (keys / OLD_BLOBS_KEY).exists():
        replace_file(keys / OLD_BLOBS_KEY, (keys / BLOBS_KEY).read_bytes())
    waiting.replace(keys / BLOBS_KEY)
    sync_folder(keys)
