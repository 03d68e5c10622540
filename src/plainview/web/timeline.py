"""The timeline of a video: a lane for each person, a bar for each sighting, a mark for each still; in SVG units.

Owns the geometry only. One unit is a thousandth of the video's length; lanes are 16 units high.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainview.casework.models import Still, Video
from plainview.casework.videos.read import Person

WIDTH, LANE = 1000, 16
_LEAST = 3.0  # units: the shortest visible bar


@dataclass(frozen=True, slots=True)
class Bar:
    """A period in which a person is tracked."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Lane:
    """The lane of one person: bars, and (x, still) marks; `y` is its top, `middle` its middle."""

    number: int
    y: int
    middle: int
    bars: list[Bar]
    marks: list[tuple[float, Still]]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The drawing: its height, its lanes, (x, label) of the time marks and of the joins, and (x, width) of what was passed over."""

    height: int
    lanes: list[Lane]
    ticks: list[tuple[float, str]]
    joins: list[tuple[float, str]]
    gaps: list[tuple[float, float]]


def timeline(video: Video, people: list[Person]) -> Timeline:
    """Lay out a video's people along its time."""
    long = max(1, video.ends - video.begins)

    def place(pts: int) -> float:
        return round(min(WIDTH, max(0, (pts - video.begins) * WIDTH / long)), 1)

    lanes = []
    for i, person in enumerate(people):
        tracks = {still.track_id: still.track for still in person.stills}
        bars = [
            Bar(place(track.seen[0]), max(_LEAST, round(place(track.seen[-1]) - place(track.seen[0]), 1)))
            for track in tracks.values()
        ]
        marks = [(place(still.pts), still) for still in sorted(person.stills, key=lambda still: still.pts)]
        lanes.append(Lane(person.number, i * LANE, i * LANE + LANE // 2, bars, marks))
    seconds = video.seconds
    ticks = [(WIDTH * share / 4, clock(seconds * share / 4)) for share in range(5)]
    joins = [
        (place(first), f"Part {number} begins at {clock(float((first - video.begins) * video.base))}")
        for number, (first, _) in enumerate(video.joined[1:], start=2)
    ]
    spans = [
        (place(round(entry["from_s"] / video.base)), place(round(entry["to_s"] / video.base)))
        for entry in video.passed_over
    ]
    gaps = [(left, max(1.0, round(right - left, 1))) for left, right in spans]
    return Timeline(max(1, len(lanes)) * LANE, lanes, ticks, joins, gaps)


def clock(seconds: float) -> str:
    """Return a time in a video as people read it: 1:02:03, 2:03.4 or 3.4 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{int(minutes)}:{rest:04.1f}"
    return f"{int(minutes // 60)}:{int(minutes % 60):02}:{int(rest):02}"
