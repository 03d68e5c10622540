"""The commands of oversight: disclose, verify-package, register."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plainview.cli.common import As, Json, acting_member, console, err, print_json
from plainview.policy.joining import INVITATION_DAYS
from plainview.recheck.findings import PackageReport


def disclose(
    search: Annotated[str, typer.Argument(help="Id of a search.")],
    out: Annotated[Path, typer.Option(help="A new file.")],
    acting: As,
    pictures: Annotated[
        str,
        typer.Option(help="Whose pictures are shown: all, examined or none; your policy's word if absent."),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why fewer pictures than your policy shows.")] = "",
    json: Json = False,
) -> None:
    """Write the disclosure package of a search: all that the defence needs to check it and run it again."""
    member = acting_member(acting)
    from plainview.casework.disclosure import make as disclosure
    from plainview.casework.workspace.services import services

    try:
        made = disclosure.disclose(search, out, pictures=pictures, reason=reason, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"file": out, "items": made.items, "manifest_sha256": made.manifest_sha256})
        return
    console.print(f"{out}: {made.items} items. Anyone can check it: plainview verify-package {out}", soft_wrap=True)


def verify_package(
    file: Path,
    key: Annotated[str | None, typer.Option(help="The log's key line that you trust.")] = None,
    lists: Annotated[bool, typer.Option("--list", help="Print both lists side by side.")] = False,
    json: Json = False,
) -> None:
    """Check a disclosure package and run its search again; needs no workspace. Exit 1 when anything is wrong."""
    from plainview.recheck.package import verify_package as verify

    report = verify(file, vkey=key)
    if json:
        print_json(
            {
                "ok": report.ok,
                "items": report.items,
                "rerun_identical": report.rerun_identical,
                "problems": report.problems,
                "search": report.search,
                "log": report.log,
                **(
                    {
                        "recorded": [asdict(row) for row in report.recorded],
                        "again": [asdict(row) for row in report.again],
                    }
                    if lists
                    else {}
                ),
            }
        )
        if not report.ok:
            raise typer.Exit(1)
        return
    if lists:
        _print_lists(report)
    if report.ok:
        console.print(
            f"Search {report.search} of log {report.log}: {report.items} items are whole, "
            "and the search run again gives the same list with the same scores.",
            soft_wrap=True,
        )
    else:
        for problem in report.problems:
            err.print(problem, soft_wrap=True)
        err.print("The package is NOT whole. Keep it as it is and ask for another.")
    if not report.ok:
        raise typer.Exit(1)


def _print_lists(report: PackageReport) -> None:
    """Both lists, row by row; rows that differ are marked in words."""
    table = Table(title="The list as it was recorded, and as it comes out now")
    for head in ("Rank", "Recorded", "Cosine", "Adjusted", "Again", "Cosine", "Adjusted", ""):
        table.add_column(head, overflow="fold")
    again = {row.reference: row for row in report.again}
    for row in report.recorded:
        new = again.pop(row.reference, None)
        same = "same" if new is not None and new.values == row.values else "erased since" if new is None else "DIFFERS"
        other = (new.reference, new.score, new.adjusted) if new is not None else ("-", "-", "-")
        table.add_row(str(row.rank), row.reference, row.score, row.adjusted, *other, same)
    for row in again.values():
        table.add_row("-", "-", "-", "-", row.reference, row.score, row.adjusted, "only now")
    console.print(table)


app = typer.Typer(help="What the defence is given to see, and until when.", no_args_is_help=True)


@app.command("grant")
def grant(
    search: str,
    email: Annotated[str, typer.Option(help="Address of the defence.")],
    name: Annotated[str, typer.Option(help="Who it is, and for whom.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day.")],
    acting: As,
    pictures: Annotated[
        str,
        typer.Option(help="Whose pictures are shown: all, examined or none; your policy's word if absent."),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why fewer pictures than your policy shows.")] = "",
    json: Json = False,
) -> None:
    """Open one search to the defence until a day: an account that shows it and nothing else."""
    member = acting_member(acting)
    from plainview.casework.disclosure import grants

    made = grants.grant(search, email, name, until.date(), pictures=pictures, reason=reason, acting_member=member)
    if json:
        print_json({"grant": made.grant.public_id, "code": made.code, "ends_on": made.grant.ends_on})
        return
    console.print(f"Grant {made.grant.public_id}: open to {email} until {made.grant.ends_on}.")
    if made.code:
        console.print(f"Give this code to {email}, and nobody else; it is valid for {INVITATION_DAYS} days:")
        typer.echo(made.code)


@app.command("revoke")
def revoke(grant: str, why: Annotated[str, typer.Option(help="Why, in a sentence.")], acting: As) -> None:
    """Take a grant back at once."""
    member = acting_member(acting)
    from plainview.casework.disclosure import grants

    row = grants.revoke(grant, why, acting_member=member)
    console.print(f"Grant {row.public_id} is taken back: nothing of it is open to {row.email} any more.")


@app.command("list")
def list_(search: str, acting: As, json: Json = False) -> None:
    """List to whom a search is open, its packages, and who took them."""
    member = acting_member(acting)
    from plainview.casework import find
    from plainview.casework.disclosure import read

    found = find.search(search, member)
    grants = [
        {
            "grant": row.public_id,
            "email": row.email,
            "name": row.name,
            "pictures": row.pictures,
            "ends_on": row.ends_on,
            "revoked_at": row.revoked_at and row.revoked_at.isoformat(timespec="seconds"),
        }
        for row in read.grants_of(found)
    ]
    packages = [
        {
            "package": row.public_id,
            "pictures": row.pictures,
            "manifest_sha256": row.manifest_sha256,
            "made_at": row.made_at and row.made_at.isoformat(timespec="seconds"),
            "kept": bool(row.blob),
            "downloads": [
                {"member": one.member.email, "at": one.at.isoformat(timespec="seconds"), "entry": one.entry}
                for one in row.downloads.all()
            ],
        }
        for row in read.packages_of(found)
    ]
    if json:
        print_json({"grants": grants, "packages": packages})
        return
    for row in read.grants_of(found):
        ended = f"taken back {row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at else f"until {row.ends_on}"
        console.print(f"{row.public_id}  {row.email}, {row.name}: {ended}", soft_wrap=True)
    for one in read.packages_of(found):
        taken = [f"{row.member.email} at {row.at:%Y-%m-%d %H:%M}" for row in one.downloads.all()]
        console.print(f"{one.public_id}  taken by {', '.join(taken) or 'nobody'}", soft_wrap=True)
    if not grants and not packages:
        console.print("Nothing of it was disclosed on a page.")


def register(root: typer.Typer) -> None:
    """Add the command group."""
    root.command()(disclose)
    root.command("verify-package")(verify_package)
    root.add_typer(app, name="disclosure")
