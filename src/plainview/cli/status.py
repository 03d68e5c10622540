"""`plainview status`: the state of the deployment, for people and for programs that watch it."""

from __future__ import annotations

import typer

from plainview.casework.upkeep.read import PARTS, status
from plainview.cli.common import Json, print_json, say
from plainview.cli.start import open_workspace

_WORDS = {True: "ok", False: "WRONG", None: "not set up"}


def deployment_status(json: Json = False) -> None:
    """Print the state of the worker, queue, disk, backup, mail and other parts. Exit 1 if one is not well."""
    open_workspace()
    state = status()
    if json:
        print_json(state)
    else:
        say(f"Plainview {state['version']}: {'all is well' if state['ok'] else 'something needs you'}.")
        for name in PARTS:
            part = state[name]
            say(f"{_WORDS[part['ok']]:10}  {name}: {part['says']}", style="red" if part["ok"] is False else "")
    if not state["ok"]:
        raise typer.Exit(1)
