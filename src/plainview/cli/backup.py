"""`plainview backup`: the operator's act."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from plainview.casework.upkeep.backup import back_up
from plainview.casework.workspace.services import services
from plainview.cli.common import Json, print_json, say
from plainview.cli.progress import bar
from plainview.cli.start import open_workspace


def backup(file: Path, json: Json = False) -> None:
    """Back the workspace up into one sealed file, while it is being served. The keys are not in it."""
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
