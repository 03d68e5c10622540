"""Continuing a restored log from its newest public copy, never from where the backup happened to end.

Owns the comparison of a database's log with a copy of the public folder, and adding the entries that the backup lacks.
It must never let a log have two histories: it stops where copy and database differ, or where a published checkpoint
covers more entries than there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from plainview.audit.checkpoint import BadCheckpoint, parse, verify
from plainview.audit.logfile import CHECKPOINTS_NAME, LOG_NAME, read_lines, read_notes, split_line, split_note
from plainview.audit.merkle import Frontier
from plainview.audit.record import KEY_ROTATED, Entry, parse_line
from plainview.audit.verify import verify_folder
from plainview.casework.log.read import keys_of_log, newest_entry, root_at
from plainview.casework.models import LogEntry, LogKey
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.wording import counted


def take_over(folder: Path) -> list[Entry]:
    """Add to the database's log the entries of a newer public copy, and return them.

    The openings of their commitments were lost with the database: the entries prove what happened, when and by whom,
    but no longer the sealed words.

    Raises:
        Refused: restore.log_unsound, restore.log_differs.
    """
    report = verify_folder(folder, vkey=services().first_key.text)
    if not report.ok:
        raise Refused(
            "restore.log_unsound",
            "Nothing restored",
            f"The copy of the log in {folder} is damaged: {report.problems[0]}.",
            "Keep the copy as evidence, and choose an intact copy of the log.",
        )
    size = newest_entry() + 1
    if report.entries < size:
        _require_prefix(folder, report.entries)
        return []
    signed = {parse(note).size: note for note in _notes(folder)}
    taken = []
    tree = Frontier()
    with transaction.atomic():
        for number, line in enumerate(read_lines(folder / LOG_NAME, (folder / LOG_NAME).stat().st_size)):
            canonical, leaf = split_line(line)
            tree = tree.append(leaf)
            if number < size:
                if number == size - 1 and tree.root() != root_at(size):
                    raise _differs(folder)
                continue
            entry = parse_line(canonical)
            stored = LogEntry.objects.create(
                seq=number, at=entry.time, canonical=canonical, leaf=leaf, frontier=tree.to_bytes()
            )
            if entry.action == KEY_ROTATED:
                LogKey.objects.create(entry=stored, vkey=str(entry.subject["key"]), checkpoint=signed[tree.size])
            taken.append(entry)
    return taken


def _require_prefix(folder: Path, entries: int) -> None:
    """Refuse an older copy that is not the beginning of the database's log."""
    tree = Frontier()
    for line in read_lines(folder / LOG_NAME, (folder / LOG_NAME).stat().st_size):
        tree = tree.append(split_line(line)[1])
    if tree.root() != root_at(entries):
        raise _differs(folder)


def _notes(folder: Path) -> Iterator[str]:
    path = folder / CHECKPOINTS_NAME
    for piece in read_notes(path, path.stat().st_size):
        yield split_note(piece)


def require_reaches(note: str) -> None:
    """Compare the log with a published checkpoint: it must reach that far and be the same.

    Raises:
        Refused: restore.kept, restore.log_behind, restore.log_differs.
    """
    try:
        checkpoint = verify(note, keys_of_log())
    except BadCheckpoint as error:
        raise Refused(
            "restore.kept",
            "Nothing restored",
            f"The published checkpoint does not belong to this log: {error}.",
            "Choose the right file. If the log has changed its key since, add a copy of the log.",
        ) from None
    size = newest_entry() + 1
    if checkpoint.size > size:
        raise Refused(
            "restore.log_behind",
            "Nothing restored",
            f"The log would end after {counted(size, 'entry', 'entries')}, but a checkpoint over {checkpoint.size:,} was published.",
            "Choose the newest copy of the audit folder: a witness, an auditor or the old disk has one.",
        )
    if root_at(checkpoint.size) != checkpoint.root:
        raise Refused(
            "restore.log_differs",
            "Nothing restored",
            "The log does not match the published checkpoint.",
            "Keep both as evidence and inform your auditor.",
        )


def _differs(folder: Path) -> Refused:
    return Refused(
        "restore.log_differs",
        "Nothing restored",
        f"The copy of the log in {folder} and the backup contradict each other.",
        "Keep both as evidence and inform your auditor. Neither has been restored.",
    )
