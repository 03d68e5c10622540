"""Reads videos, their people and stills, always of the member's own agency, in open and closed cases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from plainview.casework.models import Case, Member, Still, Video
from plainview.casework.pictures import LONGEST, jpeg
from plainview.casework.videos.stored import StoredVideo
from plainview.casework.workspace.services import services
from plainview.recognition.crop import within
from plainview.recognition.video.reader import VideoReader


@dataclass(frozen=True, slots=True)
class Person:
    """A person in one video, numbered from 1 in it, with their stills, the best first."""

    number: int
    stills: list[Still]

    @property
    def best(self) -> Still:
        """Return the still that represents the person."""
        return self.stills[0]


@dataclass(frozen=True, slots=True)
class Filter:
    """The stills to show: width of the face in pixels, quality 0 to 100, time in seconds."""

    min_width: float = 0
    min_quality: int = 0
    from_s: float = float("-inf")
    to_s: float | None = None


def videos(member: Member, case: Case | None = None) -> list[Video]:
    """Return the videos of the member's agency, newest first."""
    rows = Video.objects.filter(case__agency=member.agency).exclude(state=Video.State.ERASED)
    if case is not None:
        rows = rows.filter(case=case)
    return list(rows.select_related("case", "member").order_by("-pk"))


def persons(video: Video, wanted: Filter | None = None) -> list[Person]:
    """Return the people of a video in order of appearance, with the stills that match, the best first."""
    wanted = wanted or Filter()
    rows = Still.objects.filter(video=video, quality__gte=wanted.min_quality)
    if wanted.from_s > float("-inf"):
        rows = rows.filter(time_s__gte=wanted.from_s)
    if wanted.to_s is not None:
        rows = rows.filter(time_s__lte=wanted.to_s)
    stills_by_person: dict[int, list[Still]] = {}
    for still in rows.select_related("track").order_by("pts", "pk"):
        if still.box[2] >= wanted.min_width:
            stills_by_person.setdefault(still.track.person or 0, []).append(still)
    return [Person(number, sorted(stills, key=_rank)) for number, stills in sorted(stills_by_person.items())]


def still_counts(video: Video) -> str:
    """Return the numbers of stills and segments as a text that changes with every find."""
    return f"{video.stills.count()}-{video.segments.filter(done_at__isnull=False).count()}"


def still_frame(still: Still) -> bytes:
    """Return the whole frame of a still as JPEG, its longer side at most pictures.LONGEST pixels.

    Raises:
        BadMedia: the frame no longer decodes to the same pixels.
    """
    return _frame(still.video.pk, still.pts, still.frame_sha256, still.frame)


@lru_cache(maxsize=32)
def _frame(video: int, pts: int, sha256: str, number: int) -> bytes:
    source = StoredVideo(Video.objects.get(pk=video), services().blobs)
    with VideoReader(source) as reader:
        return jpeg(within(reader.frame_at(pts, sha256, number).pixels, LONGEST))


def forget_frames() -> None:
    """Empty the cache of frames, after an erasure."""
    _frame.cache_clear()


def persons_json(video: Video) -> list[dict[str, Any]]:
    """Return the people of a video in the stable form for scripts."""
    return [
        {
            "id": person.number,
            "stills": [still_json(still) for still in person.stills],
            "best": still_json(person.best),
        }
        for person in persons(video)
    ]


def still_json(still: Still) -> dict[str, Any]:
    """Return one still: box (x, y, width, height) in pixels of the upright frame, quality 0 to 100."""
    return {
        "id": still.public_id,
        "time_s": float(still.time_s),
        "frame": still.frame,
        "pts": still.pts,
        "frame_sha256": still.frame_sha256,
        "box": still.box,
        "quality": still.quality,
    }


def _rank(still: Still) -> tuple[int, float, int]:
    return (-still.quality, -still.box[2], still.pts)
