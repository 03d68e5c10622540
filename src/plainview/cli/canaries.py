"""The commands of canaries: known pairs that prove a gallery's index and the model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.canaries.checks import run_all
from plainview.casework.canaries.manage import acknowledge, add_canary, retire_canary
from plainview.casework.canaries.read import alarms, canaries
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_rows, say, warn
from plainview.cli.start import open_workspace
from plainview.policy.wording import counted


def canary_add(
    gallery: str,
    reference: Annotated[Path, typer.Argument(help="Picture kept in the gallery and hidden from everyone.")],
    probe: Annotated[
        Path, typer.Argument(help="Another picture of the same person; a search with it must find the first.")
    ],
    basis: Annotated[str, typer.Option(help="Whose pictures these are and why they may be used.")],
    acting: As,
    json: Json = False,
) -> None:
    """Add a known pair to a gallery; no candidate list ever shows it."""
    member = acting_member(acting)
    try:
        canary = add_canary(gallery, reference, probe, basis=basis, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"canary": canary.public_id, "gallery": gallery})
        return
    say(f"Canary {canary.public_id} in {gallery}. Check it with `plainview canary run`.")


def canary_list(acting: As, json: Json = False) -> None:
    """List the canaries of your agency; no one is shown their pictures."""
    member = acting_member(acting)
    rows = [
        {
            "canary": canary.public_id,
            "gallery": canary.gallery.name,
            "basis": canary.basis,
            "added_by": canary.added_by.email,
            "added_at": canary.added_at.isoformat(timespec="seconds"),
            "retired_at": canary.retired_at and canary.retired_at.isoformat(timespec="seconds"),
        }
        for canary in canaries(member)
    ]
    heads = ("Canary", "Gallery", "Basis", "Added by", "Added", "Retired")
    print_rows("canaries", heads, rows, "No canary yet. Add a pair with `plainview canary add`.", json=json)


def canary_retire(
    canary: Annotated[str, typer.Argument(help="Id of a canary.")],
    reason: Annotated[str, typer.Option(help="The reason, in a sentence; it is kept, sealed.")],
    acting: As,
    json: Json = False,
) -> None:
    """Take a canary out of its gallery and erase both pictures."""
    member = acting_member(acting)
    done = retire_canary(canary, reason=reason, acting_member=member)
    answer(
        f"Canary {done.public_id} is retired; its pictures are erased.",
        json=json,
        canary=done.public_id,
        state="retired",
    )


def canary_run(
    due: Annotated[bool, typer.Option("--due", help="Only galleries whose check is due by policy.")] = False,
    json: Json = False,
) -> None:
    """Check every gallery by its canaries; run it nightly. Exit 1 when anything is wrong."""
    open_workspace()
    try:
        run = run_all(due_only=due)
    finally:
        services().close()
    if json:
        print_json({"ok": run.ok, "galleries": [asdict(gallery) for gallery in run.checked]})
    else:
        for gallery in run.checked:
            if not gallery.faults:
                say(
                    f"{gallery.gallery}: no fault ({counted(gallery.canaries, 'canary', 'canaries')}, "
                    f"{counted(gallery.sampled, 'reference')} compared).",
                )
            for fault in gallery.faults:
                warn(f"{gallery.gallery}: ALARM, {fault.fault}. {fault.says}")
        if not run.checked:
            say("Nothing to check." if due else "No gallery has a canary: nothing was checked.")
    if not run.ok:
        raise typer.Exit(1)


def canary_alarms(
    acting: As,
    open_only: Annotated[bool, typer.Option("--open", help="Only unacknowledged alarms.")] = False,
    json: Json = False,
) -> None:
    """List the alarms of your agency's galleries."""
    member = acting_member(acting)
    rows = [
        {
            "alarm": alarm.public_id,
            "gallery": alarm.gallery.name,
            "fault": alarm.fault,
            "says": alarm.says,
            "raised_at": alarm.raised_at.isoformat(timespec="seconds"),
            "in_order_until": alarm.since and alarm.since.isoformat(timespec="seconds"),
            "acknowledged_by": alarm.acknowledged_by and alarm.acknowledged_by.email,
            "reason": alarm.reason,
        }
        for alarm in alarms(member, open_only=open_only)
    ]
    heads = ("Alarm", "Gallery", "Fault", "Description", "Raised", "Without fault until", "Acknowledged by", "Reason")
    print_rows("alarms", heads, rows, "No alarm.", json=json)


def canary_acknowledge(
    alarm: Annotated[str, typer.Argument(help="Id of an alarm.")],
    reason: Annotated[str, typer.Option(help="What was wrong and what was done, in a sentence.")],
    acting: As,
    json: Json = False,
) -> None:
    """Close an alarm once it is explained."""
    member = acting_member(acting)
    done = acknowledge(alarm, reason=reason, acting_member=member)
    answer(f"Alarm {done.public_id} is acknowledged.", json=json, alarm=done.public_id, state="acknowledged")
