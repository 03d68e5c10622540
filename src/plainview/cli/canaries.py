"""The commands of canaries: known pairs that prove a gallery's index and the model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, err, open_workspace, print_json, print_rows

canary_app = typer.Typer(help="Known pairs that prove a gallery's index and the model.", no_args_is_help=True)


@canary_app.command("add")
def canary_add(
    gallery: str,
    reference: Annotated[Path, typer.Argument(help="Picture that lies in the gallery, hidden from everybody.")],
    probe: Annotated[Path, typer.Argument(help="Another picture of the same person, which must find it.")],
    basis: Annotated[str, typer.Option(help="Whose pictures these are and why they may be used.")],
    acting: As,
    json: Json = False,
) -> None:
    """Add a known pair to a gallery; no candidate list ever shows it."""
    member = acting_member(acting)
    from plainview.casework.canaries.manage import add_canary
    from plainview.casework.workspace.services import services

    try:
        made = add_canary(gallery, reference, probe, basis=basis, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"canary": made.public_id, "gallery": gallery})
        return
    console.print(f"Canary {made.public_id} in {gallery}. Check it with `plainview canary run`.", soft_wrap=True)


@canary_app.command("list")
def canary_list(acting: As, json: Json = False) -> None:
    """List the canaries of your agency; their pictures are shown to nobody."""
    member = acting_member(acting)
    from plainview.casework.canaries.read import canaries

    rows = [
        {
            "canary": row.public_id,
            "gallery": row.gallery.name,
            "basis": row.basis,
            "added_by": row.added_by.email,
            "added_at": row.added_at.isoformat(timespec="seconds"),
            "retired_at": row.retired_at and row.retired_at.isoformat(timespec="seconds"),
        }
        for row in canaries(member)
    ]
    heads = ("Canary", "Gallery", "Basis", "Added by", "Added", "Retired")
    print_rows("canaries", heads, rows, "No canary yet. Add a pair with `plainview canary add`.", json=json)


@canary_app.command("retire")
def canary_retire(
    canary: Annotated[str, typer.Argument(help="Id of a canary.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it is kept, sealed.")],
    acting: As,
) -> None:
    """Take a canary out of its gallery and erase both pictures."""
    member = acting_member(acting)
    from plainview.casework.canaries.manage import retire_canary

    done = retire_canary(canary, reason=reason, acting_member=member)
    console.print(f"Canary {done.public_id} is retired; its pictures are erased.", soft_wrap=True)


@canary_app.command("run")
def canary_run(
    due: Annotated[bool, typer.Option("--due", help="Only galleries whose time has come, by policy.")] = False,
    json: Json = False,
) -> None:
    """Check every gallery by its canaries; run it nightly. Exit 1 when anything is wrong."""
    open_workspace()
    from plainview.casework.canaries.checks import run_all
    from plainview.casework.workspace.services import services

    try:
        run = run_all(due_only=due)
    finally:
        services().close()
    if json:
        print_json({"ok": run.ok, "galleries": [asdict(row) for row in run.checked], "untold": run.untold})
    else:
        for row in run.checked:
            if not row.faults:
                console.print(
                    f"{row.gallery}: in order ({row.canaries} canaries, {row.sampled:,} references compared).",
                    soft_wrap=True,
                )
            for fault in row.faults:
                err.print(f"{row.gallery}: ALARM, {fault.fault}. {fault.says}", soft_wrap=True)
        if not run.checked:
            console.print("Nothing to check." if due else "No canary in any gallery: nothing was checked.")
        if run.untold:
            err.print(f"The letter about {run.untold} alarms could not be sent; the next run tries again.")
    if not run.ok:
        raise typer.Exit(1)


@canary_app.command("alarms")
def canary_alarms(
    acting: As,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that nobody acknowledged.")] = False,
    json: Json = False,
) -> None:
    """List the alarms of your agency's galleries."""
    member = acting_member(acting)
    from plainview.casework.canaries.read import alarms

    rows = [
        {
            "alarm": row.public_id,
            "gallery": row.gallery.name,
            "fault": row.fault,
            "says": row.says,
            "raised_at": row.raised_at.isoformat(timespec="seconds"),
            "in_order_until": row.since and row.since.isoformat(timespec="seconds"),
            "acknowledged_by": row.acknowledged_by and row.acknowledged_by.email,
            "reason": row.reason,
        }
        for row in alarms(member, open_only=open_only)
    ]
    heads = ("Alarm", "Gallery", "Fault", "What", "Raised", "In order until", "Acknowledged by", "Reason")
    print_rows("alarms", heads, rows, "No alarm.", json=json)


@canary_app.command("acknowledge")
def canary_acknowledge(
    alarm: Annotated[str, typer.Argument(help="Id of an alarm.")],
    reason: Annotated[str, typer.Option(help="What was wrong and what was done, in a sentence.")],
    acting: As,
) -> None:
    """Close an alarm once it is explained."""
    member = acting_member(acting)
    from plainview.casework.canaries.manage import acknowledge

    done = acknowledge(alarm, reason=reason, acting_member=member)
    console.print(f"Alarm {done.public_id} is acknowledged.")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(canary_app, name="canary")
