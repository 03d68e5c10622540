"""What the commands share: opening the workspace, printing tables and JSON, option types."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from plainview.casework.channel import command_line, enter
from plainview.casework.workspace import Workspace, current

As = Annotated[str, typer.Option("--as", help="E-mail address of the acting member.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

console = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def open_workspace() -> Workspace:
    """Check that the workspace exists and is this operating-system user's, and start Django on it.

    Raises:
        Refused: there is no workspace, it is damaged, or it is somebody else's.
    """
    workspace = current()
    workspace.settings()
    workspace.require_owner()
    enter(command_line())
    start_django()
    return workspace


def start_django() -> None:
    """Start Django on the current workspace."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
    django.setup()


def print_json(value: Any) -> None:
    """Print one JSON object on standard output, and nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def sample_notice(workspace: Workspace) -> str:
    """Return what marks a sample workspace wherever its results show; empty for a real one."""
    return "SAMPLE workspace: its agency and people are made up." if workspace.is_sample else ""
