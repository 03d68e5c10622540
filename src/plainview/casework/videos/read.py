"""Reads videos, their people and stills, always of the member's own agency, in open and closed cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from plainview.casework.models import Case, Member, SamePerson, Still, Video
from plainview.casework.pictures import LONGEST, framed, jpeg
from plainview.casework.videos.stored import open_video
from plainview.casework.videos.times import clock_json, own_time
from plainview.policy.wording import listed
from plainview.recognition.crop import within


@dataclass(frozen=True, slots=True)
class Person:
    """A person in one video, numbered from 1 in it, with their stills, the best first.

    `same` has the statements of members by which this person is several of the groups that the machine made.
    """

    number: int
    stills: list[Still]
    same: list[SamePerson] = field(default_factory=list)

    @property
    def groups(self) -> list[int]:
        """Return the numbers of the machine's groups that this person is, the lowest first."""
        return sorted({self.number, *(number for stated in self.same for number in (stated.first, stated.second))})

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
    same = list(video.same_persons.filter(undone_at=None).select_related("member").order_by("pk"))
    lowest = _joined(same)
    stills_by_person: dict[int, list[Still]] = {}
    for still in rows.select_related("track", "video").order_by("pts", "pk"):
        if still.box[2] >= wanted.min_width:
            number = still.track.person or 0
            stills_by_person.setdefault(lowest.get(number, number), []).append(still)
    return [
        Person(number, sorted(stills, key=_rank), [stated for stated in same if lowest[stated.first] == number])
        for number, stills in sorted(stills_by_person.items())
    ]


def person_of(still: Still) -> int:
    """Return the number of the person in a still, as `persons` has it."""
    number = still.track.person or 0
    return _joined(list(still.video.same_persons.filter(undone_at=None))).get(number, number)


def groups_of(still: Still) -> list[int]:
    """Return the machine's groups that the person in a still is, by the statements of members; the lowest first."""
    number = still.track.person or 0
    lowest = _joined(list(still.video.same_persons.filter(undone_at=None)))
    return sorted(group for group, low in lowest.items() if low == lowest.get(number)) or [number]


def same_sentence(person: Person) -> str:
    """Say who stated that several groups of the machine are this person; "" where nobody did."""
    if not person.same:
        return ""
    names = listed(dict.fromkeys(stated.member.name for stated in person.same))
    groups = listed(map(str, person.groups))
    return f"Persons {groups} are stated to be one person by {names}."


def _joined(same: list[SamePerson]) -> dict[int, int]:
    """Return group -> the lowest group that is the same person, for every group that a statement names."""
    lowest: dict[int, int] = {}
    for stated in same:
        pair = [lowest.get(number, number) for number in (stated.first, stated.second)]
        lowest = {group: min(pair) if low in pair else low for group, low in lowest.items()}
        lowest |= dict.fromkeys((stated.first, stated.second), min(pair))
    return lowest


def still_counts(video: Video) -> str:
    """Return the numbers of stills and segments as a text that changes with every find."""
    return f"{video.stills.count()}-{video.segments.filter(done_at__isnull=False).count()}"


def still_frame(still: Still, *, marked: bool = False) -> bytes:
    """Return the whole frame of a still as JPEG, its longer side at most pictures.LONGEST pixels.

    Args:
        still: the still.
        marked: with a box around its face.

    Raises:
        BadMedia: the frame no longer decodes to the same pixels.
    """
    box = tuple(float(value) for value in still.box) if marked else ()
    return _frame(still.video.pk, still.pts, still.frame_sha256, still.frame, still.turned, box)


@lru_cache(maxsize=32)
def _frame(video: int, pts: int, sha256: str, number: int, turned: int, box: tuple[float, ...]) -> bytes:
    with open_video(Video.objects.get(pk=video)) as reader:
        whole = reader.frame_at(pts, sha256, number, turned).pixels
    shown = within(whole, LONGEST)
    return jpeg(framed(shown, [value * shown.shape[1] / whole.shape[1] for value in box]) if box else shown)


def forget_frames() -> None:
    """Empty the cache of frames, after an erasure."""
    _frame.cache_clear()


def persons_json(video: Video) -> list[dict[str, Any]]:
    """Return the people of a video in the stable form for scripts; `same` where members stated that several are one."""
    return [
        {
            "id": person.number,
            **({"same": person.groups} if person.same else {}),
            "stills": [still_json(still) for still in person.stills],
            "best": still_json(person.best),
        }
        for person in persons(video)
    ]


def still_json(still: Still) -> dict[str, Any]:
    """Return one still: box (x, y, width, height) in pixels of the upright frame, quality 0 to 100.

    Where the file has several parts, `part` is the number of the still's part, from 1, and `part_time_s` its time there.
    `clock` is there where an examiner stated the recorder's clock.
    """
    part, own_s = own_time(still)
    return {
        "id": still.public_id,
        "time_s": float(still.time_s),
        "frame": still.frame,
        "pts": still.pts,
        "frame_sha256": still.frame_sha256,
        "box": still.box,
        "quality": still.quality,
        "turned": still.turned,
        "damaged": still.damaged,
        **({"part": part, "part_time_s": own_s} if still.video.joined else {}),
        **({"clock": clock_json(still)} if still.video.clock_offset_s is not None else {}),
    }


def siblings(video: Video) -> dict[int, Video]:
    """Return the records of the other streams of the same file in the same case, by the number of the stream."""
    rows = Video.objects.filter(case=video.case, sha256=video.sha256).exclude(state=Video.State.ERASED)
    if not video.sha256:
        return {}
    return {other.stream: other for other in rows.exclude(pk=video.pk).exclude(stream=video.stream).order_by("pk")}


def streams_json(video: Video) -> list[dict[str, Any]]:
    """Return the streams of pictures in the file, each with its number and the video that has its stills, if any."""
    others = siblings(video)
    return [
        {
            "number": number,
            **stream,
            "video_id": video.public_id
            if number == video.stream
            else others[number].public_id
            if number in others
            else None,
        }
        for number, stream in enumerate(video.streams, start=1)
    ]


def video_json(video: Video) -> dict[str, Any]:
    """Return what is known about a video, in the stable form for scripts."""
    return {
        "video_id": video.public_id,
        "state": video.state,
        "seconds": round(video.seconds, 3),
        "frames": video.frames,
        "container": video.container,
        "codec": video.codec,
        "stream": video.stream,
        "streams": streams_json(video),
        "joined": [
            {
                "part": number,
                "from_s": round(float(first * video.base), 6),
                "added_s": round(float(added * video.base), 6),
            }
            for number, (first, added) in enumerate(video.joined, start=1)
        ],
        "passed_over": video.passed_over,
        "clock": {"offset_s": video.clock_offset_s, "starts": video.clock_starts or None}
        if video.clock_offset_s is not None
        else None,
        "persons": persons_json(video),
        "notes": video.notes,
        "sha256": video.sha256,
    }


def _rank(still: Still) -> tuple[bool, int, float, int]:
    return (still.damaged, -still.quality, -still.box[2], still.pts)
