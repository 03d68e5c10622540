"""The commands on what is in a gallery: statistics, near duplicates, exchange files, templates made anew."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.workspace import current
from plainview.cli.common import As, Json, acting_member, console, print_json, print_rows, sample_notice
from plainview.cli.enrolment import bar
from plainview.cli.galleries import gallery_app


@gallery_app.command("statistics")
def gallery_statistics(name: str, acting: As, json: Json = False) -> None:
    """Show what a gallery is made of, source by source."""
    member = acting_member(acting)
    from plainview.casework.queries.statistics import gallery_statistics as count

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
    from plainview.casework.queries.statistics import near_pairs

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
    from plainview.casework.actions.exchange import export_gallery
    from plainview.casework.services import services

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
    from plainview.casework.actions.re_embed import ReEmbedded, re_embed, waiting
    from plainview.casework.queries.galleries import gallery_named
    from plainview.casework.services import services

    total = waiting(gallery_named(name, member), services().engine.pack.identity)
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
    """The commands join the group `gallery` when this module is imported."""
