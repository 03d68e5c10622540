"""The commands of galleries and their passports."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from plainview.casework.workspace import current
from plainview.cli.common import As, Json, acting_member, console, print_json, print_rows, sample_notice

gallery_app = typer.Typer(help="Galleries and their passports.", no_args_is_help=True)


@gallery_app.command("create")
def gallery_create(
    name: str,
    basis: Annotated[str, typer.Option(help="Legal basis.")],
    source: Annotated[str, typer.Option(help="Where the references come from.")],
    expires: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day of the legal basis.")],
    acting: As,
    owner: Annotated[str, typer.Option(help="Who answers for it; the agency when not named.")] = "",
    offence: Annotated[list[str] | None, typer.Option(help="Use it for this offence only; repeat for more.")] = None,
) -> None:
    """Create a gallery under its passport: legal basis, source, owner, expiry."""
    member = acting_member(acting)
    from plainview.casework.actions.galleries import create_gallery

    made = create_gallery(
        name,
        legal_basis=basis,
        source=source,
        owner=owner or member.agency.name,
        expires_on=expires.date(),
        offences=offence or (),
        acting_member=member,
    )
    console.print(f"Gallery {made.name!r} made; its passport ends on {made.expires_on}.", soft_wrap=True)


@gallery_app.command("list")
def gallery_list(acting: As, json: Json = False) -> None:
    """List the agency's galleries with their passports."""
    member = acting_member(acting)
    from plainview.casework.queries.galleries import galleries, gallery_size

    rows = [
        {
            "name": gallery.name,
            "references": gallery_size(gallery),
            "legal_basis": gallery.legal_basis,
            "source": gallery.source,
            "owner": gallery.owner,
            "expires_on": gallery.expires_on.isoformat(),
            "offences": gallery.offences,
        }
        for gallery in galleries(member)
    ]
    heads = ("Gallery", "References", "Legal basis", "Source", "Owner", "Ends", "Only for")
    nothing = "No gallery yet. Make one with `plainview gallery create`."
    print_rows("galleries", heads, rows, nothing, json=json, caption=sample_notice(current()))


@gallery_app.command("passport")
def gallery_passport(name: str, acting: As, json: Json = False) -> None:
    """Show one gallery's passport."""
    member = acting_member(acting)
    from plainview.casework.queries.feeds import feeds_of
    from plainview.casework.queries.galleries import gallery_named, gallery_size

    gallery = gallery_named(name, member)
    rows = {
        "name": gallery.name,
        "references": gallery_size(gallery),
        "legal_basis": gallery.legal_basis,
        "source": gallery.source,
        "owner": gallery.owner,
        "expires_on": gallery.expires_on.isoformat(),
        "offences": gallery.offences,
        "created_at": gallery.created_at.isoformat(),
        "feeds": [
            f"{feed.public_id} {feed.publisher}, {feed.host}: {feed.legal_basis}"
            f"{' (stopped)' if feed.stopped_at else ''}"
            for feed in feeds_of(gallery)
        ],
    }
    if json:
        print_json(rows)
        return
    for label, value in rows.items():
        console.print(f"{label.replace('_', ' '):12} {value}", soft_wrap=True)


@gallery_app.command("change")
def gallery_change(
    name: str,
    why: Annotated[str, typer.Option(help="Why the passport changes; it is kept.")],
    acting: As,
    basis: Annotated[str | None, typer.Option(help="New legal basis.")] = None,
    source: Annotated[str | None, typer.Option(help="New source.")] = None,
    owner: Annotated[str | None, typer.Option(help="New owner.")] = None,
    expires: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="New last day.")] = None,
    offence: Annotated[
        list[str] | None, typer.Option(help="Use it for these offences only; one empty text: for all.")
    ] = None,
) -> None:
    """Change what a gallery's passport says, for instance when its legal basis was renewed."""
    member = acting_member(acting)
    from plainview.casework.actions.galleries import PassportChange, change_passport

    change = PassportChange(basis, source, owner, expires.date() if expires else None, offence)
    changed = change_passport(name, change, why=why, acting_member=member)
    console.print(f"Gallery {changed.name!r}: its passport ends on {changed.expires_on}.", soft_wrap=True)


@gallery_app.command("move")
def gallery_move(
    name: str,
    to: Annotated[str, typer.Option("--to", help="auto, exact, compressed or milvus.")],
    acting: As,
    json: Json = False,
) -> None:
    """Move a gallery's templates to another index; candidate lists are compared before it switches."""
    member = acting_member(acting)
    from plainview.casework.actions.moving import move_gallery

    moved = move_gallery(name, to, acting_member=member)
    if json:
        print_json(asdict(moved))
        return
    console.print(
        f"Gallery {moved.gallery!r}: {moved.references} references moved from {moved.before!r} to "
        f"{moved.after!r}; {moved.agreement:.2%} of the places of {moved.lists} lists agree.",
        soft_wrap=True,
    )


def expunge(
    reference: Annotated[str, typer.Argument(help="Id of a reference.")],
    reason: Annotated[str, typer.Option(help="Why it is erased; it is kept, sealed.")],
    acting: As,
    never_again: Annotated[
        bool, typer.Option("--never-again", help="The same picture must never be enrolled again.")
    ] = False,
    json: Json = False,
) -> None:
    """Erase a reference for good: picture, template and where it came from."""
    member = acting_member(acting)
    from plainview.casework.actions import expunge as expunging

    done = expunging.expunge(reference, reason=reason, acting_member=member, never_again=never_again)
    if json:
        print_json(
            {
                "reference_id": done.reference,
                "picture_erased": done.picture_erased,
                "entry": done.entry,
                "journal_emptied": done.journal_emptied,
            }
        )
        return
    kept = "" if done.picture_erased else " Its picture stays: another record needs it."
    console.print(f"Reference {done.reference} is erased; entry {done.entry}.{kept}", soft_wrap=True)
    if not done.journal_emptied:
        console.print(
            "[yellow]A long reader kept the database's journal from being emptied: it still holds the old row. "
            "Run `plainview doctor` once it has ended.[/]",
            soft_wrap=True,
        )


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(gallery_app, name="gallery")
    app.command()(expunge)
