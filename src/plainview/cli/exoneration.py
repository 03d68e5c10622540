"""The commands of exoneration reviews: exoneration ask, list, show, decide, answer. The search: `plainview search --review`."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework import find
from plainview.casework.disclosure.read import reviews_of, searches_of, state_of
from plainview.casework.disclosure.reviews import answer_review, ask_review, decide_review
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, print_json, print_rows, say


def ask(
    search: str,
    requester: Annotated[str, typer.Option(help="Who asks.")],
    body: Annotated[str, typer.Option(help="For whom: the defence of somebody, a court, a commission.")],
    reason: Annotated[str, typer.Option(help="What should be looked at, in a sentence.")],
    acting: As,
    charged: Annotated[int | None, typer.Option(help="Rank of the person charged in the list.")] = None,
    json: Json = False,
) -> None:
    """Enter a request for a review of a search."""
    member = acting_member(acting)
    row = ask_review(search, requester, body, reason, charged_rank=charged, acting_member=member)
    if json:
        print_json({"review": row.public_id})
    else:
        say(f"Review {row.public_id} is asked for; a supervisor decides on it.")


def list_(acting: As, json: Json = False) -> None:
    """List the reviews of your agency with their status."""
    member = acting_member(acting)
    rows = [
        {
            "review": row.public_id,
            "search": row.search.public_id,
            "case": row.search.case.number,
            "body": row.body,
            "asked_at": row.asked_at.isoformat(timespec="seconds"),
            "state": state_of(row),
        }
        for row in reviews_of(member)
    ]
    print_rows(
        "reviews",
        ("Review", "Search", "Case", "For", "Asked", "Stands"),
        rows,
        "Nobody has asked.",
        json=json,
    )


def show(review: str, acting: As, json: Json = False) -> None:
    """Show a review and its answer."""
    member = acting_member(acting)
    row = find.review(review, member)
    told = {
        "review": row.public_id,
        "search": row.search.public_id,
        "requester": row.requester,
        "body": row.body,
        "why": row.why,
        "state": state_of(row),
        "note": row.note,
        "searches": [one.public_id for one in searches_of(row)],
        "answer": row.answer,
    }
    if json:
        print_json(told)
        return
    say(f"Review {row.public_id} of search {row.search.public_id}: {told['state']}.")
    say(f"{row.requester}, {row.body}: {row.why}")
    if row.answer:
        say(str(row.answer["says"]))


def decide(
    review: str,
    acting: As,
    accept: Annotated[bool, typer.Option("--accept/--decline", help="Search it, or not.")],
    reason: Annotated[str, typer.Option(help="If declined: why, and what else can be done.")] = "",
    json: Json = False,
) -> None:
    """Accept a request or decline it with the reason."""
    member = acting_member(acting)
    review_row = decide_review(review, accept=accept, reason=reason, acting_member=member)
    if json:
        print_json({"review": review_row.public_id, "accepted": review_row.accepted})
    elif review_row.accepted:
        say(
            f"Accepted. An examiner runs: plainview search IMAGE --review {review_row.public_id} "
            '--purpose "exoneration review" …'
        )
    else:
        say("Declined, with the reason.")


def answer(review: str, acting: As, json: Json = False) -> None:
    """Answer a review: who else is on the lists. The answer goes to the person who asked."""
    member = acting_member(acting)
    row = answer_review(review, acting_member=member)
    if json:
        print_json({"review": row.public_id} | (row.answer or {}))
    else:
        say(str((row.answer or {})["says"]))
