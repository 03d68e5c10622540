"""The commands of galleries and their passports."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.workspace.folder import current
from plainview.cli.common import As, Json, acting_member, console, print_json, print_rows, sample_notice
from plainview.cli.enrolment import bar

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
    from plainview.casework.galleries.passports import create_gallery

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
    from plainview.casework.galleries.read import galleries, gallery_size

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
    from plainview.casework import find
    from plainview.casework.enrolment.read import feeds_of
    from plainview.casework.galleries.read import gallery_size

    gallery = find.gallery(name, member)
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
    from plainview.casework.galleries.passports import PassportChange, change_passport

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
    from plainview.casework.galleries.moving import move_gallery

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
    from plainview.casework.erasure import expunge as expunging

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


@gallery_app.command("statistics")
def gallery_statistics(name: str, acting: As, json: Json = False) -> None:
    """Show what a gallery is made of, source by source."""
    member = acting_member(acting)
    from plainview.casework.galleries.statistics import gallery_statistics as count

    rows = [asdict(row) for row in count(name, member)]
    if json:
        print_json({"gallery": name, "sources": rows})
        return
    if not rows:
        console.print("Nothing was enrolled yet.")
    for row in rows:
        failed = ", ".join(f"{count} {code}" for code, count in row["failed_by_code"].items())
        span = f"{row['first_captured']} to {row['last_captured']}" if row["first_captured"] else "no date stated"
        console.print(f"[bold]{row['kind']} {row['name']}[/]", soft_wrap=True)
        console.print(
            f"  {row['pictures']} pictures, {row['references']} references, {row['erased']} erased; "
            f"{row['runs']} runs, the newest {row['newest']}\n"
            f"  quality {row['mean_quality'] or '-'} on average, {row['low_quality']} low; "
            f"captured {span}, {row['undated']} without a date\n"
            f"  seen again {row['duplicates']}, nearly the same {row['near_duplicates']}, "
            f"not usable {row['failed']}{f' ({failed})' if failed else ''}",
            soft_wrap=True,
        )
    if notice := sample_notice(current()):
        console.print(notice)


@gallery_app.command("near-duplicates")
def gallery_near(name: str, acting: As, json: Json = False) -> None:
    """List pictures that are nearly the same as another one of the gallery, the newest first."""
    member = acting_member(acting)
    from plainview.casework.galleries.statistics import near_pairs

    rows = [
        {
            "reference_id": row.reference.public_id if row.reference else None,
            "path": row.reference.file_name if row.reference else row.path,
            "near": row.near.public_id,
            "near_path": row.near.file_name,
            "distance": row.distance,
        }
        for row in near_pairs(name, member)
    ]
    heads = ("Reference", "Picture", "Nearly the same as", "Its picture", "Bits that differ (of 256)")
    print_rows("pairs", heads, rows, "None.", json=json, caption=sample_notice(current()))


@gallery_app.command("export")
def gallery_export(
    name: str,
    folder: Path,
    why: Annotated[str, typer.Option(help="Why the pictures are handed out; it is kept, sealed.")],
    acting: As,
    json: Json = False,
) -> None:
    """Write a gallery's pictures as ANSI/NIST-ITL files (Type-10 records) into a new folder."""
    member = acting_member(acting)
    from plainview.casework.galleries.exchange import export_gallery
    from plainview.casework.workspace.services import services

    with bar("Writing", 0) as shown:
        try:
            done = export_gallery(name, folder, why=why, acting_member=member, progress=shown.step)
        finally:
            services().close()
    if json:
        print_json(asdict(done))
        return
    console.print(f"{done.pictures} pictures in {done.files} files; entry {done.entry}.")
    if done.left_out:
        console.print(
            f"{len(done.left_out)} left out, in a format that ANSI/NIST-ITL does not have: "
            f"{', '.join(done.left_out[:10])}",
            soft_wrap=True,
        )


@gallery_app.command("re-embed")
def gallery_re_embed(name: str, acting: As, json: Json = False) -> None:
    """Make a gallery's templates anew with the loaded model pack; searches wait until all are there."""
    member = acting_member(acting)
    from plainview.casework import find
    from plainview.casework.enrolment.re_embed import ReEmbedded, re_embed, waiting
    from plainview.casework.workspace.services import services

    total = waiting(find.gallery(name, member), services().engine.pack.identity)
    with bar(f"Templates of {name}", total) as shown:
        done = 0

        def step(result: ReEmbedded) -> None:
            nonlocal done
            for _ in range(result.made - done):
                shown.step()
            done = result.made

        try:
            result = re_embed(name, acting_member=member, progress=step)
        finally:
            services().close()
    if json:
        print_json(asdict(result))
    else:
        console.print(f"{result.made} templates made in {result.seconds:.1f} s.")
        for row in result.failed:
            console.print(f"[red]{row['reference']}: {row['why']}[/]", soft_wrap=True)
    if result.failed:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(gallery_app, name="gallery")
    app.command()(expunge)
