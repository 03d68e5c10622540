"""The commands of sampling, in the group `plainview audit`: sample, samples, sample-show, sample-check, finding."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from plainview.casework import find
from plainview.casework.models import Member
from plainview.casework.sampling.draw import draw_sample, record_finding
from plainview.casework.sampling.read import drawn_again, items_of, overview
from plainview.casework.sampling.read import samples as every
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, day_option, print_json, print_rows, say, warn
from plainview.policy.sampling import FINDINGS


def sample(
    acting: As,
    n: Annotated[int, typer.Option("--n", help="How many searches.")],
    seed: Annotated[str, typer.Option("--seed", help="Words of your own; they are part of the seed.")],
    since: Annotated[date | None, day_option(help="Only searches of this day and later.")] = None,
    by_member: Annotated[
        bool, typer.Option("--by-member", help="Each member's searches in proportion, at least one.")
    ] = False,
    json: Json = False,
) -> None:
    """Draw random searches for review. The draw is announced in the log first, so that nobody can steer it."""
    member = acting_member(acting)
    drawn = draw_sample(n, seed, since=since, stratified=by_member, acting_member=member)
    _show(drawn.public_id, member, json=json)


def samples(acting: As, json: Json = False) -> None:
    """List the draws of your agency, and how much of each is reviewed."""
    member = acting_member(acting)
    rows = [
        {
            "sample": drawn.public_id,
            "drawn_at": drawn.at.isoformat(timespec="seconds"),
            "by": drawn.member.email,
            "drawn": (status := overview(drawn)).drawn,
            "decided": status.decided,
            "says": status.text,
        }
        for drawn in every(member)
    ]
    print_rows(
        "samples",
        ("Sample", "Drawn", "By", "Searches", "Decided", "Summary"),
        rows,
        "No sample yet.",
        json=json,
    )


def sample_show(sample: str, acting: As, json: Json = False) -> None:
    """Show the searches of a draw with the finding for each."""
    _show(sample, acting_member(acting), json=json)


def _show(public_id: str, member: Member, *, json: bool) -> None:
    drawn = find.sample(public_id, member)
    status = overview(drawn)
    rows = [
        {
            "position": item.position,
            "search": item.search.public_id,
            "case": item.search.case.number,
            "member": item.search.member.email,
            "finding": item.finding or "to review",
            "note": item.note,
        }
        for item in items_of(drawn)
    ]
    if json:
        print_json(
            {
                "sample": drawn.public_id,
                "seed": drawn.seed,
                "root": drawn.root,
                "announced": drawn.asked_entry,
                "entry": drawn.entry,
                "population": drawn.population,
                "items": rows,
                "overview": asdict(status),
                "says": status.text,
            }
        )
        return
    heads = ("Position", "Search", "Case", "Member", "Finding", "Note")
    print_rows(
        "items",
        heads,
        rows,
        "The sample is empty.",
        json=False,
        caption=f"Sample {drawn.public_id}, entry {drawn.entry}",
    )
    say(status.text)


def sample_check(sample: str, acting: As, json: Json = False) -> None:
    """Repeat a draw from the log and compare. Exit 1 when it selects other searches."""
    member = acting_member(acting)
    problems = drawn_again(find.sample(sample, member))
    if json:
        print_json({"ok": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            warn(problem)
    else:
        say("Drawn again from the log: the same searches in the same order.")
    if problems:
        raise typer.Exit(1)


def finding(
    sample: str,
    position: Annotated[int, typer.Argument(help="Position in the sample.")],
    finding: Annotated[str, typer.Option(help=f"One of: {', '.join(FINDINGS)}.")],
    acting: As,
    reason: Annotated[str, typer.Option(help="Explanation; needed for a question or a breach.")] = "",
    json: Json = False,
) -> None:
    """Record your finding about one drawn search."""
    member = acting_member(acting)
    recorded = record_finding(sample, position, finding, reason, acting_member=member)
    answer(
        f"Search {recorded.search.public_id}: {recorded.finding}, entry {recorded.entry}.",
        json=json,
        search=recorded.search.public_id,
        finding=recorded.finding,
        entry=recorded.entry,
    )
