"""`plainview backup` and `plainview backups`: the operator's acts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone

from plainview.casework.models import BackupRecord
from plainview.casework.upkeep import schedule
from plainview.casework.upkeep.backup import back_up
from plainview.casework.upkeep.rehearse import rehearse
from plainview.casework.workspace.services import services
from plainview.cli.common import Json, answer, print_json, print_rows, say
from plainview.cli.progress import bar
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused
from plainview.storage.base import StorageError


def backup(file: Path, json: Json = False) -> None:
    """Back the workspace up into one age file, while it is being served. The keys are not in it."""
    workspace = open_workspace()
    with bar("Backing up", sum(1 for _ in services().blobs.digests())) as shown:
        sealed = back_up(file, progress=shown.step)
    if json:
        print_json(asdict(sealed))
        return
    say(
        f"Backup {sealed.backup} in {file}: the log's first {sealed.entries} entries, {sealed.pictures} pictures, "
        f"{sealed.size} bytes, SHA-256 {sealed.sha256}",
    )
    say(
        f"It opens only with {workspace.root / 'keys'}: keep a copy of that folder elsewhere. Copy "
        f"{workspace.audit} and {workspace.root / 'expunged.jsonl'} often, also between backups.",
    )


def backups_list(json: Json = False) -> None:
    """List the backups that this workspace made, with what their last rehearsal found."""
    open_workspace()
    rows = [
        {
            "made_at": record.made_at.isoformat(timespec="seconds"),
            "path": record.path,
            "state": "failed" if record.failure else "removed" if record.removed_at else "made",
            "entries": record.entries,
            "size": record.size,
            "rehearsed_at": record.rehearsed_at.isoformat(timespec="seconds") if record.rehearsed_at else None,
            "rehearsal": record.rehearsal or record.failure,
        }
        for record in BackupRecord.objects.order_by("-made_at", "-pk")
    ]
    heads = ("Made", "File", "State", "Entries", "Bytes", "Rehearsed", "Result")
    print_rows("backups", heads, rows, "No backup yet.", json=json)


def backups_run(
    now: Annotated[bool, typer.Option("--now", help="Make it although it is not due.")] = False, json: Json = False
) -> None:
    """Make the scheduled backup if it is due, and rehearse one if that is due; the worker does this every hour."""
    open_workspace()
    rule = schedule.rule()
    if rule is None:
        raise Refused(
            "backup.no_schedule",
            "No backup made",
            "No folder of scheduled backups is named in workspace.toml.",
            "Name a folder below [backup].",
        )
    fresh = None
    if now or schedule.due(rule, timezone.now()):
        fresh = schedule.make_scheduled(rule, progress=_stop_with(os.getppid()))
    record = schedule.rehearsal_due(rule, timezone.now())
    rehearsed = rehearse(Path(record.path)) if record is not None else None
    text = [f"Made a backup of {fresh.entries} entries and {fresh.pictures} pictures."] if fresh else []
    text += [rehearsed.says] if rehearsed else []
    answer(
        " ".join(text) or "Nothing is due.",
        json=json,
        made=asdict(fresh) if fresh else None,
        rehearsed=asdict(rehearsed) if rehearsed else None,
    )
    if rehearsed is not None and not rehearsed.ok:
        raise typer.Exit(1)


def _stop_with(parent: int) -> Callable[[int], None]:
    """Return a callback that ends a backup whose worker is gone, so that none outlives the server."""

    def check(_: int) -> None:
        if os.getppid() != parent:
            raise StorageError("The worker that began it has ended.", "The next worker makes it.")

    return check


def backups_rehearse(
    file: Annotated[Path | None, typer.Argument(help="The backup; by default the newest that was made.")] = None,
    json: Json = False,
) -> None:
    """Restore a backup into a temporary workspace, verify everything, and record the result. Exit 1 if it fails."""
    open_workspace()
    newest = schedule.existing().first()
    path = file or (Path(newest.path) if newest is not None else None)
    if path is None:
        raise Refused("backup.none", "Not rehearsed", "This workspace has made no backup.", "Make a backup first.")
    result = rehearse(path)
    answer(("" if result.ok else "FAILED: ") + result.says, json=json, **asdict(result))
    if not result.ok:
        raise typer.Exit(1)
