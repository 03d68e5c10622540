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


def demo(
    photos: Annotated[Path | None, typer.Option(help="Folder of your own photographs for the gallery.")] = None,
    keep: Annotated[Path | None, typer.Option(help="New folder for the demo.")] = None,
) -> None:
    """Walk through the main job: workspace, gallery, probe, case, search, contact sheet, verified log."""
    home = keep or Path(tempfile.mkdtemp(prefix="plainview-demo-", dir=Path.cwd()))
    home.mkdir(parents=True, exist_ok=True)
    os.environ[ENV] = str(home / "workspace")
    say(f"1 A new sample workspace in {home / 'workspace'}")
    make_workspace(sample=True)
    walk = import_module("plainview.cli.demo_walk")  # it needs Django, started on the new workspace
    if not walk.walk(home, photos):
        raise typer.Exit(1)
