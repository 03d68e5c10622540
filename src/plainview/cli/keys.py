"""`plainview keys`: the operator's acts on the keys of the workspace. No key is ever printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from plainview.casework.log.state import fingerprints
from plainview.casework.upkeep.replace import Replaced, replace_key
from plainview.casework.upkeep.reseal import change_blobs_key
from plainview.casework.workspace.folder import BACKUP_KEY, EXPUNGE_KEY, REPLACEABLE, SECRET_KEY
from plainview.casework.workspace.services import services
from plainview.cli.common import Json, answer, print_rows
from plainview.cli.progress import bar
from plainview.cli.start import open_workspace
from plainview.policy.wording import counted


def keys_list(json: Json = False) -> None:
    """List the keys with their fingerprints, as the log has them."""
    open_workspace()
    rows = [{"key": name, "fingerprint": text} for name, text in fingerprints().items()]
    print_rows("keys", ("Key", "Fingerprint"), rows, "No key.", json=json)


def keys_rotate(reason: Annotated[str, typer.Option(help="Why the key is changed.")], json: Json = False) -> None:
    """Replace blobs.key: everything is sealed again, then the old key is destroyed. Run it again if it was interrupted."""
    workspace = open_workspace()
    with bar("Sealing pictures again", sum(1 for _ in services().blobs.digests())) as shown:
        done = change_blobs_key(reason, progress=shown.step)
    answer(
        f"{counted(done.pictures, 'picture')} and {counted(done.rows, 'row')} were sealed with a new blobs.key; entry "
        f"{done.entry} records that the old one was destroyed. Copy {workspace.root / 'keys'} now. Keep the copy from "
        "before for as long as you keep backups from before.",
        json=json,
        **asdict(done),
    )


def keys_replace(
    name: Annotated[str, typer.Argument(help="secret.key, backup.age or expunge.key.")],
    reason: Annotated[str, typer.Option(help="What became of the key.")],
    json: Json = False,
) -> None:
    """Put a new key in the place of one that is lost or known to others: secret.key, backup.age or expunge.key."""
    workspace = open_workspace(without=REPLACEABLE)  # all of them may be lost
    done = replace_key(name, reason)
    answer(f"{replaced_text(done)} Copy {workspace.root / 'keys'} now.", json=json, **asdict(done))


def replaced_text(done: Replaced) -> str:
    """Return what a replacement did, and what it cost."""
    return f"{done.key} is a new one; entry {done.entry} records it. {_COST[done.key](done)}"


_COST: Mapping[str, Callable[[Replaced], str]] = {
    SECRET_KEY: lambda done: f"{counted(done.sessions_ended, 'session')} ended: everybody signs in again.",
    BACKUP_KEY: lambda _: (
        "It opens no earlier backup: keep what opens those, or let them go, and make a backup now with "
        "`plainview backups run --now`."
    ),
    EXPUNGE_KEY: lambda done: (
        f"{counted(done.pictures_forgotten, 'erased picture')} that must never be enrolled again can no longer be "
        f"recognised; {counted(done.subjects_marked, 'subject')} of galleries {'was' if done.subjects_marked == 1 else 'were'} "
        "marked again."
    ),
}
"""Key -> what its replacement cost, in sentences."""
