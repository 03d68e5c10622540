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

Day = Annotated[date | None, day_option(help="Day on which the hold is reviewed.")]


def hold_place(
    reason: Annotated[str, typer.Option(help="The reason, in a sentence.")],
    authority: Annotated[str, typer.Option(help="The authority: the court, the office or the letter.")],
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
    ended: Annotated[bool, typer.Option("--all", help="Include ended holds.")] = False,
    json: Json = False,
) -> None:
    """List the holds of your agency."""
    member = acting_member(acting)
    rows = [
        {
            "hold": hold.public_id,
            "on": hold.on,
            "authority": hold.authority,
            "reason": hold.reason,
            "placed": f"{hold.placed_at:%Y-%m-%d}",
            "by": hold.placed_by.email,
            "review": hold.review_on and hold.review_on.isoformat(),
            "ended": hold.ended_at and f"{hold.ended_at:%Y-%m-%d}: {hold.end_reason}",
        }
        for hold in holds(member, ended=ended)
    ]
    heads = ("Hold", "On", "Authority", "Reason", "Placed", "By", "Review", "Ended")
    print_rows("holds", heads, rows, "No hold.", json=json, caption=sample_notice(current()))


def hold_end(
    hold: str,
    reason: Annotated[str, typer.Option(help="Why it ends, in a sentence.")],
    acting: As,
    json: Json = False,
) -> None:
    """End one hold; other holds on the same item continue."""
    member = acting_member(acting)
    ended = end_hold(hold, reason=reason, acting_member=member)
    answer(f"Hold {ended.public_id} has ended.", json=json, hold=ended.public_id, state="ended")
