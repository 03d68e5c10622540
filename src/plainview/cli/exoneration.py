"""The commands of exoneration reviews: exoneration ask, list, show, decide, answer. The search: `plainview search --review`."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework.disclosure.read import reviews_of, searches_of, state_of
from plainview.casework.disclosure.reviews import answer_review, ask_review, decide_review, view_review
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, print_json, print_rows, say


def ask(
    search: str,
    requester: Annotated[str, typer.Option(help="Name of the person who asks.")],
    body: Annotated[str, typer.Option(help="On whose behalf: the defence, a court, a commission.")],
    reason: Annotated[str, typer.Option(help="What should be reviewed, in a sentence.")],
    acting: As,
    charged: Annotated[int | None, typer.Option(help="Rank of the charged person in the candidate list.")] = None,
    json: Json = False,
) -> None:
    """Record a request for a review of a search."""
    member = acting_member(acting)
    review = ask_review(search, requester, body, reason, charged_rank=charged, acting_member=member)
    if json:
        print_json({"review": review.public_id})
    else:
        say(f"Review {review.public_id} is requested; a supervisor decides on it.")


def list_(acting: As, json: Json = False) -> None:
    """List the reviews of your agency with their status."""
    member = acting_member(acting)
    rows = [
        {
            "review": review.public_id,
            "search": review.search.public_id,
            "case": review.search.case.number,
            "body": review.body,
            "asked_at": review.asked_at.isoformat(timespec="seconds"),
            "state": state_of(review),
        }
        for review in reviews_of(member)
    ]
    print_rows(
        "reviews",
        ("Review", "Search", "Case", "For", "Requested", "Status"),
        rows,
        "No review was requested.",
        json=json,
    )


def show(review: str, acting: As, json: Json = False) -> None:
    """Show a review and its answer; the view is logged."""
    member = acting_member(acting)
    review_record = view_review(review, acting_member=member)
    review_json = {
        "review": review_record.public_id,
        "search": review_record.search.public_id,
        "requester": review_record.requester,
        "body": review_record.body,
        "why": review_record.why,
        "state": state_of(review_record),
        "note": review_record.note,
        "searches": [search.public_id for search in searches_of(review_record)],
        "answer": review_record.answer,
    }
    if json:
        print_json(review_json)
        return
    say(f"Review {review_record.public_id} of search {review_record.search.public_id}: {review_json['state']}.")
    say(f"{review_record.requester}, {review_record.body}: {review_record.why}")
    if review_record.answer:
        say(str(review_record.answer["says"]))


def decide(
    review: str,
    acting: As,
    accept: Annotated[bool, typer.Option("--accept/--decline", help="Accept or decline the request.")],
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
        say("Declined; the reason is recorded.")


def answer(review: str, acting: As, json: Json = False) -> None:
    """Answer a review: who else is on the lists. The answer goes to the person who asked."""
    member = acting_member(acting)
    review_record = answer_review(review, acting_member=member)
    if json:
        print_json({"review": review_record.public_id} | (review_record.answer or {}))
    else:
        say(str((review_record.answer or {})["says"]))
