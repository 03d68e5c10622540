"""`plainview init`: makes a workspace. Django starts on it once its folder is there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.log.channel import command_line, enter
from plainview.casework.workspace.folder import ENV, Workspace, current, lay_out
from plainview.cli.common import Json, print_json, sample_notice, say
from plainview.cli.start import start_django


def make_workspace(*, sample: bool) -> Workspace:
    """Make the current workspace complete, or leave nothing behind.

    Raises:
        Refused: workspace.exists.
    """
    workspace = current()
    lay_out(workspace)
    enter(command_line())
    try:
        start_django()
        from plainview.casework.people.samples import make_credentials
        from plainview.casework.upkeep.setup import begin_log, make_sample_people, make_tables

        make_tables()
        begin_log(sample=sample)
        if sample:
            make_sample_people()
            make_credentials()
    except BaseException:
        shutil.rmtree(workspace.root, ignore_errors=True)
        raise
    return workspace


def init(
    folder: Annotated[Path | None, typer.Argument(help="The new workspace, instead of --workspace.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Add a ready sample agency and its people.")] = False,
    json: Json = False,
) -> None:
    """Create a workspace: settings, keys (mode 0600), database, blobs, and the log's first entry."""
    if folder is not None:
        os.environ[ENV] = str(folder.absolute())
    workspace = make_workspace(sample=sample)
    if json:
        print_json({"workspace": workspace.root, "sample": sample})
        return
    say(f"The workspace is ready in {workspace.root}. Back up its keys folder; nothing opens without it.")
    if folder is not None:
        say(f"Use it from now on: export {ENV}={workspace.root}")
    if sample:
        say(sample_notice(workspace), style="yellow")
        say("People: examiner@, verifier@, supervisor@, admin@ and auditor@agency.example")
        say("How they sign in to `plainview serve`: plainview member sample-credentials")
        say(
            "Next: plainview gallery create NAME --basis TEXT --source TEXT --expires YYYY-MM-DD "
            "--as admin@agency.example"
        )
