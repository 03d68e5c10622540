"""Storing checkpoints that witnesses cosigned, with the public copy of the log.

Owns the file of cosigned checkpoints and the newest of each witness. It must never store one that the log did not sign,
that the log does not extend, or that no trusted witness cosigned.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from plainview.audit.checkpoint import BadCheckpoint, verify
from plainview.audit.cosignature import Cosignature, WitnessKey, cosignatures
from plainview.audit.durable import locked, replace_file
from plainview.audit.logfile import COSIGNATURES_NAME, read_notes, split_note
from plainview.casework.log.read import keys_of_log, newest_entry, root_at
from plainview.casework.models import LogWitness
from plainview.casework.witnesses.read import newest_of
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
        signed = cosignatures(note, services().workspace.witness_policy.keys)
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
    store(note, signed)
    return checkpoint.size, sorted(cosignature.witness.name for cosignature in signed)


def store(note: str, signed: Iterable[Cosignature]) -> None:
    """Store a checkpoint with these cosignatures, all of which were checked: in the file, and as each witness's newest."""
    path = services().workspace.audit / COSIGNATURES_NAME
    with locked(services().workspace.root / ".cosignatures.lock"):
        pieces = list(read_notes(path, path.stat().st_size)) if path.is_file() else []
        piece = note.encode() + b"\n"
        if piece not in pieces:
            replace_file(path, b"".join(_thinned([*pieces, piece])))
    for cosignature in signed:
        known = newest_of(cosignature.witness)
        size = verify(note, keys_of_log()).size
        if known is not None and (known.size, known.at.timestamp()) >= (size, cosignature.at):
            continue
        with transaction.atomic():
            LogWitness.objects.update_or_create(
                vkey=cosignature.witness.text,
                defaults={"note": note, "size": size, "at": datetime.fromtimestamp(cosignature.at, UTC)},
                create_defaults={
                    "note": note,
                    "size": size,
                    "at": datetime.fromtimestamp(cosignature.at, UTC),
                    "due_at": timezone.now(),
                },
            )


def _thinned(pieces: list[bytes]) -> list[bytes]:
    """Leave out what a later cosignature of the same witnesses on the same day says as well, and more.

    A witness cosigns only what extends all it saw before, so the last of a day stands for the others. What cannot be
    read, or has no trusted witness, stays.
    """
    keys = services().workspace.witness_policy.keys
    last: dict[object, int] = {}
    for number, piece in enumerate(pieces):
        last[_of_day(piece, keys) or number] = number
    return [pieces[number] for number in sorted(last.values())]


def _of_day(piece: bytes, keys: tuple[WitnessKey, ...]) -> object:
    try:
        signed = cosignatures(split_note(piece), keys)
    except BadCheckpoint:
        return None
    days = {(cosignature.witness.text, cosignature.at // 86_400) for cosignature in signed}
    return frozenset(days) if days else None
