"""The commands of misuse: flag, tripwire."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, print_json, print_rows

flag_app = typer.Typer(help="Signs of misuse, for the auditor.", no_args_is_help=True)
tripwire_app = typer.Typer(
    help="Be warned about searches of yourself or of consenting relations.", no_args_is_help=True
)


@flag_app.command("list")
def flag_list(
    acting: As,
    open_only: Annotated[bool, typer.Option("--open", help="Only undecided ones.")] = False,
    json: Json = False,
) -> None:
    """List the flags of your agency."""
    member = acting_member(acting)
    from plainview.casework.misuse.read import flags

    rows = [
        {
            "flag": row.public_id,
            "rule": row.rule,
            "raised_at": row.raised_at.isoformat(timespec="seconds"),
            "outcome": row.outcome or "open",
        }
        for row in flags(member, undecided=open_only)
    ]
    print_rows("flags", ("Flag", "Rule", "Raised", "Outcome"), rows, "No flag.", json=json)


@flag_app.command("show")
def flag_show(flag: str, acting: As, json: Json = False) -> None:
    """Show a flag with its evidence; the view is recorded."""
    member = acting_member(acting)
    from plainview.casework.misuse.flags import view_flag

    row, told = view_flag(flag, acting_member=member)
    shown = {
        "flag": row.public_id,
        "rule": row.rule,
        "member": row.member.email,
        "search": row.search.public_id if row.search else None,
        "says": told["says"],
        "evidence": told["evidence"],
        "raised_at": row.raised_at.isoformat(timespec="seconds"),
        "outcome": row.outcome or "open",
        "note": row.note,
    }
    if json:
        print_json(shown)
        return
    for label, value in shown.items():
        console.print(f"{label.replace('_', ' '):10} {value}", soft_wrap=True)


@flag_app.command("decide")
def flag_decide(
    flag: str,
    outcome: Annotated[str, typer.Option(help="upheld or dismissed.")],
    note: Annotated[str, typer.Option(help="Why, in a sentence.")],
    acting: As,
) -> None:
    """Decide on a flag."""
    member = acting_member(acting)
    from plainview.casework.misuse.flags import decide_flag

    console.print(f"Flag {flag}: {decide_flag(flag, outcome, note, acting_member=member).outcome}.")


@tripwire_app.command("add")
def tripwire_add(
    photograph: Path,
    label: Annotated[str, typer.Option(help="Who it is, for yourself; nobody else sees it.")],
    acting: As,
    consent: Annotated[bool, typer.Option("--consent", help="The person agrees.")] = False,
) -> None:
    """Keep the template of a photograph as a tripwire; the picture is not kept."""
    member = acting_member(acting)
    from plainview.casework.misuse.tripwires import add_tripwire
    from plainview.casework.workspace.services import services

    try:
        row = add_tripwire(photograph, label, consent=consent, acting_member=member)
    finally:
        services().close()
    console.print(f"Tripwire {row.public_id}. Your agency's auditor is told when a probe resembles it.")


@tripwire_app.command("list")
def tripwire_list(acting: As, json: Json = False) -> None:
    """List your own tripwires."""
    member = acting_member(acting)
    from plainview.casework.misuse.read import tripwires

    rows = [{"tripwire": row.public_id, "label": label} for row, label in tripwires(member)]
    print_rows("tripwires", ("Tripwire", "Label"), rows, "You have no tripwire.", json=json)


@tripwire_app.command("remove")
def tripwire_remove(tripwire: str, acting: As) -> None:
    """Erase one of your tripwires."""
    member = acting_member(acting)
    from plainview.casework.misuse.tripwires import remove_tripwire

    remove_tripwire(tripwire, acting_member=member)
    console.print(f"Tripwire {tripwire} is erased.")


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(flag_app, name="flag")
    app.add_typer(tripwire_app, name="tripwire")
