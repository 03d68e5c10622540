"""`plainview enrol`: fills a gallery, and reports progress, speed and the pictures that could not be used."""

from __future__ import annotations

import json as jsonlib
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework.enrolment import enrol as enrolment
from plainview.casework.enrolment.enrol import EnrolmentResult
from plainview.casework.enrolment.manifest import manifests_in, read_items, require_no_manifest
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, print_json, print_table, say, warn
from plainview.cli.progress import bar
from plainview.policy.decision import Refused
from plainview.policy.wording import counted
from plainview.storage.output import output

_SHOWN = 20  # rows of failures and near duplicates that are printed for people


def enrol(
    gallery: str,
    path: Path,
    acting: As,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decode, find faces and report; only a log entry is written.")
    ] = False,
    skip_near_duplicates: Annotated[
        bool,
        typer.Option(
            "--skip-near-duplicates", help="Do not enrol pictures that are nearly the same as one in the gallery."
        ),
    ] = False,
    near_duplicates: Annotated[bool, typer.Option(help="Compare each picture with those of the gallery.")] = True,
    cores: Annotated[
        int | None, typer.Option(help="Pictures processed at the same time; by default one per core.")
    ] = None,
    ray: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Decode and embed on the machines of this Ray cluster.")
    ] = "",
    failures: Annotated[
        Path | None, typer.Option(help="Write every failure into this new file, one JSON object per line.")
    ] = None,
    without_manifest: Annotated[
        bool, typer.Option("--without-manifest", help="Enrol a folder although it contains a manifest.")
    ] = False,
    outside: Annotated[
        bool,
        typer.Option("--outside", help="Follow links and paths of the manifest that lead out of the folder."),
    ] = False,
    subject: Annotated[
        str, typer.Option(help='"folder": each folder is a person, and its name their number; for a folder.')
    ] = "",
    json: Json = False,
) -> None:
    """Enrol a folder, a picture, an ANSI/NIST-ITL file, or a manifest (CSV, Excel, JSONL, Parquet).

    Columns of a manifest: path, source_url, page_url, captured_on, subject (the source's number of the person).
    """
    member = acting_member(acting)
    if not without_manifest:
        _offer_manifest(gallery, path, acting)
    if subject not in ("", "folder") or (subject and not path.is_dir()):
        raise typer.BadParameter("--subject folder needs a folder with a folder for each person")
    items = read_items(path, outside=outside, by_folder=bool(subject))
    if not json:
        for sentence in items.reading.sentences():
            say(sentence)
    with bar(f"Enrolling into {gallery}", len(items)) as shown, _failures(failures) as write:
        options = enrolment.Options(
            near_duplicates=near_duplicates,
            skip_near_duplicates=skip_near_duplicates,
            rehearsal=dry_run,
            cores=cores,
            ray=ray,
            failures=write,
        )
        try:
            result = enrolment.enrol(gallery, items, acting_member=member, progress=shown.step, options=options)
        finally:
            services().close()
    if json:
        print_json({**result_json(result), "dry_run": dry_run, "manifest": items.reading.as_json() or None})
    else:
        print_result(result, dry_run=dry_run)
    if not result.enrolled + result.duplicates + result.near_skipped:
        warn("No picture was enrolled. Correct what the list says, then run the same command again.")
        raise typer.Exit(1)


def _offer_manifest(gallery: str, path: Path, acting: str) -> None:
    """Stop before a folder with a manifest is enrolled without it, and print the command that enrols by it."""
    try:
        require_no_manifest(path)
    except Refused:
        manifest = path / manifests_in(path)[0]
        warn(f"By the manifest: {shlex.join(['plainview', 'enrol', gallery, str(manifest), '--as', acting])}")
        warn("Without it: add --without-manifest.")
        raise


@contextmanager
def _failures(path: Path | None) -> Iterator[Any]:
    if path is None:
        yield lambda _: None
        return
    with output(path) as file:
        yield lambda failure: file.write((jsonlib.dumps(failure) + "\n").encode())


def result_json(result: EnrolmentResult) -> dict[str, Any]:
    """Return a run as the JSON that scripts rely on."""
    return {
        "enrolled": result.enrolled,
        "duplicates": result.duplicates,
        "failed": result.failed,
        "seconds": round(result.seconds, 3),
        "references": result.references,
        "failed_total": result.failed_total,
        "several_faces": result.several_faces,
        "doubtful": result.doubtful,
        "doubtful_total": result.doubtful_total,
        "near_duplicates": result.near,
        "near_total": result.near_total,
        "near_skipped": result.near_skipped,
        "stopped": result.stopped,
        "images_per_s": round(_seen(result) / result.seconds, 2) if result.seconds else None,
    }


def _seen(result: EnrolmentResult) -> int:
    return result.enrolled + result.duplicates + result.failed_total + result.near_skipped


def print_result(result: EnrolmentResult, *, dry_run: bool) -> None:
    """Print a run for people."""
    say(
        f"{counted(result.enrolled, 'picture')} {'could be ' if dry_run else ''}enrolled "
        f"({counted(result.references, 'face')}, {counted(result.several_faces, 'picture')} with several), "
        f"{counted(result.duplicates, 'duplicate')}, "
        f"{result.failed_total} not usable, in {result.seconds:.1f} s "
        f"({_seen(result) / max(result.seconds, 1e-9):.1f} a second).",
    )
    if result.near_total:
        outcome = f"{result.near_skipped} of them were not enrolled" if result.near_skipped else "all were enrolled"
        say(
            f"{counted(result.near_total, 'picture is', 'pictures are')} nearly the same as one in the gallery; {outcome}."
        )
        rows = [
            (pair["path"], pair["reference_id"] or "not enrolled", pair["near"], pair["distance"])
            for pair in result.near[:_SHOWN]
        ]
        print_table(("Picture", "Reference", "Nearly the same as", "Bits that differ (of 256)"), rows)
    if result.doubtful:
        say(f"Advice about {counted(result.doubtful_total, 'face')}:")
        doubts = [(face["path"], face["quality"], " ".join(face["advice"])) for face in result.doubtful[:_SHOWN]]
        print_table(("Picture", "Quality", "Advice"), doubts)
        if result.doubtful_total > _SHOWN:
            say(f"… and {result.doubtful_total - _SHOWN} more; --json lists {len(result.doubtful):,}.")
    if result.failed:
        failures = [(failure["path"], failure["code"], failure["why"]) for failure in result.failed[:_SHOWN]]
        print_table(("Not usable", "Code", "Why"), failures)
        if result.failed_total > _SHOWN:
            say(f"… and {result.failed_total - _SHOWN} more; --failures FILE writes them all.")
    if result.stopped:
        say("Stopped. What was acknowledged is kept; run the same command again to continue.")
