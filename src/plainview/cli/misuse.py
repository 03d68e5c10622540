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
    open_only: Annotated[bool, typer.Option("--open", help="Only undecided flags.")] = False,
    json: Json = False,
) -> None:
    """List the flags of your agency."""
    member = acting_member(acting)
    rows = [
        {
            "flag": flag.public_id,
            "rule": flag.rule,
            "raised_at": flag.raised_at.isoformat(timespec="seconds"),
            "outcome": flag.outcome or "open",
        }
        for flag in flags(member, undecided=open_only)
    ]
    print_rows("flags", ("Flag", "Rule", "Raised", "Outcome"), rows, "No flag.", json=json)


def flag_show(flag: str, acting: As, json: Json = False) -> None:
    """Show a flag with its evidence; the view is recorded."""
    member = acting_member(acting)
    flag_record, content = view_flag(flag, acting_member=member)
    shown = {
        "flag": flag_record.public_id,
        "rule": flag_record.rule,
        "member": flag_record.member.email,
        "search": flag_record.search.public_id if flag_record.search else None,
        "says": content["says"],
        "evidence": content["evidence"],
        "raised_at": flag_record.raised_at.isoformat(timespec="seconds"),
        "outcome": flag_record.outcome or "open",
        "note": flag_record.note,
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
    label: Annotated[str, typer.Option(help="Your note of who it is; nobody else sees it.")],
    acting: As,
    consent: Annotated[bool, typer.Option("--consent", help="The person has consented.")] = False,
    json: Json = False,
) -> None:
    """Keep the template of a photograph as a tripwire; the picture is not kept."""
    member = acting_member(acting)
    try:
        tripwire = add_tripwire(photograph, label, consent=consent, acting_member=member)
    finally:
        services().close()
    answer(
        f"Tripwire {tripwire.public_id}. Your agency's auditor is notified when a probe resembles it.",
        json=json,
        tripwire=tripwire.public_id,
    )


def tripwire_list(acting: As, json: Json = False) -> None:
    """List your own tripwires."""
    member = acting_member(acting)
    rows = [{"tripwire": tripwire.public_id, "label": label} for tripwire, label in tripwires(member)]
    print_rows("tripwires", ("Tripwire", "Label"), rows, "You have no tripwire.", json=json)


def tripwire_remove(tripwire: str, acting: As, json: Json = False) -> None:
    """Erase one of your tripwires."""
    member = acting_member(acting)
    remove_tripwire(tripwire, acting_member=member)
    answer(f"Tripwire {tripwire} is erased.", json=json, tripwire=tripwire, state="erased")
