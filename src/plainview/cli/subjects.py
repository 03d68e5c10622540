"""The commands of subjects: whose picture a reference is, by the source's own number."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.enrolment.manifest import read_items
from plainview.casework.subjects.assign import assign
from plainview.casework.subjects.change import Changed, change, merge
from plainview.casework.subjects.view import view_subjects
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, print_json, print_table, say
from plainview.cli.progress import bar
from plainview.policy.wording import counted

_SHOWN = 20  # failures that are printed for people


def subject_assign(
    gallery: str,
    path: Annotated[Path, typer.Argument(help="A manifest with path and subject, or a folder with --subject folder.")],
    acting: As,
    subject: Annotated[
        str, typer.Option(help='"folder": each folder is a person, and its name their number; for a folder.')
    ] = "",
    json: Json = False,
) -> None:
    """Give pictures that are in a gallery the source's numbers of their people. Searches go on; start it again if it stops."""
    member = acting_member(acting)
    if subject not in ("", "folder") or (subject == "folder") != path.is_dir():
        raise typer.BadParameter("name a manifest, or a folder with --subject folder")
    items = read_items(path, by_folder=bool(subject))
    with bar(f"Assigning in {gallery}", len(items)) as shown:
        done = 0

        def step(result: object) -> None:
            nonlocal done
            now = getattr(result, "assigned", 0) + getattr(result, "before", 0) + getattr(result, "failed_total", 0)
            for _ in range(now - done):
                shown.step(result)
            done = now

        try:
            result = assign(gallery, items, acting_member=member, progress=step)
        finally:
            services().close()
    if json:
        print_json(asdict(result))
        return
    say(
        f"{counted(result.assigned, 'picture')} assigned, {result.before:,} had their number already, "
        f"{result.failed_total:,} not assigned."
    )
    if result.failed:
        rows = [(failure["path"], failure["code"], failure["why"]) for failure in result.failed[:_SHOWN]]
        print_table(("Not assigned", "Code", "Why"), rows)


def subject_change(
    gallery: str,
    reference: Annotated[list[str], typer.Argument(help="Ids of references.")],
    reason: Reason,
    acting: As,
    to: Annotated[str, typer.Option(help="The source's number of the person; empty: of nobody known.")] = "",
    json: Json = False,
) -> None:
    """Say whose pictures some references are; with a new number this splits a subject."""
    _print(change(gallery, reference, to, reason=reason, acting_member=acting_member(acting)), json=json)


def subject_merge(
    gallery: str,
    number: Annotated[str, typer.Argument(help="The number whose pictures change.")],
    into: Annotated[str, typer.Argument(help="The number that they get; the first one leads there from now on.")],
    reason: Reason,
    acting: As,
    json: Json = False,
) -> None:
    """Make one subject of two that are one person."""
    _print(merge(gallery, number, into, reason=reason, acting_member=acting_member(acting)), json=json)


def subject_list(
    gallery: str,
    acting: As,
    limit: Annotated[int, typer.Option(help="Subjects to list, those with most pictures first.", min=1)] = 50,
    json: Json = False,
) -> None:
    """List the subjects of a gallery with the source's numbers; the view is recorded."""
    subjects = view_subjects(gallery, limit=limit, acting_member=acting_member(acting))
    if json:
        print_json({"subjects": [asdict(subject) for subject in subjects]})
        return
    rows = [
        (known.subject, known.number, known.pictures, known.first or "not stated", known.last or "not stated")
        for known in subjects
    ]
    print_table(("Subject", "Number", "Pictures", "First", "Last"), rows, title=f"Subjects of {gallery}")


def _print(changed: Changed, *, json: bool) -> None:
    if json:
        print_json(asdict(changed))
        return
    whose = (
        f"subject {changed.subject}, which now has {counted(changed.pictures, 'picture')}"
        if changed.subject
        else "nobody known"
    )
    say(f"{counted(changed.changed, 'picture is', 'pictures are')} now of {whose}; entry {changed.entry}.")
