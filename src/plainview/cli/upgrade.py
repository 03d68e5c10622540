"""`plainview upgrade`: the operator's act, on a workspace that an older Plainview made."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.log.channel import command_line, enter
from plainview.casework.workspace.folder import current
from plainview.cli.common import Json, answer, print_json, say, warn
from plainview.cli.progress import bar
from plainview.cli.start import start_django
from plainview.policy.wording import counted


def upgrade(
    backup: Annotated[
        Path | None, typer.Option(help="File of the backup that is made first; by default beside the workspace.")
    ] = None,
    json: Json = False,
) -> None:
    """Upgrade a workspace that an older Plainview made: back up, try on a copy, compare, switch. Stop its server first."""
    workspace = current()
    workspace.settings()
    workspace.require_owner()
    enter(command_line())
    start_django()
    from plainview.casework.upkeep.upgrade import upgrade as run

    with bar("Backing up", 0) as shown:
        done = run(backup, say=lambda _: None, progress=shown.step)
    if done is None:
        answer("This workspace has the tables of this version. Nothing was changed.", json=json, upgraded=False)
        return
    if json:
        print_json({"upgraded": True, **asdict(done)})
        return
    say(f"Upgraded from schema {done.before} to {done.after}. The workspace as it was is in {done.backup}.")
    say(
        f"The same before and after: the log's {counted(done.entries, 'entry', 'entries')}, root {done.root}, and "
        f"{counted(done.rows, 'row')} of the tables, value by value."
    )
    say(f"Copy {workspace.root / 'keys'} again: an upgrade may add a key.")
    for policy in done.policies:
        fields = ", ".join(f"{name} = {value}" for name, value in policy.fields.items())
        warn(f"{policy.agency}: its policy has no value yet for {fields}. These strictest values hold.", style="yellow")
    if done.policies:
        warn("An administrator of each decides: plainview policy show --file, then plainview policy set FILE")
