"""The commands of the public register: export, check, attest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, err, print_json, start_django

register_app = typer.Typer(help="The public register of use.", no_args_is_help=True)


@register_app.command("export")
def register_export(folder: Path, acting: As, json: Json = False) -> None:
    """Write the register as a static site into a folder; an earlier one becomes its history."""
    member = acting_member(acting)
    from plainview.casework.register.publish import export_register

    made = export_register(folder, acting_member=member)
    if json:
        print_json({"folder": made.folder, "sha256": made.sha256, "agencies": made.agencies})
    else:
        console.print(
            f"{made.folder}/index.html lists {made.agencies} agenc{'y' if made.agencies == 1 else 'ies'}.",
            soft_wrap=True,
        )


@register_app.command("check")
def register_check(
    folder: Path,
    log: Annotated[Path | None, typer.Option(help="A copy of the log, to compare the totals with.")] = None,
    json: Json = False,
) -> None:
    """Check a published register: its history, its checkpoint, and with a copy of the log its totals."""
    start_django()
    from plainview.recheck.register import check_register

    problems = check_register(folder, log)
    if json:
        print_json({"ok": not problems, "problems": problems})
    else:
        for problem in problems:
            err.print(problem, soft_wrap=True)
        if not problems:
            console.print("The register is whole" + (" and its totals are those of the log." if log else "."))
    if problems:
        raise typer.Exit(1)


@register_app.command("attest")
def register_attest(
    office: Annotated[str, typer.Option(help='The office that attests it, as "Chief of Police"; nobody\'s name.')],
    first: Annotated[str, typer.Option("--from", help="First month, as 2026-03.")],
    until: Annotated[str, typer.Option(help="Last month; it has to be over.")],
    acting: As,
    json: Json = False,
) -> None:
    """Attest in the name of an office that the agency ran no search in these months; it stands in the register."""
    member = acting_member(acting)
    from plainview.casework.register.publish import attest

    row = attest(first, until, office=office, acting_member=member)
    if json:
        print_json({"office": row.office, "from": row.first, "until": row.last, "entry": row.entry})
    else:
        console.print(f"Recorded in entry {row.entry}: no search from {row.first} to {row.last}.")


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(register_app, name="register")
