"""The commands of disclosing to a person: disclosure grant, revoke, list. Making and checking a package: cli/oversight."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, print_json
from plainview.policy.joining import INVITATION_DAYS

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
    from plainview.casework.actions import grants

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
    from plainview.casework.actions import grants

    row = grants.revoke(grant, why, acting_member=member)
    console.print(f"Grant {row.public_id} is taken back: nothing of it is open to {row.email} any more.")


@app.command("list")
def list_(search: str, acting: As, json: Json = False) -> None:
    """List to whom a search is open, its packages, and who took them."""
    member = acting_member(acting)
    from plainview.casework.queries import grants as read
    from plainview.casework.queries.cases import search_numbered

    found = search_numbered(search, member)
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
    root.add_typer(app, name="disclosure")
