"""Storing checkpoints that witnesses cosigned, with the public copy of the log.

Owns the file of cosigned checkpoints. It must never store one that the log did not sign, that the log does not extend,
or that no trusted witness cosigned.
"""

from __future__ import annotations

from pathlib import Path

from plainview.audit.checkpoint import BadCheckpoint, verify
from plainview.audit.cosignature import cosignatures
from plainview.audit.durable import locked, replace_file
from plainview.audit.logfile import COSIGNATURES_NAME
from plainview.casework.log.read import keys_of_log, newest_entry, root_at
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.wording import counted


def add_cosigned(path: Path) -> tuple[int, list[str]]:
    """Store a cosigned checkpoint, once; the operator's act.

    Returns:
        The number of entries that it covers, and the names of the trusted witnesses who cosigned it.

    Raises:
        Refused: cosignature.bad, cosignature.untrusted or cosignature.differs.
    """
    try:
        note = path.read_text("utf-8").rstrip("\n") + "\n"
        checkpoint = verify(note, keys_of_log())
        signed = cosignatures(note, services().workspace.witnesses)
    except (OSError, UnicodeDecodeError, BadCheckpoint) as error:
        raise Refused(
            "cosignature.bad",
            "Cosignature not added",
            f"{path}: {error}.",
            "Ask the witness for the cosigned checkpoint.",
        ) from None
    if not signed:
        raise Refused(
            "cosignature.untrusted",
            "Cosignature not added",
            "No witness that you trust has cosigned this checkpoint.",
            f"Add the witness's vkey line to {services().workspace.root / 'witnesses'} first.",
        )
    if checkpoint.size > newest_entry() + 1 or root_at(checkpoint.size) != checkpoint.root:
        raise Refused(
            "cosignature.differs",
            "Cosignature not added",
            f"The log does not contain the {counted(checkpoint.size, 'entry', 'entries')} that were cosigned.",
            "The log was reset or changed: keep the file and this workspace unchanged, and inform the auditor.",
        )
    path_of_cosigned = services().workspace.audit / COSIGNATURES_NAME
    with locked(services().workspace.root / ".cosignatures.lock"):
        stored = path_of_cosigned.read_bytes() if path_of_cosigned.is_file() else b""
        piece = note.encode() + b"\n"
        if piece not in stored:
            replace_file(path_of_cosigned, stored + piece)
    return checkpoint.size, sorted(cosignature.witness.name for cosignature in signed)
