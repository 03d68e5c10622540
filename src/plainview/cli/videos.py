"""The commands of videos: process one in the foreground, list videos and stills, erase."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework import find, jobs
from plainview.casework.models import Member, Video
from plainview.casework.videos.erase import erase_video
from plainview.casework.videos.export import KINDS, export_stills
from plainview.casework.videos.process import process_video
from plainview.casework.videos.read import persons, persons_json, videos
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


def video(
    file: Path,
    case: Annotated[str, typer.Option(help="Number of an open case.")],
    acting: As,
    first: Annotated[float, typer.Option("--from", help="Begin at this time, in seconds from the first frame.")] = 0,
    last: Annotated[
        float | None, typer.Option("--to", help="End at this time, in seconds from the first frame.")
    ] = None,
    json: Json = False,
) -> None:
    """Find the people of a video: a best still for each, and others. Nothing is searched."""
    member = acting_member(acting)
    done = _through(file, case, first, last, member)
    if json:
        print_json(
            {
                "video_id": done.public_id,
                "seconds": round(done.seconds, 3),
                "frames": done.frames,
                "persons": persons_json(done),
                "notes": done.notes,
                "sha256": done.sha256,
            }
        )
        return
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
    print_table(
        ("Person", "Stills", "Best still", "Time", "Frame", "Width", "Quality"),
        rows,
        title=f"Video {done.public_id}: {done.seconds:,.1f} s, {done.frames:,} frames",
        caption=sample_notice(current()),
    )
    for note in done.notes:
        say(note, style="yellow")
    say("Faces are grouped within this video only. Search with a still: `plainview search --still ID --case ...`")


def _through(file: Path, case: str, first: float, last: float | None, member: Member) -> Video:
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
        begun = begin_video(case, file.name, size, first_s=first, last_s=last, acting_member=member)
        storing, offset = add_bar("Storing", size), 0
        while piece := stream.read(PART_BYTES):
            offset = add_part(begun.public_id, offset, piece, acting_member=member)
            storing.reach(offset, size)
        begun, job = finish_video(begun.public_id, acting_member=member)
        looking = add_bar("Finding faces", 0)
        try:
            jobs.run(job.pk, lambda job_now: process_video(job_now, looking.reach))
        finally:
            services().close()
    done = Video.objects.get(pk=begun.pk)
    if done.state != Video.State.DONE:
        raise Refused(
            done.code if "." in done.code else f"media.{done.code}",
            "Video refused",
            done.why,
            "Correct the file, or choose another.",
        )
    return done


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
        print_json(
            {
                "video_id": video_record.public_id,
                "state": video_record.state,
                "persons": persons_json(video_record),
                "notes": video_record.notes,
            }
        )
        return
    rows = [
        {
            "id": still.public_id,
            "person": person.number,
            "time": f"{still.time_s:.2f} s",
            "frame": still.frame,
            "width": round(still.box[2]),
            "quality": still.quality,
        }
        for person in persons(video_record)
        for still in person.stills
    ]
    print_rows(
        "stills",
        ("Still", "Person", "Time", "Frame", "Width", "Quality"),
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
