"""Verifying the workspace's own log: the table, the public folder, and that both say the same."""

from __future__ import annotations

from dataclasses import replace

from plainview.audit.logfile import LogFolderError
from plainview.audit.verify import Report, verify_entries, verify_folder
from plainview.casework.models import Examination, Lead, LogEntry, Search, Verification
from plainview.casework.services import services


def verify_log(*, kept_checkpoint: str | None = None) -> Report:
    """Verify the public folder against the workspace's key, and the table against the folder's checkpoints.

    Returns:
        The folder's report; problems of the table are added to it, each begun with "database:".
    """
    folder, key = services().workspace.audit, services().signer.verifier.text
    report = verify_folder(folder, vkey=key, kept_checkpoint=kept_checkpoint)
    rows = LogEntry.objects.order_by("seq").values_list("canonical", "leaf")
    table = verify_entries(
        ((bytes(canonical), bytes(leaf)) for canonical, leaf in rows.iterator()), _signed(), key
    )
    problems = list(report.problems) + [f"database: {problem}" for problem in table.problems]
    if (table.entries, table.root) != (report.entries, report.root):
        problems.append(
            f"database: it holds {table.entries} entries with root {table.root}, "
            f"the folder {report.entries} with {report.root}"
        )
    bad = [number for number in (report.first_bad, table.first_bad) if number is not None]
    if problems and not bad and table.entries != report.entries:
        bad = [min(table.entries, report.entries)]
    return replace(report, ok=not problems, first_bad=min(bad, default=None), problems=tuple(problems))


def _signed() -> list[str]:
    """The newest checkpoint of the public folder: what the table must still agree with."""
    from plainview.audit.logfile import CHECKPOINTS_NAME, read_notes, split_note

    path = services().workspace.audit / CHECKPOINTS_NAME
    if not path.is_file():
        return []
    newest = None
    for piece in read_notes(path, path.stat().st_size):
        newest = piece
    try:
        return [split_note(newest)] if newest else []
    except (ValueError, LogFolderError):
        return []


def newest_entry() -> int:
    """Number of the newest entry; every workspace has at least entry 0."""
    return int(LogEntry.objects.order_by("-seq").values_list("seq", flat=True)[0])


def entries_about(search: Search) -> list[tuple[int, bytes]]:
    """(number, canonical bytes) of every entry about a search, its examinations, verifications and leads."""
    looked = Examination.objects.filter(candidate__search=search)
    ids = {search.public_id, *looked.values_list("public_id", flat=True)}
    ids |= set(Verification.objects.filter(examination__in=looked).values_list("public_id", flat=True))
    ids |= set(Lead.objects.filter(examination__in=looked).values_list("public_id", flat=True))
    if search.approval is not None:
        ids.add(search.approval.public_id)
    first = search.request_entry if search.approval is None else 0
    rows = LogEntry.objects.filter(seq__gte=first).order_by("seq").values_list("seq", "canonical")
    named = {f'"{one}"'.encode() for one in ids}
    return [(seq, bytes(text)) for seq, text in rows.iterator() if any(one in bytes(text) for one in named)]
