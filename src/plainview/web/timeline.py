"""The time line of a video: a row for each person, a bar for each sighting, a mark for each still; in SVG units.

Owns the geometry only. One unit is a thousandth of the video's length; rows are 16 units high.
"""

from __future__ import annotations

from dataclasses import dataclass

from plainview.casework.models import Still, Video
from plainview.casework.videos.read import Person

WIDTH, ROW = 1000, 16
_LEAST = 3.0  # units: a bar that can still be seen


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in which a person is followed."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """One person: bars, and (x, still) marks; `y` is the top of the row, `middle` its middle."""

    number: int
    y: int
    middle: int
    bars: list[Bar]
    marks: list[tuple[float, Still]]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The drawing: its height, its rows, and (x, label) of the time marks."""

    height: int
    rows: list[Row]
    ticks: list[tuple[float, str]]


def timeline(video: Video, people: list[Person]) -> Timeline:
    """Lay out a video's people along its time."""
    long = max(1, video.ends - video.begins)

    def place(pts: int) -> float:
        return round(min(WIDTH, max(0, (pts - video.begins) * WIDTH / long)), 1)

    rows = []
    for i, person in enumerate(people):
        tracks = {still.track_id: still.track for still in person.stills}
        bars = [
            Bar(place(track.seen[0]), max(_LEAST, round(place(track.seen[-1]) - place(track.seen[0]), 1)))
            for track in tracks.values()
        ]
        marks = [(place(still.pts), still) for still in sorted(person.stills, key=lambda still: still.pts)]
        rows.append(Row(person.number, i * ROW, i * ROW + ROW // 2, bars, marks))
    seconds = video.seconds
    ticks = [(WIDTH * share / 4, clock(seconds * share / 4)) for share in range(5)]
    return Timeline(max(1, len(rows)) * ROW, rows, ticks)


def clock(seconds: float) -> str:
    """A time in a video for people: 1:02:03 or 2:03.4 or 3.4 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{int(minutes)}:{rest:04.1f}"
    return f"{int(minutes // 60)}:{int(minutes % 60):02}:{int(rest):02}"
