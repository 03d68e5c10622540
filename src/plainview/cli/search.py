"""The commands of a search: search, candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.probes.photographs import together
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.answers import Answer
from plainview.casework.search.as_json import answer_json
from plainview.casework.search.candidates import pictures_by_rank, span_of
from plainview.casework.search.grounds import ground_of
from plainview.casework.search.meaning import cautions, meanings
from plainview.casework.search.run import Request, authorise, run_search, view_candidates
from plainview.casework.videos.stills import prepare_still
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import Also, As, Box, Json, moment, print_json, print_table, sample_notice, say, with_box
from plainview.policy.agency import DEFAULT_LIST
from plainview.policy.search import ORIGINS, UNDECLARED
from plainview.policy.wording import counted
from plainview.recognition.decode import read_file
from plainview.scores.scoring import COSINE
from plainview.storage.base import digest_of
from plainview.tables.names import readable


def search(
    acting: As,
    image: Annotated[Path | None, typer.Argument(help="The probe; or use --still.")] = None,
    still: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a still of a video, instead of a picture; repeat to make one probe of one person's stills."
        ),
    ] = None,
    case: Annotated[str, typer.Option(help="Number of an open case.")] = "",
    purpose: Annotated[str, typer.Option(help="What the search should find out.")] = "",
    gallery: Annotated[str, typer.Option(help="Name of a gallery.")] = "",
    top: Annotated[int, typer.Option(help="Length of the candidate list, 2 to 50.")] = DEFAULT_LIST,
    face: Annotated[int | None, typer.Option(help="Number of the face in the picture; 1 is the largest.")] = None,
    origin: Annotated[str, typer.Option(help=f"Origin of the probe: {', '.join(ORIGINS)}.")] = UNDECLARED,
    edit: Annotated[
        list[str] | None,
        typer.Option(
            help="Edit of the probe, repeat for more: crop:X,Y,W,H, rotate:DEGREES, light:BRIGHTNESS,CONTRAST,GAMMA."
        ),
    ] = None,
    also: Also = None,
    box: Box = None,
    urgent: Annotated[
        str, typer.Option(help="Why life is at risk. A supervisor authorises the search in time, or it is erased.")
    ] = "",
    review: Annotated[str, typer.Option(help="Id of the accepted exoneration review that it answers.")] = "",
    json: Json = False,
) -> None:
    """Search a gallery with a probe. The record is made before the result."""
    member = acting_member(acting)
    if (image is None) == (not still):
        raise typer.BadParameter("name a picture, or a still with --still")
    if still and box:
        raise typer.BadParameter("a still has its face already; leave out --box")
    if also and not image:
        raise typer.BadParameter("--also needs a picture; stills of a video are named with --still")
    digest = digest_of(read_file(image)) if image else ""
    request, ground = Request(case, purpose, gallery, top, origin, digest), ground_of(urgent=urgent, review=review)
    if image:
        authorise(request, ground, acting_member=member)  # refuses before anything is decoded
    try:
        probe = (
            prepare_probe(image, face, edits=with_box(edit or (), box, member.name))
            if image
            else prepare_still((still or [""])[0], together_with=(still or [])[1:], acting_member=member)
        )
        more = [(readable(path.name), read_file(path)) for path in also or ()]
        probe = together(probe, more, acting_member=member) if more else probe
        answer = run_search(probe, request, ground, acting_member=member)
    finally:
        services().close()
    if json:
        print_json(answer_json(answer))
    else:
        print_answer(answer, sample_notice(current()))


def candidates(search: Annotated[str, typer.Argument(help="Id of a search.")], acting: As, json: Json = False) -> None:
    """Show the candidate list of a search again, as it was recorded; the view is recorded too."""
    member = acting_member(acting)
    answer = view_candidates(search, acting_member=member)
    if json:
        print_json(answer_json(answer))
    else:
        print_answer(answer, sample_notice(current()))


def print_answer(answer: Answer, notice: str) -> None:
    """Print an answered search for people."""
    search = answer.search
    pictures = pictures_by_rank(answer.candidates)
    rows = [
        (
            candidate.rank,
            f"{candidate.score:.3f}",
            f"{candidate.adjusted:.3f}",
            candidate.reference.public_id,
            candidate.reference.source_link,
            span_of(pictures[candidate.rank]) or candidate.reference.captured_iso or "not stated",
            candidate.reference.quality,
        )
        for candidate in answer.candidates
    ]
    print_table(
        ("Rank", "Score", "Adjusted", "Reference", "Source", "Captured", "Quality"),
        rows,
        title=f"Search {search.public_id}: {counted(len(answer.candidates), 'candidate')} of {search.compared}",
        caption=notice,
    )
    if turned := round(search.quality_detail.get("turned", 0)):
        say(
            f"The probe's face is turned by {abs(turned)} degrees in the picture; it was compared turned upright. "
            f"To make the turn an edit of the probe: `--edit rotate:{-turned}`.",
            style="yellow",
        )
    if search.shared_request is not None:
        asker = search.shared_request.agreement.asker.name
        say(f"Searched for {asker}, which asked in request {search.shared_request.public_id}.")
    if search.authorise_by is not None:
        say(
            f"Urgent: a supervisor must authorise it by {moment(search.authorise_by)} "
            f"(`plainview urgent authorise {search.public_id}`), or it is erased.",
            style="yellow",
        )
    for candidate, meaning in list(zip(answer.candidates, meanings(search, answer.candidates), strict=True))[:3]:
        say(f"Rank {candidate.rank}: {meaning.text}")
    for caution in cautions(search, answer.candidates):
        where = f"Rank {caution.rank}: " if caution.rank else ""
        say(f"Look again. {where}{caution.text}", style="yellow")
    say(f"Model {search.pack}. Scores are cosines, not probabilities; a person decides.")
    if search.scorer != COSINE:
        say("Order and rates use the adjusted score: the score less the mean similarity of both faces to the cohort.")
    say(f"Receipt: entry {search.request_entry}, log of {answer.receipt.size} entries, root {answer.receipt.root}")
