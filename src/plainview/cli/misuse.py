"""The commands of misuse: flag, tripwire."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.misuse.flags import decide_flag, view_flag
from plainview.casework.misuse.read import flags, tripwires
from plainview.casework.misuse.tripwires import add_tripwire, remove_tripwire
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, print_json, print_rows, say


def flag_list(
    acting: As,
    open_only: Annotated[bool, typer.Option("--open", help="Only undecided ones.")] = False,
    json: Json = False,
) -> None:
    """List the flags of your agency."""
    member = acting_member(acting)
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


def flag_show(flag: str, acting: As, json: Json = False) -> None:
    """Show a flag with its evidence; the view is recorded."""
    member = acting_member(acting)
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
        say(f"{label.replace('_', ' '):10} {value}")


def flag_decide(
    flag: str,
    outcome: Annotated[str, typer.Option(help="upheld or dismissed.")],
    reason: Reason,
    acting: As,
    json: Json = False,
) -> None:
    """Decide on a flag."""
    member = acting_member(acting)
    decided = decide_flag(flag, outcome, reason, acting_member=member)
    answer(f"Flag {flag}: {decided.outcome}.", json=json, flag=flag, outcome=decided.outcome)


def tripwire_add(
    photograph: Path,
    label: Annotated[str, typer.Option(help="Who it is, for yourself; nobody else sees it.")],
    acting: As,
    consent: Annotated[bool, typer.Option("--consent", help="The person agrees.")] = False,
    json: Json = False,
) -> None:
    """Keep the template of a photograph as a tripwire; the picture is not kept."""
    member = acting_member(acting)
    try:
        tripwire = add_tripwire(photograph, label, consent=consent, acting_member=member)
    finally:
        services().close()
    answer(
        f"Tripwire {tripwire.public_id}. Your agency's auditor is told when a probe resembles it.",
        json=json,
        tripwire=tripwire.public_id,
    )


def tripwire_list(acting: As, json: Json = False) -> None:
    """List your own tripwires."""
    member = acting_member(acting)
    rows = [{"tripwire": row.public_id, "label": label} for row, label in tripwires(member)]
    print_rows("tripwires", ("Tripwire", "Label"), rows, "You have no tripwire.", json=json)


def tripwire_remove(tripwire: str, acting: As, json: Json = False) -> None:
    """Erase one of your tripwires."""
    member = acting_member(acting)
    remove_tripwire(tripwire, acting_member=member)
    answer(f"Tripwire {tripwire} is erased.", json=json, tripwire=tripwire, state="erased")
