"""The commands of disclosure: disclose, and disclosure grant, revoke, list."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework import find
from plainview.casework.disclosure import grants
from plainview.casework.disclosure import make as disclosure
from plainview.casework.disclosure import read as read
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, day_option, print_json, say
from plainview.policy.joining import INVITATION_DAYS


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
    """Write the disclosure package of a search: everything the defence needs to check it and run it again."""
    member = acting_member(acting)
    try:
        made = disclosure.disclose(search, out, pictures=pictures, reason=reason, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"file": out, "items": made.items, "manifest_sha256": made.manifest_sha256})
        return
    say(f"{out}: {made.items} items. Anyone can check it: plainview verify-package {out}")


def grant(
    search: str,
    email: Annotated[str, typer.Option(help="Address of the defence.")],
    name: Annotated[str, typer.Option(help="Who it is, and for whom.")],
    until: Annotated[date, day_option(help="The last day.")],
    acting: As,
    pictures: Annotated[
        str,
        typer.Option(help="Whose pictures are shown: all, examined or none; your policy's word if absent."),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why fewer pictures than your policy shows.")] = "",
    json: Json = False,
) -> None:
    """Let the defence see one search, and nothing else, until a day."""
    member = acting_member(acting)
    made = grants.grant(search, email, name, until, pictures=pictures, reason=reason, acting_member=member)
    if json:
        print_json({"grant": made.grant.public_id, "code": made.code, "ends_on": made.grant.ends_on})
        return
    say(f"Grant {made.grant.public_id}: open to {email} until {made.grant.ends_on}.")
    if made.code:
        say(f"Give this code to {email}, and nobody else; it is valid for {INVITATION_DAYS} days:")
        typer.echo(made.code)


def revoke(grant: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Revoke a grant at once."""
    member = acting_member(acting)
    revoked = grants.revoke(grant, reason, acting_member=member)
    answer(
        f"Grant {revoked.public_id} is revoked: {revoked.email} can no longer open anything under it.",
        json=json,
        grant=revoked.public_id,
        state="revoked",
    )


def list_(search: str, acting: As, json: Json = False) -> None:
    """List who may see a search, its packages, and who downloaded them."""
    member = acting_member(acting)
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
        say(f"{row.public_id}  {row.email}, {row.name}: {ended}")
    for one in read.packages_of(found):
        taken = [f"{row.member.email} at {row.at:%Y-%m-%d %H:%M}" for row in one.downloads.all()]
        say(f"{one.public_id}  taken by {', '.join(taken) or 'nobody'}")
    if not grants and not packages:
        say("Nothing of it was disclosed on a page.")
