"""`plainview doctor`: checks this machine and, where there is one, the workspace, and reports everything it finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from typing import Any

import typer

from plainview.casework.workspace.disks import network_disk
from plainview.casework.workspace.folder import DATABASE_ENV, ENV, Workspace, current
from plainview.cli.common import Json, print_json, say
from plainview.cli.doctor_check import Check, guarded
from plainview.cli.start import open_workspace
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine

_LEAST_FREE = 1 << 30  # bytes; under this an enrolment or a backup soon stops
_STYLES = {"ok": "", "warn": "yellow", "fail": "red"}


def doctor(json: Json = False) -> None:
    """Check this machine, the model pack, the decoder and the workspace. Exit 1 when a check fails."""
    workspace = current()
    checks = [
        *guarded("model pack", _pack),
        *guarded("decoder", _decoder),
        *guarded("disk", lambda: _disk(workspace)),
        *guarded("workspace", lambda: _workspace(workspace)),
    ]
    facts: dict[str, Any] = {}
    if checks[-1].name == "workspace" and checks[-1].state == "ok":
        inside = import_module("plainview.cli.doctor_workspace")  # it needs Django, started on the workspace
        more, facts = inside.checks()
        checks += more
    ok = all(check.state != "fail" for check in checks)
    if json:
        print_json({"ok": ok, "workspace": workspace.root, **facts, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            text = f"{check.state:4} {check.name}: {check.says} {check.next_step}".rstrip()
            say(text, style=_STYLES[check.state])
    if not ok:
        raise typer.Exit(1)


def _pack() -> Iterator[Check]:
    engine = Engine.load()
    yield Check("model pack", "ok", f"{engine.pack.identity} is intact.")


def _decoder() -> Iterator[Check]:
    with Decoder():
        yield Check("decoder", "ok", "It starts.")


def _disk(workspace: Workspace) -> Iterator[Check]:
    folder = next(path for path in (workspace.root, *workspace.root.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    says = f"{free / (1 << 30):.1f} GiB free in {folder}."
    if free < _LEAST_FREE:
        yield Check("disk", "warn", says, "Free some space: enrolment and backups stop when the disk is full.")
    else:
        yield Check("disk", "ok", says)
    kind = network_disk(folder)
    if kind and not os.environ.get(DATABASE_ENV):
        yield Check(
            "disk",
            "warn",
            f"It is a network disk ({kind}): a database file can be damaged there, above all by two machines.",
            "Keep the workspace on a disk of this machine and its backups elsewhere, or its records in PostgreSQL.",
        )


def _workspace(workspace: Workspace) -> Iterator[Check]:
    if not workspace.settings_file.exists() and ENV not in os.environ:
        yield Check(
            "workspace", "warn", f"There is no workspace in {workspace.root}.", "Create one with `plainview init`."
        )
        return
    open_workspace()
    yield Check("workspace", "ok", f"{workspace.root} is yours and can be opened.")
