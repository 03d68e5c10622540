"""The commands of cases: open, close, list."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework.workspace.folder import current
from plainview.cli.common import As, Json, acting_member, console, print_rows, sample_notice

case_app = typer.Typer(help="Cases.", no_args_is_help=True)


@case_app.command("open")
def case_open(
    number: str,
    offence: Annotated[str, typer.Option(help="Offence under investigation.")],
    acting: As,
    jurisdiction: Annotated[str, typer.Option(help="Where; the agency's own when not named.")] = "",
) -> None:
    """Open a case."""
    member = acting_member(acting)
    from plainview.casework.cases.open_close import open_case

    open_case(number, offence, jurisdiction=jurisdiction, acting_member=member)
    console.print(f"Case {number!r} is open.")


@case_app.command("close")
def case_close(number: str, acting: As, reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "") -> None:
    """Close a case; nothing can be searched under it from then on."""
    member = acting_member(acting)
    from plainview.casework.cases.open_close import close_case

    close_case(number, reason=reason, acting_member=member)
    console.print(f"Case {number!r} is closed.")


@case_app.command("list")
def case_list(acting: As, json: Json = False) -> None:
    """List the agency's cases, the newest first."""
    member = acting_member(acting)
    from plainview.casework.cases.read import cases

    rows = [
        {
            "number": case.number,
            "offence": case.offence,
            "jurisdiction": case.jurisdiction,
            "opened_by": case.opened_by.email,
            "opened_at": case.opened_at.isoformat(timespec="seconds"),
            "closed_at": case.closed_at and case.closed_at.isoformat(timespec="seconds"),
        }
        for case in cases(member)
    ]
    heads = ("Case", "Offence", "Jurisdiction", "Opened by", "Opened", "Closed")
    nothing = "No case yet. Open one with `plainview case open`."
    print_rows("cases", heads, rows, nothing, json=json, caption=sample_notice(current()))


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(case_app, name="case")
