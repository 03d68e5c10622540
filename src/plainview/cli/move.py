"""`plainview move-workspace`: the operator's act of putting a workspace's records elsewhere."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated, Any

import typer

from plainview.casework.gate.moving import Moved as Moving
from plainview.casework.gate.moving import move_galleries
from plainview.casework.upkeep.move import FOLDER, Moved, PicturesMoved, move_pictures, move_records
from plainview.casework.workspace.folder import DATABASE_ENV, POSTGRESQL
from plainview.casework.workspace.services import AUTO
from plainview.cli.common import Json, print_json, say
from plainview.cli.progress import bar
from plainview.policy.wording import counted


def move_workspace(
    to: Annotated[
        str,
        typer.Option(
            help="Where the records go. postgresql: the server that DATABASE_URL names (or postgresql=URL); folder."
        ),
    ] = "",
    blobs: Annotated[str, typer.Option(help="Where the pictures go: s3://BUCKET/PREFIX, or folder.")] = "",
    index: Annotated[
        str,
        typer.Option(
            help="Where every gallery's templates are compared: milvus, ray=N (N parts on a Ray cluster), or folder."
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Move the records into a PostgreSQL server, the pictures into a bucket, the indexes to a cluster, or back.

    Stop the server before you move records or pictures.
    """
    kind, _, url = to.partition("=")
    if not to and not blobs and not index:
        raise typer.BadParameter("Say what goes where: --to, --blobs, --index, or several.", param_hint="--to")
    if to and kind not in (POSTGRESQL, "postgres", FOLDER):
        raise typer.BadParameter(f"{kind!r} is neither {POSTGRESQL} nor {FOLDER}.", param_hint="--to")
    if url:
        os.environ[DATABASE_ENV] = url
    done: dict[str, Any] = {}
    if index:  # before the records: this process reads them where they were when it began
        with bar("Moving galleries", 0) as shown:
            galleries = move_galleries(_adapter(index), progress=shown.step)
        done["galleries"] = [asdict(moved) for moved in galleries]
        if not json:
            say(_of_galleries(galleries))
    if blobs:
        with bar("Moving pictures", 0) as shown:
            pictures = move_pictures(blobs, progress=shown.step)
        done["pictures"] = pictures and asdict(pictures)
        if not json:
            say(_of_pictures(pictures))
    if to:
        with bar("Copying rows", 0) as shown:
            records = move_records(FOLDER if kind == FOLDER else POSTGRESQL, progress=shown.step)
        done["records"] = records and asdict(records)
        if not json:
            say(_of_records(records, kind))
    if json:
        print_json({"moved": any(done.values()), **done})


def _adapter(index: str) -> str:
    """Return the kind of index that a place names."""
    kind, _, parts = index.partition("=")
    if kind == "ray":
        return f"sharded-{parts or 2}"
    return AUTO if kind == FOLDER else index


def _of_galleries(moved: list[Moving]) -> str:
    if not moved:
        return "The galleries are there already. Nothing was changed."
    references, lists = sum(move.references for move in moved), sum(move.lists for move in moved)
    agreement = min(move.agreement for move in moved)
    return (
        f"{counted(len(moved), 'gallery', 'galleries')} moved with {counted(references, 'reference')}. Of "
        f"{counted(lists, 'candidate list')} compared before and after, at least {agreement:.2%} of the places agree."
    )


def _of_pictures(moved: PicturesMoved | None) -> str:
    if moved is None:
        return "The pictures are there already. Nothing was changed."
    return f"{counted(moved.pictures, 'picture')} moved, each compared with its digest. None is left in the old place."


def _of_records(moved: Moved | None, kind: str) -> str:
    if moved is None:
        return "The records are there already. Nothing was changed."
    where = "the folder of the workspace" if kind == FOLDER else "the PostgreSQL server"
    same = (
        f"The records are in {where} now. The same before and after: the log's "
        f"{counted(moved.entries, 'entry', 'entries')}, root {moved.root}, and {counted(moved.rows, 'row')} of the tables, "
        "value by value."
    )
    last = (
        ""
        if kind == FOLDER
        else " Set DATABASE_URL for every process from now on: the server, the worker and each command."
    )
    return same + last
