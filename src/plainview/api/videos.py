"""Videos: resumable upload by the tus protocol, people, stills, erasure.

The protocol is version 1.0.0 with creation, termination, expiration and checksum; a client that cannot send PATCH or
DELETE names the method in X-HTTP-Method-Override (`entry`).

Owns what tus has headers for. A piece is durable before it is acknowledged, and the last one queues the processing; the
acts are casework.videos'.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import math
from datetime import timedelta
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from ninja import Body
from pydantic import Field

from plainview.api.common import Cut, In, Out, Short, Text, member_of, slice_of
from plainview.api.operation import TUS_ABOUT
from plainview.api.operation import TUS_VERSION as VERSION
from plainview.api.probes import ProbeOut
from plainview.api.probes import shown as probe_shown
from plainview.api.problems import MISMATCH, Fault, Unusable
from plainview.casework import find
from plainview.casework.models import Video
from plainview.casework.videos import upload as actions
from plainview.casework.videos.clock import state_clock
from plainview.casework.videos.erase import erase_video
from plainview.casework.videos.read import video_json, videos
from plainview.casework.videos.same import join_persons, part_persons
from plainview.casework.videos.stills import draft_still
from plainview.casework.videos.streams import take_stream
from plainview.policy.video import MAX_BYTES, PART_BYTES, UPLOAD_DAYS

MEDIA_TYPE = "application/offset+octet-stream"

MOST_BYTES = 256 << 20
"""Bytes of one request of an upload: chosen; an upload has any number of them."""

_HEADERS = {"Tus-Resumable": VERSION}
_READ = 1 << 20
_LONGEST = 4000  # characters of Upload-Metadata


class VideoRow(Out):
    """A video in a list."""

    id: str
    case: str
    name: str
    state: str
    size: int
    received: int


class VideosOut(Out):
    """A part of the list of videos."""

    items: list[VideoRow]
    next: str | None


class StreamOut(Out):
    """A stream of pictures in a video's file, as of one camera."""

    number: int
    codec: str
    width: int
    height: int
    rate: float = Field(description="Frames a second.")
    seconds: float
    video_id: str | None = Field(description="The video that has the stills of this stream.")


class JoinedOut(Out):
    """A part of a file that several recordings were joined to."""

    part: int
    from_s: float
    added_s: float = Field(description="Seconds added to the part's own time.")


class PassedOut(Out):
    """What was passed over."""

    from_s: float
    to_s: float
    frames: int = Field(description="Frames that are missing; 0 for time without frames.")
    reason: str


class ClockOut(Out):
    """The stated clock of the recorder."""

    offset_s: float
    starts: str | None


class StillClock(Out):
    """The time of a still, as far as it can be known: ISO 8601 without a zone."""

    offset_s: float
    recorder: str | None = None
    true: str | None = None


class StillOut(Out):
    """A still: a face of one frame."""

    id: str
    time_s: float
    frame: int
    pts: int
    frame_sha256: str
    box: list[float] = Field(description="Left, top, width and height, in pixels of the upright frame.")
    quality: int
    turned: int
    damaged: bool
    part: int | None = None
    part_time_s: float | None = None
    clock: StillClock | None = None


class PersonOut(Out):
    """A person of a video; numbered in it, never named."""

    id: int
    same: list[int] = Field(default=[], description="Groups of the machine that members state to be this person.")
    stills: list[StillOut]
    best: StillOut


class VideoOut(Out):
    """A video with its people and stills, as `plainview video --json` prints it."""

    video_id: str
    state: str
    seconds: float
    frames: int
    container: str
    codec: str
    stream: int
    streams: list[StreamOut]
    joined: list[JoinedOut]
    passed_over: list[PassedOut]
    clock: ClockOut | None
    persons: list[PersonOut]
    notes: list[str]
    sha256: str


class TogetherIn(In):
    """Two people of a video who are one."""

    persons: list[int] = Field(min_length=2, max_length=2, description="Their numbers in the video.")


class StillIn(In):
    """How a still becomes a probe."""

    together: bool = Field(default=False, description="With the best stills of the same person, as one probe.")


class RangeIn(In):
    """The part of a video that is read; what is left out stays."""

    first_s: float | None = Field(default=None, ge=0, le=10**7, description="Seconds.")
    last_s: float | None = Field(default=None, ge=0, le=10**7, description="Seconds.")


class ClockIn(In):
    """What an examiner states about the recorder's clock."""

    offset_s: float = Field(ge=-(10**10), le=10**10, description="Seconds by which the recorder was ahead.")
    starts: Short = Field(default="", description="What it showed at the first frame, ISO 8601 without a zone.")


class VideoErasing(In):
    """Why a video is erased."""

    reason: Text


class VideoErased(Out):
    """An erased video."""

    id: Short
    blobs: int = Field(description="Files that were removed.")


def _brief(video: Video) -> VideoRow:
    return VideoRow(
        id=video.public_id,
        case=video.case.number,
        name=video.name,
        state=video.state,
        size=video.size,
        received=video.received,
    )


def _whole(video: Video) -> VideoOut:
    return VideoOut(**video_json(video))


def _check(request: HttpRequest) -> None:
    if request.META.get("HTTP_TUS_RESUMABLE", VERSION) != VERSION:
        why = "This server speaks another version of the tus protocol."
        raise Unusable(412, "api.tus", why, f"Use version {VERSION}.", headers={"Tus-Version": VERSION})


def _number(request: HttpRequest, name: str) -> int:
    text = request.META.get(f"HTTP_{name.upper().replace('-', '_')}", "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise _wrong(name, "It is not a number of bytes.")
    return int(text)


def _wrong(name: str, why: str) -> Unusable:
    return Unusable(
        422, "api.fields", f"The header {name} is wrong or missing.", "Correct the request.", [_fault(name, why)]
    )


def _fault(name: str, why: str) -> Fault:
    return Fault(pointer=f"#/{name}", where="header", detail=why)


def _metadata(request: HttpRequest) -> dict[str, str]:
    """Return Upload-Metadata: names and values in base64, separated by commas."""
    text = request.META.get("HTTP_UPLOAD_METADATA", "")
    read = {}
    try:
        for part in text[:_LONGEST].split(",") if text.strip() else ():
            name, _, value = part.strip().partition(" ")
            read[name] = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise _wrong("Upload-Metadata", "A value is not UTF-8 in base64.") from None
    return read


def _expires(video: Video) -> dict[str, str]:
    """Return when an upload that is not complete is erased (extension expiration)."""
    if video.state != Video.State.UPLOADING:
        return {}
    return {"Upload-Expires": http_date((video.begun_at + timedelta(days=UPLOAD_DAYS)).timestamp())}


def _stated(video: Video) -> str:
    """Return what was stated of an upload, as Upload-Metadata."""
    about = {"filename": video.name, "case": video.case.number}
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in about.items())


def _require_checksum(request: HttpRequest) -> BinaryIO:
    """Return the piece, ready to be read: its bytes are those of Upload-Checksum, if there is one.

    Raises:
        Unusable: they are not (460), or the algorithm is unknown (400): nothing of it is stored.
    """
    stream: BinaryIO = request.META["wsgi.input"]
    if not stream.seekable():  # another server than ours
        stream = io.BytesIO(request.body)
    text = request.META.get("HTTP_UPLOAD_CHECKSUM", "")
    if not text:
        return stream
    algorithm, _, wanted = text.strip().partition(" ")
    if algorithm not in TUS_ABOUT["Tus-Checksum-Algorithm"].split(","):
        why = f"Checksums are {TUS_ABOUT['Tus-Checksum-Algorithm']}."
        raise Unusable(400, "api.checksum", why, "Use one of them.", [_fault("Upload-Checksum", why)])
    digest = hashlib.new(algorithm, usedforsecurity=False)
    while data := stream.read(_READ):
        digest.update(data)
    stream.seek(0)
    if base64.b64encode(digest.digest()).decode() != wanted.strip():
        why = "The piece that arrived is not the piece that was sent."
        raise Unusable(MISMATCH, "api.checksum", why, "Send it again.", headers=_HEADERS)
    return stream


def video_begin(request: HttpRequest) -> HttpResponse:
    """Begin an upload (tus): Upload-Length, and Upload-Metadata with `filename` and `case`.

    The answer's Location is where the pieces go.
    """
    _check(request)
    about, size = _metadata(request), _number(request, "Upload-Length")
    if size > MAX_BYTES:  # the protocol wants this status; `begin_video` would refuse it too
        why = f"The video has {size:,} bytes; the limit is {MAX_BYTES:,}."
        raise Unusable(413, "api.body", why, "Export only the part of the video that matters.")
    name = about.get("filename") or about.get("name") or "video"
    video = actions.begin_video(about.get("case", ""), name, size, acting_member=member_of(request))
    where = f"/api/v1/videos/{video.public_id}/upload"
    return HttpResponse(status=201, headers={**_HEADERS, **_expires(video), "Location": where, "Upload-Offset": "0"})


def video_offset(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002  the name in the path
    """Return how much of an upload has arrived, in Upload-Offset (tus)."""
    _check(request)
    video = find.video(id, member_of(request))
    about = {"Upload-Length": str(video.size), "Upload-Metadata": _stated(video), **_expires(video)}
    return HttpResponse(status=200, headers={**_HEADERS, "Upload-Offset": str(video.received), **about})


def video_piece(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Send the next piece of an upload (tus); the last one queues its processing."""
    _check(request)
    member, offset = member_of(request), _number(request, "Upload-Offset")
    video = find.video(id, member)
    if offset != video.received:
        why = f"The upload has {video.received:,} bytes, and the piece begins at {offset:,}."
        headers = {**_HEADERS, "Upload-Offset": str(video.received)}
        raise Unusable(409, "api.offset", why, "Continue from Upload-Offset.", headers=headers)
    stream = _require_checksum(request)
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    # Parts of nearly one size: a short rest at the end of a piece would be refused.
    step = math.ceil(size / max(1, math.ceil(size / PART_BYTES)))
    while data := stream.read(step):
        offset = actions.add_part(id, offset, data, acting_member=member)
    if offset == video.size:
        video, _ = actions.finish_video(id, acting_member=member)
    return HttpResponse(status=204, headers={**_HEADERS, **_expires(video), "Upload-Offset": str(offset)})


def video_discard(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """End an upload that is not complete, and drop what has arrived (tus)."""
    _check(request)
    actions.discard_upload(id, acting_member=member_of(request))
    return HttpResponse(status=204, headers=_HEADERS)


def video_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's videos, the newest first."""
    return slice_of(videos(member_of(request)), page, _brief)


def video_show(request: HttpRequest, id: str) -> VideoOut:  # noqa: A002
    """Return a video with its people and stills, as `plainview video --json` prints it."""
    return _whole(find.video(id, member_of(request)))


def video_again(request: HttpRequest, id: str, part: Body[RangeIn]) -> VideoOut:  # noqa: A002
    """Continue with a video whose processing failed or was cancelled; another part of it starts again."""
    member = member_of(request)
    video, _ = actions.process_again(id, first_s=part.first_s, last_s=part.last_s, acting_member=member)
    return _whole(video)


def video_stream(request: HttpRequest, id: str, number: int) -> VideoOut:  # noqa: A002
    """Process another stream of pictures of the same file, as of a second camera."""
    video, _ = take_stream(id, number, acting_member=member_of(request))
    return _whole(video)


def video_clock(request: HttpRequest, id: str, clock: Body[ClockIn]) -> VideoOut:  # noqa: A002
    """State how far the recorder's clock was from true time."""
    stated = state_clock(id, offset_s=clock.offset_s, starts=clock.starts, acting_member=member_of(request))
    return _whole(stated)


def video_erase(request: HttpRequest, id: str, erasing: Body[VideoErasing]) -> VideoErased:  # noqa: A002
    """Erase a video with its stills."""
    return VideoErased(id=id, blobs=erase_video(id, reason=erasing.reason, acting_member=member_of(request)))


def persons_join(request: HttpRequest, id: str, wanted: Body[TogetherIn]) -> VideoOut:  # noqa: A002
    """State that two people of a video are one; the statement is yours, and an entry of the log."""
    member = member_of(request)
    join_persons(id, wanted.persons, acting_member=member)
    return _whole(find.video(id, member))


def persons_part(request: HttpRequest, id: str, number: int) -> VideoOut:  # noqa: A002
    """Take back every statement that this person and another are one."""
    member = member_of(request)
    part_persons(id, number, acting_member=member)
    return _whole(find.video(id, member))


def still_probe(request: HttpRequest, id: str, wanted: Body[StillIn]) -> ProbeOut:  # noqa: A002
    """Make a probe of a still, to prepare and search with."""
    return probe_shown(draft_still(id, together=wanted.together, acting_member=member_of(request)))
