"""The commands of cases: open, close, list."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework.cases.open_close import close_case, open_case
from plainview.casework.cases.read import cases
from plainview.casework.workspace.folder import current
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_rows, sample_notice


def case_open(
    number: str,
    offence: Annotated[str, typer.Option(help="Offence under investigation.")],
    acting: As,
    jurisdiction: Annotated[str, typer.Option(help="Jurisdiction; by default the agency's own.")] = "",
    json: Json = False,
) -> None:
    """Open a case."""
    member = acting_member(acting)
    open_case(number, offence, jurisdiction=jurisdiction, acting_member=member)
    answer(f"Case {number!r} is open.", json=json, number=number, state="open")


def case_close(
    number: str,
    acting: As,
    reason: Annotated[str, typer.Option(help="The reason; it is kept.")] = "",
    json: Json = False,
) -> None:
    """Close a case; nothing can be searched under it from then on."""
    member = acting_member(acting)
    close_case(number, reason=reason, acting_member=member)
    answer(f"Case {number!r} is closed.", json=json, number=number, state="closed")


def case_list(acting: As, json: Json = False) -> None:
    """List the agency's cases, the newest first."""
    member = acting_member(acting)
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
