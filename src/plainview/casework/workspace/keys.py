"""The fingerprints of the workspace's keys: what the log may say of a key.

Owns which files are keys. It must never return a key or anything from which one can be found.
"""

from __future__ import annotations

import hashlib

from plainview.casework.workspace.folder import (
    BACKUP_KEY,
    BLOBS_KEY,
    EXPUNGE_KEY,
    KEY,
    REPLACEABLE,
    SECRET_KEY,
    Workspace,
)
from plainview.policy.decision import Refused

KEYS = (SECRET_KEY, BLOBS_KEY, EXPUNGE_KEY, BACKUP_KEY, KEY)
"""The files in the folder keys without which the workspace is not opened."""


def fingerprint(workspace: Workspace, name: str) -> str:
    """Return what the log says of the key in this file: of a key with a public half that half, of another a digest.

    Raises:
        Refused: workspace.key_missing.
        BadKey, ValueError: the file has no such key.
    """
    content = workspace.key(name)
    return workspace.signer().verifier.text if name == KEY else fingerprint_of(name, content)


def fingerprint_of(name: str, content: bytes) -> str:
    """Return what the log says of a key with this content; `log.key` needs the workspace.

    Raises:
        ValueError: it is no such key.
    """
    if name == BACKUP_KEY:
        from plainview.storage.aged import recipient_of

        return recipient_of(content)
    return digest(name, content)


def digest(name: str, content: bytes) -> str:
    """Return the fingerprint of a key without a public half: 32 hex digits; the keys are random, so none can be guessed."""
    return hashlib.sha256(f"plainview key v1: {name}\n".encode() + content).hexdigest()[:32]


def require_replaceable(name: str, refused: str) -> None:
    """Refuse a name of a key that cannot be replaced, or of none.

    Args:
        name: the file's name.
        refused: the refused act, e.g. "Nothing restored".

    Raises:
        Refused: keys.not_replaceable.
    """
    if name not in REPLACEABLE:
        raise Refused(
            "keys.not_replaceable",
            refused,
            f"{name} is not a key that can be replaced: {', '.join(REPLACEABLE)}. What blobs.key sealed opens with no other "
            "key, and what log.key signs is trusted by its public half.",
            "Copy the file back from where you keep the keys.",
        )
