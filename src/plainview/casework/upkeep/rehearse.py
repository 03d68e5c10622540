"""Rehearsing a restore: a backup is restored into a temporary workspace, checked, and thrown away.

Owns the temporary folder and the record of the result. It must never touch a row of the workspace that is in use, but
for the record itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from plainview.audit.durable import try_locked
from plainview.casework.log.write import write_entry
from plainview.casework.models import BackupRecord
from plainview.casework.workspace.folder import ENV
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.wording import counted

_FOLDER, _LOCK = ".rehearsal", ".rehearsal.lock"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The result: `says` is a sentence; the counts are of the restored workspace."""

    path: str
    ok: bool
    says: str
    entries: int = 0
    taken_over: int = 0
    erased_again: int = 0
    missing_pictures: int = 0


def rehearse(path: Path) -> Rehearsed:
    """Restore a backup with the workspace's own keys, log and expunge list, and record the outcome.

    Raises:
        Refused: rehearsal.running.
    """
    root = services().workspace.root
    with try_locked(root / _LOCK) as alone:
        if not alone:
            raise Refused("rehearsal.running", "Not rehearsed", "A rehearsal is running.", "Wait until it has ended.")
        result = _restored(path, root)
    record = BackupRecord.objects.filter(path=str(path.absolute())).order_by("-pk").first()
    with transaction.atomic():
        write_entry(
            "backup.rehearsed",
            {
                "backup": record.backup if record else None,
                "ok": result.ok,
                "entries": result.entries,
                "erased_again": result.erased_again,
                "missing_pictures": result.missing_pictures,
            },
            acting_member=None,
        )
        if record is not None:
            record.rehearsed_at, record.rehearsal_ok, record.rehearsal = timezone.now(), result.ok, result.says
            record.save(update_fields=["rehearsed_at", "rehearsal_ok", "rehearsal"])
    return result


def _restored(path: Path, root: Path) -> Rehearsed:
    place = root / _FOLDER
    beside = place.with_name(f".{_FOLDER}.restoring")
    for left in (place, beside):  # by a rehearsal that was killed
        shutil.rmtree(left, ignore_errors=True)
    command = [sys.executable, "-m", "plainview.cli.main", "restore", str(path.absolute()), str(place), "--json"]
    try:
        # Its own process: Django knows one workspace a process.
        done = subprocess.run(command, env={**os.environ, ENV: str(root)}, capture_output=True, text=True, check=False)  # noqa: S603  our own command
        if done.returncode != 0:
            return Rehearsed(str(path), False, done.stderr.strip().splitlines()[0] if done.stderr else "It failed.")
        restored = json.loads(done.stdout)
    finally:
        for left in (place, beside):
            shutil.rmtree(left, ignore_errors=True)
    missing, erased = restored["missing_pictures"], len(restored["erased_again"])
    taken_over = sum(restored["taken_over"].values())
    says = (
        f"Restored: {counted(restored['entries'], 'entry', 'entries')} of the log and "
        f"{counted(taken_over, 'newer one')}, all verified; {erased} erased again"
        + (f"; {counted(missing, 'picture')} missing" if missing else "")
        + "."
    )
    return Rehearsed(str(path), not missing, says, restored["entries"], taken_over, erased, missing)
