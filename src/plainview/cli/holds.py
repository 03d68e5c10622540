"""The commands of holds: place, list, end."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from plainview.casework.erasure.holds import end_hold, place_hold
from plainview.casework.erasure.read import holds
from plainview.casework.workspace.folder import current
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, day_option, print_json, print_rows, sample_notice, say

Day = Annotated[date | None, day_option(help="The day on which it is reviewed.")]


def hold_place(
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")],
    authority: Annotated[str, typer.Option(help="On whose word: the court, the office, the letter.")],
    acting: As,
    case: Annotated[str, typer.Option(help="Number of a case: its searches, drafts, videos, alerts.")] = "",
    search: Annotated[str, typer.Option(help="Id of a search, with the references that it lists.")] = "",
    reference: Annotated[str, typer.Option(help="Id of a reference.")] = "",
    gallery: Annotated[str, typer.Option(help="Name of a gallery: all its references.")] = "",
    review: Day = None,
    json: Json = False,
) -> None:
    """Keep a case, a search, a reference or a gallery from being erased until the hold ends."""
    member = acting_member(acting)
    hold = place_hold(
        reason=reason,
        authority=authority,
        case=case,
        search=search,
        reference=reference,
        gallery=gallery,
        review_on=review,
        acting_member=member,
    )
    if json:
        print_json({"hold": hold.public_id, "on": hold.on})
    else:
        say(f"Hold {hold.public_id} keeps {hold.on} until it is ended.")


def hold_list(
    acting: As,
    ended: Annotated[bool, typer.Option("--all", help="Ended ones too.")] = False,
    json: Json = False,
) -> None:
    """List the holds of your agency."""
    member = acting_member(acting)
    rows = [
        {
            "hold": row.public_id,
            "on": row.on,
            "authority": row.authority,
            "reason": row.reason,
            "placed": f"{row.placed_at:%Y-%m-%d}",
            "by": row.placed_by.email,
            "review": row.review_on and row.review_on.isoformat(),
            "ended": row.ended_at and f"{row.ended_at:%Y-%m-%d}: {row.end_reason}",
        }
        for row in holds(member, ended=ended)
    ]
    heads = ("Hold", "On", "Authority", "Why", "Placed", "By", "Review", "Ended")
    print_rows("holds", heads, rows, "No hold.", json=json, caption=sample_notice(current()))


def hold_end(
    hold: str,
    reason: Annotated[str, typer.Option(help="Why it is over, in a sentence.")],
    acting: As,
    json: Json = False,
) -> None:
    """End one hold; other holds on the same thing continue."""
    member = acting_member(acting)
    ended = end_hold(hold, reason=reason, acting_member=member)
    answer(f"Hold {ended.public_id} has ended.", json=json, hold=ended.public_id, state="ended")
