"""`plainview init` and `plainview doctor`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.casework.log.channel import command_line, enter
from plainview.casework.workspace.folder import Workspace, current, lay_out
from plainview.cli.common import Json, console, open_workspace, print_json, sample_notice, start_django

if TYPE_CHECKING:
    from plainview.casework.canaries.state import GalleryState


def make_workspace(*, sample: bool) -> Workspace:
    """Make the current workspace complete, or leave nothing behind.

    Raises:
        Refused: workspace.exists.
    """
    workspace = current()
    lay_out(workspace, sample=sample)
    enter(command_line())
    try:
        start_django()
        from plainview.casework.people.samples import make_credentials
        from plainview.casework.upkeep.setup import begin_log, make_sample_people, make_tables

        make_tables()
        begin_log()
        if sample:
            make_sample_people()
            make_credentials()
    except BaseException:
        shutil.rmtree(workspace.root, ignore_errors=True)
        raise
    return workspace


def init(
    sample: Annotated[bool, typer.Option("--sample", help="Add a ready sample agency and its people.")] = False,
) -> None:
    """Make a workspace: settings, keys (mode 0600), database, blobs, and the log's first entry."""
    workspace = make_workspace(sample=sample)
    console.print(f"Workspace made in {workspace.root}. Back up its keys folder; nothing opens without it.")
    if sample:
        console.print(f"[yellow]{sample_notice(workspace)}[/]")
        console.print("People: examiner@, verifier@, supervisor@, admin@ and auditor@agency.example")
        console.print("How they sign in to `plainview serve`: plainview member sample-credentials")
        console.print(
            "Next: plainview gallery create NAME --basis TEXT --source TEXT --expires YYYY-MM-DD "
            "--as admin@agency.example",
            soft_wrap=True,
        )


def doctor(json: Json = False) -> None:
    """Check the workspace, the model pack and the decoder, and say what to mend."""
    workspace = open_workspace()
    from plainview.casework.canaries.state import state
    from plainview.casework.erasure.expunge import finish, forget_pages
    from plainview.casework.log.read import verify_log
    from plainview.casework.models import Gallery
    from plainview.casework.workspace.services import services

    finish(*Gallery.objects.all())  # what an interrupted expunge left, in the indexes too
    emptied = forget_pages()
    services().engine  # noqa: B018  raises when the pack is missing or altered
    services().decoder  # noqa: B018  starts the restricted child
    report = verify_log()
    services().close()
    galleries = state()
    wrong = [row for row in galleries if row.alarms or row.overdue]
    ok = report.ok and not wrong
    if json:
        told = {
            "galleries": len(galleries),
            "without": [row.gallery for row in galleries if not row.canaries],
            "overdue": [row.gallery for row in galleries if row.overdue],
            "alarms": [alarm.public_id for row in galleries for alarm in row.alarms],
        }
        print_json(
            {
                "ok": ok,
                "workspace": workspace.root,
                "log_entries": report.entries,
                "canaries": told,
                "journal_emptied": emptied,
            }
        )
    else:
        console.print(f"Model pack: intact. Decoder: starts. Log: {report.entries} entries, ok={report.ok}.")
        console.print("Erasures: finished." if emptied else "Erasures: a reader keeps the database's journal.")
        _print_canaries(galleries)
    if not ok:
        raise typer.Exit(1)


def _print_canaries(galleries: list[GalleryState]) -> None:
    """Say how the canaries stand: what is wrong by name, what is missing, what is in order."""
    for row in galleries:
        where = f"{row.gallery} ({row.agency})"
        for alarm in row.alarms:
            console.print(f"[red]ALARM {alarm.public_id} in {where}: {alarm.says}[/]", soft_wrap=True)
        if row.overdue:
            last = f"the last was on {row.checked_at:%Y-%m-%d %H:%M} UTC" if row.checked_at else "there was none"
            console.print(f"[red]The canary check of {where} is overdue: {last}.[/] Run `plainview canary run`.")
    without = [row.gallery for row in galleries if not row.canaries]
    if without:
        console.print(
            f"[yellow]No canary proves {', '.join(without)}:[/] a damaged index or another model would go unnoticed. "
            "Add a pair with `plainview canary add`.",
            soft_wrap=True,
        )
    fine = sum(bool(row.canaries) and not row.alarms and not row.overdue for row in galleries)
    if fine or not galleries:
        console.print(f"Canaries: {fine} galleries without an alarm." if galleries else "Canaries: no gallery yet.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(doctor)
