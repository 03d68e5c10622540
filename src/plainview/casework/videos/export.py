"""Exporting the stills of a video as a contact sheet (PDF/UA), CSV or JSON. Each export is an entry."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Member, Still, Video
from plainview.casework.videos.passed import passed_sentence
from plainview.casework.videos.read import Person, persons, same_sentence, video_json
from plainview.casework.videos.times import own_time, sentence, times
from plainview.casework.workspace.services import services
from plainview.documents.typeset import pdf, picture, string, text
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted

KINDS = ("csv", "json", "pdf")

_SHOWN = 6  # stills per person on the sheet; the table has all


def export_stills(
    public_id: str, kind: str, *, deliver: Callable[[bytes], None] = lambda _: None, acting_member: Member
) -> bytes:
    """Return an export of the stills of a video.

    Args:
        public_id: the video.
        kind: one of `KINDS`.
        deliver: writes the export, before the entry that says so counts.
        acting_member: the member who exports.

    Raises:
        Refused: no permission, unknown, no still, or an unknown kind.
    """
    with acting("still.export", Permission.VIDEO_READ, acting_member):
        video = find.video(public_id, acting_member)
        people = persons(video)
        if kind not in KINDS or not people:
            raise Refused(
                "still.none",
                "Nothing written",
                f"The video is {video.state} and has no still to export.",
                "Wait until a still has been found.",
                act=Permission.VIDEO_READ,
            )
        receipt = write_entry(
            "stills.exported",
            {"agency": acting_member.agency.public_id, "video": video.public_id, "kind": kind},
            acting_member=acting_member,
        )
        data = _written(kind, video, people, receipt)
        deliver(data)
    return data


def _written(kind: str, video: Video, people: list[Person], receipt: Receipt) -> bytes:
    if kind == "csv":
        return _csv(people)
    if kind == "json":
        return json.dumps(video_json(video)).encode()
    return _pdf(video, people, receipt)


def _csv(people: list[Person]) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(
        [
            "person",
            "still",
            "time_s",
            "frame",
            "pts",
            "frame_sha256",
            "x",
            "y",
            "width",
            "height",
            "quality",
            "turned",
            "damaged",
            "part",
            "part_time_s",
            "clock_offset_s",
            "recorder_time",
            "true_time",
            "group",
        ]
    )
    for person in people:
        for still in person.stills:
            clock, (part, own_s) = times(still), own_time(still)
            table.writerow(
                [
                    person.number,
                    still.public_id,
                    still.time_s,
                    still.frame,
                    still.pts,
                    still.frame_sha256,
                    *still.box,
                    still.quality,
                    still.turned,
                    int(still.damaged),
                    part,
                    own_s,
                    still.video.clock_offset_s,
                    clock.get("recorder"),
                    clock.get("true"),
                    still.track.person,
                ]
            )
    return out.getvalue().encode()


def _pdf(video: Video, people: list[Person], receipt: Receipt) -> bytes:
    footer = f"Log entry {receipt.entry}, log of {receipt.size} entries, root {receipt.root}"
    sample = "SAMPLE: agency and people are fictitious. " if video.member.is_sample else ""
    lines = [
        (
            f"#set document(title: {string(f'Stills of video {video.public_id}')})\n"
            '#set text(lang: "en", size: 9pt)\n'
            f'#set page(paper: "a4", margin: (x: 1.5cm, top: 1.5cm, bottom: 2cm), footer: text(size: 7pt, {string(footer)}))\n'
            f"= {text(f'Stills of video {video.public_id}')}"
        ),
        text(
            f"{sample}Case {video.case.number}. File {video.name}, SHA-256 {video.sha256}. {video.seconds:,.1f} s, "
            f"{video.frames:,} frames. People are grouped by a machine, within this video only: check for yourself. "
            "No gallery was searched."
        ),
        *map(text, [*filter(None, [sentence(video)]), *video.notes, *map(passed_sentence, video.passed_over)]),
    ]
    for person in people:
        cells = []
        for still in person.stills[:_SHOWN]:
            alt = f"Person {person.number} at {still.time_s:.2f} seconds"
            words = (
                f"{still.time_s:.3f} s, frame {still.frame}. {_beside(still)}Face {still.box[2]:.0f} pixels wide, quality "
                f"{still.quality}. {still.public_id}"
            )
            shown = picture(services().blobs.get(still.thumbnail), width="100%", alt=alt)
            cells.append(f"[#{shown} {text(words)}]")
        more = len(person.stills) - len(cells)
        lines.append(
            f"== {text(f'Person {person.number}')}\n#grid(columns: (1fr,) * 6, gutter: 6pt, {', '.join(cells)})"
        )
        if person.same:
            lines.append(text(same_sentence(person)))
        if more > 0:
            lines.append(text(f"{counted(more, 'more still is', 'more stills are')} in the table."))
    return pdf("\n\n".join(lines))


def _beside(still: Still) -> str:
    """Say what belongs beside the time of a still: its part, the recorder's clock, and what was done to its frame."""
    part, own_s = own_time(still)
    clock = times(still)
    words = [
        f"Part {part}, {own_s:.3f} s of its own." if len(still.video.joined) > 1 else "",
        f"Recorder {clock['recorder']}, true {clock['true']}." if clock else "",
        f"Turned by {still.turned}°." if still.turned else "",
        "From a damaged frame." if still.damaged else "",
    ]
    return "".join(f"{word} " for word in words if word)
