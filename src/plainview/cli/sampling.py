"""The commands of sampling, in the group `plainview audit`: sample, samples, sample-show, sample-check, sample-verify,
finding."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, err, print_json, print_rows
from plainview.policy.sampling import FINDINGS


def sample(
    acting: As,
    n: Annotated[int, typer.Option("--n", help="How many searches.")],
    seed: Annotated[str, typer.Option("--seed", help="Words of your own; they are part of the seed.")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only searches of this day and later.")
    ] = None,
    by_member: Annotated[
        bool, typer.Option("--by-member", help="Each member's searches in proportion, at least one.")
    ] = False,
    json: Json = False,
) -> None:
    """Draw random searches for review. The draw is announced in the log first, so that nobody can steer it."""
    member = acting_member(acting)
    from plainview.casework.sampling.draw import draw_sample

    day = since.date() if since else None
    made = draw_sample(n, seed, since=day, stratified=by_member, acting_member=member)
    _show(made.public_id, member, json=json)


def samples(acting: As, json: Json = False) -> None:
    """List the draws of your agency and how far each is reviewed."""
    member = acting_member(acting)
    from plainview.casework.sampling.read import overview
    from plainview.casework.sampling.read import samples as every

    rows = [
        {
            "sample": row.public_id,
            "drawn_at": row.at.isoformat(timespec="seconds"),
            "by": row.member.email,
            "drawn": (held := overview(row)).drawn,
            "decided": held.decided,
            "says": held.text,
        }
        for row in every(member)
    ]
    print_rows(
        "samples",
        ("Sample", "Drawn", "By", "Searches", "Decided", "Says"),
        rows,
        "Nothing was drawn yet.",
        json=json,
    )


def sample_show(sample: str, acting: As, json: Json = False) -> None:
    """Show the searches of a draw and what was found in each."""
    _show(sample, acting_member(acting), json=json)


def _show(public_id: str, member: object, *, json: bool) -> None:
    from plainview.casework import find
    from plainview.casework.models import Member
    from plainview.casework.sampling.read import items_of, overview

    assert isinstance(member, Member)  # noqa: S101
    row = find.sample(public_id, member)
    held = overview(row)
    rows = [
        {
            "position": one.position,
            "search": one.search.public_id,
            "case": one.search.case.number,
            "member": one.search.member.email,
            "finding": one.finding or "to review",
            "note": one.note,
        }
        for one in items_of(row)
    ]
    if json:
        print_json(
            {
                "sample": row.public_id,
                "seed": row.seed,
                "root": row.root,
                "announced": row.asked_entry,
                "entry": row.entry,
                "population": row.population,
                "items": rows,
                "overview": asdict(held),
                "says": held.text,
            }
        )
        return
    heads = ("Place", "Search", "Case", "Member", "Finding", "Words")
    print_rows("items", heads, rows, "Nothing.", json=False, caption=f"Sample {row.public_id}, entry {row.entry}")
    console.print(held.text, soft_wrap=True)


def sample_check(sample: str, acting: As, json: Json = False) -> None:
    """Draw again from the log and compare. Exit 1 when it gives other searches."""
    member = acting_member(acting)
    from plainview.casework import find
    from plainview.casework.sampling.read import drawn_again

    problems = drawn_again(find.sample(sample, member))
    if json:
        print_json({"ok": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            err.print(problem, soft_wrap=True)
    else:
        console.print("Drawn again from the log: the same searches in the same order.")
    if problems:
        raise typer.Exit(1)


def sample_verify(folder: Annotated[Path, typer.Argument(help="A copy of the log.")], json: Json = False) -> None:
    """Make every draw of a copy of the log again; needs no workspace. Exit 1 when one gives other searches."""
    from plainview.recheck.sample import draws_of

    rows = draws_of(folder)
    wrong = [row for row in rows if row.problem]
    if json:
        print_json({"ok": not wrong, "draws": [asdict(row) for row in rows]})
    else:
        for row in wrong:
            err.print(f"Sample {row.sample}, entry {row.entry}: {row.problem}.", soft_wrap=True)
        console.print(f"{len(rows)} draws, {len(rows) - len(wrong)} of them come out the same again.")
    if wrong:
        raise typer.Exit(1)


def finding(
    sample: str,
    position: Annotated[int, typer.Argument(help="The place in the sample.")],
    finding: Annotated[str, typer.Option(help=f"One of: {', '.join(FINDINGS)}.")],
    acting: As,
    note: Annotated[str, typer.Option(help="In words; needed for a question and a breach.")] = "",
) -> None:
    """Record what you found in one drawn search."""
    member = acting_member(acting)
    from plainview.casework.sampling.draw import record_finding

    row = record_finding(sample, position, finding, note, acting_member=member)
    console.print(f"Search {row.search.public_id}: {row.finding}, entry {row.entry}.")


def register(audit: typer.Typer) -> None:
    """Add the commands to the group of the audit."""
    for command in (sample, samples, sample_show, sample_check, sample_verify, finding):
        audit.command()(command)
