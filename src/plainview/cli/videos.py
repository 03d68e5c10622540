"""The commands of videos: process one in the foreground, list videos and stills, erase."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework import find, jobs
from plainview.casework.models import Member, Video
from plainview.casework.videos.clock import state_clock
from plainview.casework.videos.erase import erase_video
from plainview.casework.videos.export import KINDS, export_stills
from plainview.casework.videos.passed import passed_sentence
from plainview.casework.videos.process import process_video
from plainview.casework.videos.read import persons, streams_json, video_json, videos
from plainview.casework.videos.streams import take_stream
from plainview.casework.videos.times import sentence, times
from plainview.casework.videos.upload import add_part, begin_video, finish_video
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_rows, print_table, sample_notice, say
from plainview.cli.progress import bars
from plainview.policy.decision import Refused
from plainview.policy.video import PART_BYTES
from plainview.policy.wording import counted
from plainview.storage.output import output, put

_OFFSET = "The recorder's clock minus true time, in seconds: 200 if it was 3 minutes 20 seconds ahead."
_STARTS = "What the recorder's clock showed at the first frame: 2026-11-29T22:14:05."


def video(
    file: Path,
    case: Annotated[str, typer.Option(help="Number of an open case.")],
    acting: As,
    first: Annotated[float, typer.Option("--from", help="Begin at this time, in seconds from the first frame.")] = 0,
    last: Annotated[
        float | None, typer.Option("--to", help="End at this time, in seconds from the first frame.")
    ] = None,
    stream: Annotated[
        int, typer.Option(min=0, help="Which stream of pictures, from 1, where the file has several (0: the largest).")
    ] = 0,
    clock_offset: Annotated[float | None, typer.Option(help=_OFFSET)] = None,
    clock_starts: Annotated[str, typer.Option(help=_STARTS)] = "",
    json: Json = False,
) -> None:
    """Find the people of a video: a best still for each, and others. Nothing is searched."""
    member = acting_member(acting)
    done = _through(file, case, first, last, stream, member)
    if clock_offset is not None or clock_starts:
        done = state_clock(done.public_id, offset_s=clock_offset or 0, starts=clock_starts, acting_member=member)
    if json:
        print_json(video_json(done))
        return
    _show(done)


def _show(done: Video) -> None:
    """Print the people of a video as a table, with what there is to know about the file."""
    rows = [
        (
            person.number,
            len(person.stills),
            person.best.public_id,
            f"{person.best.time_s:.2f} s",
            person.best.frame,
            f"{person.best.box[2]:.0f}",
            person.best.quality,
        )
        for person in persons(done)
    ]
    title = f"Video {done.public_id}: {done.seconds:,.1f} s, {counted(done.frames, 'frame')}"
    if rows:
        columns = ("Person", "Stills", "Best still", "Time", "Frame", "Width", "Quality")
        print_table(columns, rows, title=title, caption=sample_notice(current()))
    else:
        say(f"{title}. No face was found.")
    for line in (*done.notes, *map(passed_sentence, done.passed_over), *filter(None, [sentence(done)])):
        say(line, style="yellow")
    for other in streams_json(done):
        if other["number"] != done.stream:
            say(
                f"Stream {other['number']}: {other['codec']}, {other['width']} x {other['height']} pixels. Process it with "
                f"`plainview video-stream {done.public_id} {other['number']}`."
            )
    if rows:
        say("Faces are grouped within this video only. Search with a still: `plainview search --still ID --case ...`")


def _through(file: Path, case: str, first: float, last: float | None, which: int, member: Member) -> Video:
    """Upload the file in pieces, then find its faces, in this process."""
    try:
        size = file.stat().st_size
        stream = file.open("rb")
    except OSError as error:
        raise Refused(
            "video.unreadable",
            "Video refused",
            f"{file.name!r} cannot be read: {error.strerror}.",
            "Check that it exists and that you may read it.",
        ) from error
    with stream, bars() as add_bar:
        begun = begin_video(case, file.name, size, first_s=first, last_s=last, stream=which, acting_member=member)
        storing, offset = add_bar("Storing", size), 0
        while piece := stream.read(PART_BYTES):
            offset = add_part(begun.public_id, offset, piece, acting_member=member)
            storing.reach(offset, size)
        begun, job = finish_video(begun.public_id, acting_member=member)
        looking = add_bar("Finding faces", 0)
        _run(job.pk, looking.reach)
    return _done(begun.pk)


def _run(job: int, progress: Callable[[int, int], None]) -> None:
    try:
        jobs.run(job, lambda job_now: process_video(job_now, progress))
    finally:
        services().close()


def _done(pk: int) -> Video:
    """Return the processed video, or refuse with what stopped it."""
    done = Video.objects.get(pk=pk)
    if done.state != Video.State.DONE:
        raise Refused(
            done.code if "." in done.code else f"media.{done.code}",
            "Video refused",
            done.why,
            "The record of the upload is kept.",
        )
    return done


def video_stream(
    video: Annotated[str, typer.Argument(help="Id of a video.")],
    number: Annotated[int, typer.Argument(help="Number of another stream of pictures in its file.")],
    acting: As,
    json: Json = False,
) -> None:
    """Find the people of another stream of pictures, as of a second camera, in the file of a stored video."""
    member = acting_member(acting)
    begun, job = take_stream(video, number, acting_member=member)
    with bars() as add_bar:
        _run(job.pk, add_bar("Finding faces", 0).reach)
    done = _done(begun.pk)
    if json:
        print_json(video_json(done))
        return
    _show(done)


def video_clock(
    video: Annotated[str, typer.Argument(help="Id of a video.")],
    offset: Annotated[float, typer.Option(help=_OFFSET)],
    acting: As,
    starts: Annotated[str, typer.Option(help=_STARTS)] = "",
    json: Json = False,
) -> None:
    """State how far the recorder's clock was from true time; it is kept beside every still."""
    done = state_clock(video, offset_s=offset, starts=starts, acting_member=acting_member(acting))
    answer(sentence(done), json=json, video=done.public_id, offset_s=done.clock_offset_s, starts=done.clock_starts)


def stills(
    video: Annotated[str, typer.Argument(help="Id of a video.")],
    acting: As,
    out: Annotated[
        Path | None, typer.Option(help="Write them into this file: .csv, .json or .pdf (a contact sheet).")
    ] = None,
    json: Json = False,
) -> None:
    """List the stills of a video, or write them as a table or a contact sheet."""
    member = acting_member(acting)
    video_record = find.video(video, member)
    if out is not None:
        kind = out.suffix.lower().lstrip(".")
        if kind not in KINDS:
            raise Refused(
                "still.export_kind",
                "Nothing written",
                f"{out.name!r} has another ending.",
                f"Choose a file name that ends in one of: {', '.join(KINDS)}.",
            )
        with output(out, replace=True) as file:
            export_stills(video, kind, deliver=partial(put, file), acting_member=member)
        answer(f"Written to {out}.", json=json, video_id=video_record.public_id, file=out)
        return
    if json:
        print_json(video_json(video_record))
        return
    rows = [
        {
            "id": still.public_id,
            "person": person.number,
            "time": f"{still.time_s:.2f} s",
            "frame": still.frame,
            "width": round(still.box[2]),
            "quality": still.quality,
            **({"true": times(still).get("true", "")} if video_record.clock_starts else {}),
        }
        for person in persons(video_record)
        for still in person.stills
    ]
    print_rows(
        "stills",
        (
            "Still",
            "Person",
            "Time",
            "Frame",
            "Width",
            "Quality",
            *(("True time",) if video_record.clock_starts else ()),
        ),
        rows,
        f"No face yet. The video is {video_record.state}.",
        json=False,
        caption=sample_notice(current()),
    )


def video_list(acting: As, json: Json = False) -> None:
    """List the agency's videos, the newest first."""
    member = acting_member(acting)
    rows = [
        {
            "id": video.public_id,
            "case": video.case.number,
            "name": video.name,
            "state": video.state,
            "seconds": round(video.seconds, 1),
            "by": video.member.email,
        }
        for video in videos(member)
    ]
    print_rows(
        "videos",
        ("Video", "Case", "Name", "State", "Seconds", "By"),
        rows,
        "No video yet. Upload one with `plainview video FILE --case NUMBER`.",
        json=json,
    )


def video_erase(
    video: Annotated[str, typer.Argument(help="Id of a video.")],
    reason: Annotated[str, typer.Option(help="Why it is erased.")],
    acting: As,
    json: Json = False,
) -> None:
    """Erase a video and its stills for good; the log keeps that it existed and the reason."""
    member = acting_member(acting)
    gone = erase_video(video, reason=reason, acting_member=member)
    answer(
        f"Video {video} is erased ({counted(gone, 'stored piece')}).",
        json=json,
        video=video,
        state="erased",
        pieces=gone,
    )
