"""`plainview demo`: makes a sample workspace, then walks through it (cli.demo_walk)."""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.workspace.folder import ENV
from plainview.cli.common import say
from plainview.cli.setup import make_workspace
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused


def demo(
    photos: Annotated[Path | None, typer.Option(help="Folder of your own photographs for the gallery.")] = None,
    portraits: Annotated[
        bool, typer.Option("--portraits", help="Fetch the official portraits of the US Congress, some 500 faces.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="Folder for the demo; one that was interrupted goes on.")] = None,
) -> None:
    """Walk through the main job: workspace, gallery, probe, case, search, contact sheet, verified log."""
    home = keep or Path(tempfile.mkdtemp(prefix="plainview-demo-", dir=Path.cwd()))
    home.mkdir(parents=True, exist_ok=True)
    os.environ[ENV] = str(home / "workspace")
    if (home / "workspace").exists():
        open_workspace()
        if not import_module("plainview.casework.log.state").is_sample():
            raise Refused(
                "demo.not_sample",
                "No demo",
                f"{home / 'workspace'} is not a sample workspace.",
                "Choose another folder.",
            )
        say(f"1 The sample workspace in {home / 'workspace'}, as it was left")
    else:
        say(f"1 A new sample workspace in {home / 'workspace'}")
        make_workspace(sample=True)
    walk = import_module("plainview.cli.demo_walk")  # it needs Django, started on the workspace
    if not walk.walk(home, photos, portraits):
        raise typer.Exit(1)
