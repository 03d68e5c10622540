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
from plainview.cli.common import As, Json, Reason, answer, day_option, moment, print_json, say, say_code
from plainview.policy.joining import INVITATION_DAYS

_WHOSE = "Whose pictures are shown: all, examined or none; by default as your policy says."
Pictures = Annotated[str, typer.Option(help=_WHOSE)]
Fewer = Annotated[str, typer.Option(help="Why fewer pictures than your policy shows.")]


def disclose(
    search: Annotated[str, typer.Argument(help="Id of a search.")],
    out: Annotated[Path, typer.Option(help="A new file.")],
    acting: As,
    pictures: Pictures = "",
    reason: Fewer = "",
    json: Json = False,
) -> None:
    """Write the disclosure package of a search: everything the defence needs to check it and run it again."""
    member = acting_member(acting)
    try:
        package = disclosure.disclose(search, out, pictures=pictures, reason=reason, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"file": out, "items": package.items, "manifest_sha256": package.manifest_sha256})
        return
    say(f"{out}: {package.items} items. Anyone can check it: plainview verify-package {out}")


def grant(
    search: str,
    email: Annotated[str, typer.Option(help="Address of the defence.")],
    name: Annotated[str, typer.Option(help="Name of the person, and whom they represent.")],
    until: Annotated[date, day_option(help="The last day.")],
    acting: As,
    pictures: Pictures = "",
    reason: Fewer = "",
    json: Json = False,
) -> None:
    """Let the defence see one search, and nothing else, until a day."""
    member = acting_member(acting)
    granted = grants.grant(search, email, name, until, pictures=pictures, reason=reason, acting_member=member)
    if json:
        print_json({"grant": granted.grant.public_id, "code": granted.code, "ends_on": granted.grant.ends_on})
        return
    say(f"Grant {granted.grant.public_id}: open to {email} until {granted.grant.ends_on}.")
    if granted.code:
        say_code(f"Give this code to {email}, and nobody else; it is valid for {INVITATION_DAYS} days:", granted.code)


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
    search_record = find.search(search, member)
    grants = [
        {
            "grant": shown.public_id,
            "email": shown.email,
            "name": shown.name,
            "pictures": shown.pictures,
            "ends_on": shown.ends_on,
            "revoked_at": shown.revoked_at and shown.revoked_at.isoformat(timespec="seconds"),
        }
        for shown in read.grants_of(search_record)
    ]
    packages = [
        {
            "package": shown.public_id,
            "pictures": shown.pictures,
            "manifest_sha256": shown.manifest_sha256,
            "made_at": shown.made_at and shown.made_at.isoformat(timespec="seconds"),
            "kept": bool(shown.blob),
            "downloads": [
                {
                    "member": download.member.email,
                    "at": download.at.isoformat(timespec="seconds"),
                    "entry": download.entry,
                }
                for download in shown.downloads.all()
            ],
        }
        for shown in read.packages_of(search_record)
    ]
    if json:
        print_json({"grants": grants, "packages": packages})
        return
    for shown in read.grants_of(search_record):
        ended = f"revoked {moment(shown.revoked_at)}" if shown.revoked_at else f"until {shown.ends_on}"
        say(f"{shown.public_id}  {shown.email}, {shown.name}: {ended}")
    for download in read.packages_of(search_record):
        taken = [f"{shown.member.email} at {moment(shown.at)}" for shown in download.downloads.all()]
        say(f"{download.public_id}  downloaded by {', '.join(taken) or 'nobody'}")
    if not grants and not packages:
        say("This search has not been disclosed on a page.")
