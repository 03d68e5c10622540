"""The commands of exoneration reviews: exoneration ask, list, show, decide, answer. The search: `plainview search --review`."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, print_json, print_rows

app = typer.Typer(help="Searches that the defence or a reviewing body asks for.", no_args_is_help=True)


@app.command("ask")
def ask(
    search: str,
    requester: Annotated[str, typer.Option(help="Who asks.")],
    body: Annotated[str, typer.Option(help="For whom: the defence of somebody, a court, a commission.")],
    why: Annotated[str, typer.Option(help="What should be looked at, in a sentence.")],
    acting: As,
    charged: Annotated[int | None, typer.Option(help="Rank of the person charged in the list.")] = None,
    json: Json = False,
) -> None:
    """Enter a request for a review of a search."""
    member = acting_member(acting)
    from plainview.casework.disclosure.reviews import ask_review

    row = ask_review(search, requester, body, why, charged_rank=charged, acting_member=member)
    if json:
        print_json({"review": row.public_id})
    else:
        console.print(f"Review {row.public_id} is asked for; a supervisor decides on it.")


@app.command("list")
def list_(acting: As, json: Json = False) -> None:
    """List the reviews of your agency and where each stands."""
    member = acting_member(acting)
    from plainview.casework.disclosure.read import reviews_of, state_of

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


@app.command("show")
def show(review: str, acting: As, json: Json = False) -> None:
    """Show a review and its answer."""
    member = acting_member(acting)
    from plainview.casework import find
    from plainview.casework.disclosure.read import searches_of, state_of

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
    console.print(f"Review {row.public_id} of search {row.search.public_id}: {told['state']}.", soft_wrap=True)
    console.print(f"{row.requester}, {row.body}: {row.why}", soft_wrap=True)
    if row.answer:
        console.print(str(row.answer["says"]), soft_wrap=True)


@app.command("decide")
def decide(
    review: str,
    acting: As,
    accept: Annotated[bool, typer.Option("--accept/--decline", help="Search it, or not.")],
    note: Annotated[str, typer.Option(help="If declined: why, and what else can be done.")] = "",
) -> None:
    """Accept a request or decline it with the reason."""
    member = acting_member(acting)
    from plainview.casework.disclosure.reviews import decide_review

    row = decide_review(review, accept=accept, note=note, acting_member=member)
    if row.accepted:
        console.print(
            f'Accepted. An examiner runs: plainview search IMAGE --review {row.public_id} --purpose "exoneration review" …',
            soft_wrap=True,
        )
    else:
        console.print("Declined, with the reason.")


@app.command("answer")
def answer(review: str, acting: As, json: Json = False) -> None:
    """Answer a review: who else the lists hold. It goes back to whoever asked."""
    member = acting_member(acting)
    from plainview.casework.disclosure.reviews import answer_review

    row = answer_review(review, acting_member=member)
    if json:
        print_json({"review": row.public_id} | (row.answer or {}))
    else:
        console.print(str((row.answer or {})["says"]), soft_wrap=True)


def register(root: typer.Typer) -> None:
    """Add the command group."""
    root.add_typer(app, name="exoneration")
