"""`plainview move-workspace`: the operator's act of putting a workspace's records elsewhere."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from plainview.casework.upkeep.move import move_records
from plainview.casework.workspace.folder import DATABASE_ENV, POSTGRESQL
from plainview.cli.common import Json, answer, print_json, say
from plainview.cli.progress import bar
from plainview.policy.wording import counted

FOLDER = "folder"


def move_workspace(
    to: Annotated[
        str,
        typer.Option(
            help="postgresql: the server that DATABASE_URL names (or postgresql=URL); folder: the workspace's own."
        ),
    ],
    json: Json = False,
) -> None:
    """Move the records into a PostgreSQL server, or back. Its tables are made there; both sides are compared."""
    kind, _, url = to.partition("=")
    if kind not in (POSTGRESQL, "postgres", FOLDER):
        raise typer.BadParameter(f"{kind!r} is neither {POSTGRESQL} nor {FOLDER}.", param_hint="--to")
    if url:
        os.environ[DATABASE_ENV] = url
    with bar("Copying rows", 0) as shown:
        moved = move_records(FOLDER if kind == FOLDER else POSTGRESQL, progress=shown.step)
    if moved is None:
        answer("The records are there already. Nothing was changed.", json=json, moved=False)
        return
    if json:
        print_json({"moved": True, **asdict(moved)})
        return
    say(f"The records are in {'the folder of the workspace' if kind == FOLDER else 'the PostgreSQL server'} now.")
    say(
        f"The same before and after: the log's {counted(moved.entries, 'entry', 'entries')}, root {moved.root}, and "
        f"{counted(moved.rows, 'row')} of the tables, value by value."
    )
    if kind != FOLDER:
        say("Set DATABASE_URL for every process from now on: the server, the worker and each command.")
