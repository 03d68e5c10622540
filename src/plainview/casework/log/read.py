"""Verifies the workspace's own log: the table, the public folder, and that both agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from django.db import connection
from django.db.models import QuerySet

from plainview.audit.checkpoint import BadCheckpoint, VerifierKey, parse
from plainview.audit.cosignature import Tally, tally
from plainview.audit.logfile import CHECKPOINTS_NAME, COSIGNATURES_NAME, read_notes, split_note
from plainview.audit.merkle import EMPTY_ROOT, Frontier
from plainview.audit.proofs import Tree
from plainview.audit.record import Entry, parse_line
from plainview.audit.verify import Report, verify_entries, verify_folder
from plainview.casework.log.state import differences
from plainview.casework.models import Examination, Lead, LogEntry, LogKey, Search, Verification
from plainview.casework.workspace.services import services


def verify_log(*, kept_checkpoint: str | None = None) -> Report:
    """Verify the public folder against the workspace's key, and the table against the folder's checkpoints.

    Returns:
        The folder's report with the problems of the table added, each beginning with "database:".
    """
    folder, key = services().workspace.audit, services().first_key.text
    report = verify_folder(folder, vkey=key, kept_checkpoint=kept_checkpoint)
    rows = LogEntry.objects.order_by("seq").values_list("canonical", "leaf")
    if _only_unpublished(report):
        # A crash came between a commit and its publication, on a disk where opening could not mend it: no damage.
        rows = rows.filter(seq__lt=report.entries)
    table = verify_entries(((bytes(canonical), bytes(leaf)) for canonical, leaf in rows.iterator()), _signed(), key)
    problems = list(report.problems) + [f"database: {problem}" for problem in table.problems]
    if (table.entries, table.root) != (report.entries, report.root):
        problems.append(
            f"database: it has {table.entries} entries with root {table.root}, "
            f"the folder {report.entries} with {report.root}"
        )
    problems += [f"database: {problem}" for problem in differences()]
    bad = [number for number in (report.first_bad, table.first_bad) if number is not None]
    if problems and not bad and table.entries != report.entries:
        bad = [min(table.entries, report.entries)]
    return replace(report, ok=not problems, first_bad=min(bad, default=None), problems=tuple(problems))


def _only_unpublished(report: Report) -> bool:
    """Say whether the folder is the whole beginning of the table, which only has entries that nobody published yet."""
    size = newest_entry() + 1
    return report.ok and 0 < report.entries < size and root_at(report.entries).hex() == report.root


def _signed() -> list[str]:
    """Return the checkpoints that the table must agree with: the last of each key, and the folder's newest."""
    notes = {parse(note).size: note for note in LogKey.objects.values_list("checkpoint", flat=True)}
    path = services().workspace.audit / CHECKPOINTS_NAME
    newest = None
    for piece in read_notes(path, path.stat().st_size) if path.is_file() else ():
        newest = piece
    if newest is not None:
        with suppress(BadCheckpoint):
            note = split_note(newest)
            notes[parse(note).size] = note
    return [notes[size] for size in sorted(notes)]


def cosigned(size: int) -> Tally:
    """Compare the stored cosigned checkpoints with the workspace's own table of `size` entries."""
    path = services().workspace.audit / COSIGNATURES_NAME
    notes: list[str | BadCheckpoint] = []
    for piece in read_notes(path, path.stat().st_size) if path.is_file() else ():
        try:
            notes.append(split_note(piece))
        except BadCheckpoint as error:
            notes.append(error)
    return tally(notes, services().workspace.witness_policy.keys, services().origin, size, root_at)


def root_at(size: int) -> bytes:
    """Return the root of the log at `size` entries."""
    if size == 0:
        return EMPTY_ROOT
    return frontier_at(size).root()


def leaf_at(number: int) -> bytes:
    """Return the leaf hash of an entry, 32 bytes."""
    return bytes(LogEntry.objects.values_list("leaf", flat=True).get(seq=number))


def frontier_at(size: int) -> Frontier:
    """Return the frontier of the log at `size` entries, 1 or more."""
    return Frontier.from_bytes(bytes(LogEntry.objects.values_list("frontier", flat=True).get(seq=size - 1)))


def tree() -> Tree:
    """Return the tree of the whole log; the log may grow meanwhile."""
    return Tree(newest_entry() + 1, leaf_at, frontier_at)


def canonical_of(number: int) -> bytes:
    """Return the canonical bytes of an entry; empty if there is no such entry."""
    with connection.cursor() as cursor:  # every search asks
        cursor.execute("SELECT canonical FROM log_entry WHERE seq = %s", [number])
        entry = cursor.fetchone()
    return bytes(entry[0]) if entry else b""


def keys_of_log() -> tuple[VerifierKey, ...]:
    """Return every key that the log has had, oldest first."""
    later = LogKey.objects.order_by("entry_id").values_list("vkey", flat=True)
    return (services().first_key, *(VerifierKey.parse(vkey) for vkey in later))


def newest_entry() -> int:
    """Return the number of the newest entry; every workspace has at least entry 0."""
    with connection.cursor() as cursor:  # every search asks
        cursor.execute("SELECT max(seq) FROM log_entry")
        return int(cursor.fetchone()[0])


def entries_about(search: Search) -> list[tuple[int, bytes]]:
    """Return (number, canonical bytes) of every entry about a search, its examinations, verifications, leads and request."""
    looked = Examination.objects.filter(candidate__search=search)
    ids = {search.public_id, *looked.values_list("public_id", flat=True)}
    ids |= set(Verification.everything.filter(examination__in=looked).values_list("public_id", flat=True))
    ids |= set(Lead.objects.filter(examination__in=looked).values_list("public_id", flat=True))
    if search.approval is not None:
        ids.add(search.approval.public_id)
    if search.shared_request is not None:
        ids.add(search.shared_request.public_id)
    first = search.request_entry if search.approval is None and search.shared_request is None else 0
    return entries_naming(ids, first)


def entries_naming(ids: set[str], first: int = 0) -> list[tuple[int, bytes]]:
    """Return (number, canonical bytes) of every entry from number `first` on that names one of these ids."""
    rows = LogEntry.objects.filter(seq__gte=first).order_by("seq").values_list("seq", "canonical")
    named = {f'"{public_id}"'.encode() for public_id in ids}
    return [(seq, bytes(text)) for seq, text in rows.iterator() if any(public_id in bytes(text) for public_id in named)]


def beginning(action: str) -> bytes:
    """Return the bytes with which the canonical form of each entry of an action begins: its keys are sorted."""
    return f'{{"action":"{action}"'.encode()


def entries_of(action: str, rows: QuerySet[LogEntry]) -> Iterator[Entry]:
    """Yield those of these entries that are of an action, in order."""
    begins = beginning(action)
    for stored in rows.order_by("seq").values_list("canonical", flat=True).iterator():
        line = bytes(stored)
        if line.startswith(begins):
            yield parse_line(line)
