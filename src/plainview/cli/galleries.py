"""The commands of galleries and their passports."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework import find
from plainview.casework.enrolment.re_embed import ReEmbedded, re_embed, waiting
from plainview.casework.erasure import expunge as expunging
from plainview.casework.feeds.read import feeds_of
from plainview.casework.galleries.exchange import export_gallery
from plainview.casework.galleries.favourites import set_favourite
from plainview.casework.galleries.passports import PassportChange, change_passport, create_gallery
from plainview.casework.galleries.read import galleries, gallery_size
from plainview.casework.galleries.statistics import gallery_statistics as count
from plainview.casework.galleries.statistics import near_pairs
from plainview.casework.gate.moving import move_gallery
from plainview.casework.models import Gallery, Member
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, day_option, print_json, print_rows, sample_notice, say, warn
from plainview.cli.progress import bar
from plainview.policy.wording import counted, day


def gallery_create(
    name: str,
    basis: Annotated[str, typer.Option(help="Legal basis.")],
    source: Annotated[str, typer.Option(help="Where the references come from.")],
    expires: Annotated[date, day_option(help="Last day of the legal basis.")],
    acting: As,
    owner: Annotated[str, typer.Option(help="Who is responsible for it; by default the agency.")] = "",
    offence: Annotated[list[str] | None, typer.Option(help="Use it for this offence only; repeat for more.")] = None,
    json: Json = False,
) -> None:
    """Create a gallery with its passport: legal basis, source, owner and last day."""
    member = acting_member(acting)
    gallery = create_gallery(
        name,
        legal_basis=basis,
        source=source,
        owner=owner or member.agency.name,
        expires_on=expires,
        offences=offence or (),
        acting_member=member,
    )
    answer(
        f"Gallery {gallery.name!r} created, without pictures yet. Its legal basis ends on {day(gallery.expires_on)}.",
        json=json,
        gallery=gallery.name,
        expires_on=gallery.expires_on,
    )


def gallery_list(acting: As, json: Json = False) -> None:
    """List the agency's galleries with their passports, your favourites first."""
    member = acting_member(acting)
    favourites = set(member.favourites.values_list("gallery", flat=True))
    rows = [
        {
            "name": gallery.name,
            "references": gallery_size(gallery),
            "legal_basis": gallery.legal_basis,
            "source": gallery.source,
            "owner": gallery.owner,
            "expires_on": gallery.expires_on.isoformat(),
            "offences": gallery.offences,
            "favourite": gallery.pk in favourites,
        }
        for gallery in sorted(galleries(member), key=lambda gallery: gallery.pk not in favourites)
    ]
    heads = ("Gallery", "References", "Legal basis", "Source", "Owner", "Ends", "Only for", "Favourite")
    nothing = "No gallery yet. Create one with `plainview gallery create`."
    print_rows("galleries", heads, rows, nothing, json=json, caption=sample_notice(current()))


def gallery_passport(name: str, acting: As, json: Json = False) -> None:
    """Show one gallery's passport."""
    member = acting_member(acting)
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
        say(f"{label.replace('_', ' '):12} {value}")


def gallery_favourite(
    name: str,
    acting: As,
    remove: Annotated[bool, typer.Option("--remove", help="It is no longer a favourite.")] = False,
    json: Json = False,
) -> None:
    """Put a gallery at the top of your own new searches and lists."""
    member = acting_member(acting)
    set_favourite(name, not remove, acting_member=member)
    said = f"Gallery {name!r} is {'no longer' if remove else 'now'} one of your favourites."
    answer(said, json=json, gallery=name, favourite=not remove)


def gallery_change(
    name: str,
    reason: Reason,
    acting: As,
    basis: Annotated[str | None, typer.Option(help="New legal basis.")] = None,
    source: Annotated[str | None, typer.Option(help="New source.")] = None,
    owner: Annotated[str | None, typer.Option(help="New owner.")] = None,
    expires: Annotated[date | None, day_option(help="New last day.")] = None,
    offence: Annotated[
        list[str] | None, typer.Option(help="Use it for these offences only; an empty text allows all.")
    ] = None,
    json: Json = False,
) -> None:
    """Change a gallery's passport, for instance when its legal basis was renewed."""
    member = acting_member(acting)
    change = PassportChange(basis, source, owner, expires, offence)
    changed = change_passport(name, change, reason=reason, acting_member=member)
    answer(
        f"Passport of gallery {changed.name!r} changed. Its legal basis ends on {day(changed.expires_on)}.",
        json=json,
        gallery=changed.name,
        expires_on=changed.expires_on,
    )


def gallery_move(
    name: str,
    to: Annotated[str, typer.Option("--to", help="auto, exact, compressed, milvus, or sharded-N for N parts.")],
    acting: As,
    json: Json = False,
) -> None:
    """Move a gallery's templates to another index; candidate lists are compared before it switches."""
    member = acting_member(acting)
    moved = move_gallery(name, to, acting_member=member)
    if json:
        print_json(asdict(moved))
        return
    say(
        f"Gallery {moved.gallery!r}: {counted(moved.references, 'reference')} moved from {moved.before!r} to "
        f"{moved.after!r}; {moved.agreement:.2%} of the positions in {counted(moved.lists, 'candidate list')} agree.",
    )


def expunge(
    reference: Annotated[str, typer.Argument(help="Id of a reference.")],
    reason: Annotated[str, typer.Option(help="Why it is erased; the reason is kept, sealed.")],
    acting: As,
    never_again: Annotated[
        bool, typer.Option("--never-again", help="The same picture must never be enrolled again.")
    ] = False,
    json: Json = False,
) -> None:
    """Erase a reference for good: picture, template and where it came from."""
    member = acting_member(acting)
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
    remark = "" if done.picture_erased else " Its picture stays: another record needs it."
    say(f"Reference {done.reference} is erased; entry {done.entry}.{remark}")
    if not done.journal_emptied:
        say(
            "A long-running read kept the database's journal from being emptied: it still contains the old record. "
            "Run `plainview doctor` once it has ended.",
            style="yellow",
        )


def gallery_statistics(name: str, acting: As, json: Json = False) -> None:
    """Show the contents of a gallery, source by source."""
    member = acting_member(acting)
    rows = [asdict(source) for source in count(name, member)]
    if json:
        print_json({"gallery": name, "sources": rows})
        return
    if not rows:
        say("Nothing has been enrolled yet.")
    for source in rows:
        failed = ", ".join(f"{count} {code}" for code, count in source["failed_by_code"].items())
        span = (
            f"{source['first_captured']} to {source['last_captured']}" if source["first_captured"] else "no date stated"
        )
        say(f"{source['kind']} {source['name']}", style="bold")
        say(
            f"  {source['pictures']} pictures, {source['references']} references, {source['erased']} erased; "
            f"{source['runs']} runs, the newest {source['newest']}\n"
            f"  quality {source['mean_quality'] or '-'} on average, {source['low_quality']} low; "
            f"captured {span}, {source['undated']} without a date\n"
            f"  seen again {source['duplicates']}, nearly the same {source['near_duplicates']}, "
            f"not usable {source['failed']}{f' ({failed})' if failed else ''}",
        )
    if notice := sample_notice(current()):
        say(notice)


def gallery_near(name: str, acting: As, json: Json = False) -> None:
    """List pictures that are nearly the same as another one of the gallery, the newest first."""
    member = acting_member(acting)
    rows = [
        {
            "reference_id": pair.reference.public_id if pair.reference else None,
            "path": pair.reference.file_name if pair.reference else pair.path,
            "near": pair.near.public_id,
            "near_path": pair.near.file_name,
            "distance": pair.distance,
        }
        for pair in near_pairs(name, member)
    ]
    heads = ("Reference", "Picture", "Nearly the same as", "Its picture", "Bits that differ (of 256)")
    print_rows(
        "pairs", heads, rows, "No picture is nearly the same as another.", json=json, caption=sample_notice(current())
    )


def gallery_export(
    name: str,
    folder: Path,
    reason: Annotated[str, typer.Option(help="Why the pictures are exported; the reason is kept, sealed.")],
    acting: As,
    json: Json = False,
) -> None:
    """Write a gallery's pictures as ANSI/NIST-ITL files (Type-10 records) into a new folder."""
    member = acting_member(acting)
    with bar("Writing", 0) as shown:
        try:
            done = export_gallery(name, folder, reason=reason, acting_member=member, progress=shown.step)
        finally:
            services().close()
    if json:
        print_json(asdict(done))
        return
    say(f"{counted(done.pictures, 'picture')} in {counted(done.files, 'file')}; entry {done.entry}.")
    if done.left_out:
        say(
            f"{len(done.left_out)} left out, because ANSI/NIST-ITL does not support their format: "
            f"{', '.join(done.left_out[:10])}",
        )


def gallery_re_embed(
    acting: As,
    name: Annotated[
        str, typer.Argument(help="Name of a gallery; by default every gallery with templates of another pack.")
    ] = "",
    json: Json = False,
) -> None:
    """Compute templates again with the loaded model pack. Until all are done a gallery is searched with its old ones."""
    member = acting_member(acting)
    pack = services().engine.pack.identity
    chosen = (
        [find.gallery(name, member)]
        if name
        else [gallery for gallery in galleries(member) if gallery.pack not in ("", pack)]
    )
    results = {}
    try:
        for gallery in chosen:
            results[gallery.name] = _re_embedded(gallery, pack, member, quiet=json)
    finally:
        services().close()
    if json:
        print_json(
            asdict(results[name])
            if name
            else {"galleries": {gallery: asdict(result) for gallery, result in results.items()}}
        )
    elif not results:
        say(f"Every gallery has templates of {pack}.")
    if any(result.failed for result in results.values()):
        raise typer.Exit(1)


def _re_embedded(gallery: Gallery, pack: str, member: Member, *, quiet: bool) -> ReEmbedded:
    with bar(f"Templates of {gallery.name}", waiting(gallery, pack)) as shown:
        done = 0

        def step(result: ReEmbedded) -> None:
            nonlocal done
            for _ in range(result.remade - done):
                shown.step()
            done = result.remade

        result = re_embed(gallery.name, acting_member=member, progress=step)
    if quiet:
        return result
    say(f"{gallery.name}: {counted(result.remade, 'template')} computed in {result.seconds:.1f} s.")
    if result.turned:
        say(
            f"{counted(result.turned, 'face')} had been enrolled upside down, on their side or aslant; their templates are of them upright now."
        )
    if result.left:
        say(
            f"{counted(result.left, 'reference')} left: the gallery is still searched with its old templates. "
            "Run this again to continue.",
            style="yellow",
        )
    for failure in result.failed:
        warn(f"{failure['reference']}: {failure['why']}", style="red")
    return result
