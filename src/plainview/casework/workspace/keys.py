"""The fingerprints of the workspace's keys: what the log may say of a key.

Owns which files are keys. It must never return a key or anything from which one can be found.
"""

from __future__ import annotations

import hashlib

from plainview.casework.workspace.folder import BACKUP_KEY, BLOBS_KEY, KEY, Workspace

KEYS = ("secret.key", BLOBS_KEY, "expunge.key", BACKUP_KEY, KEY)
"""The files in the folder keys without which the workspace is not opened."""


def fingerprint(workspace: Workspace, name: str) -> str:
    """Return what the log says of the key in this file: of a key with a public half that half, of another a digest.

    Raises:
        Refused: workspace.key_missing.
        BadKey, ValueError: the file has no such key.
    """
    content = workspace.key(name)
    if name == KEY:
        return workspace.signer().verifier.text
    if name == BACKUP_KEY:
        from plainview.storage.aged import recipient_of

        return recipient_of(content)
    return digest(name, content)


def digest(name: str, content: bytes) -> str:
    """Return the fingerprint of a key without a public half: 32 hex digits; the keys are random, so none can be guessed."""
    return hashlib.sha256(f"plainview key v1: {name}\n".encode() + content).hexdigest()[:32]
