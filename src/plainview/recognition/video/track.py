"""Follows faces from one looked-at frame to the next within a scene.

Owns which detection continues which track. It joins only what lies where the face must be by now, or what also
looks alike; what it cannot tell it keeps apart, because persons.py can join two tracks, and nobody can part one.
Templates are used inside the video only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plainview.recognition.embed import compare
from plainview.recognition.quality import MIN_FACE_PX, assess
from plainview.recognition.types import Detection, Vector
from plainview.recognition.video.still import best_of, make_still
from plainview.recognition.video.types import Frame, Still

Box = tuple[float, float, float, float]

MIN_IOU = 0.3
"""Share of their union that a box and the place where its track expects it must have in common."""

REACH = 3.0
"""Face widths that a face may have moved beyond its expected place, where its template agrees."""

SAME_SIZE = 1.6
"""Ratio of widths up to which two boxes may be one face a moment later."""

SAME_FACE = 0.30
"""Cosine from which a face that moved far is the same one: between strangers .30 is reached about once in 200
comparisons (notes on the default pack: .363 once in 1000), and place, size and time agree too."""

LOST_AFTER = 1.2
"""Seconds without a sighting after which a track has ended."""

SURE_SCORE = 0.8
"""Detector confidence from which a single sighting makes a track; below, it takes two."""


@dataclass
class Open:
    """A track that is being followed."""

    seen: list[int]
    boxes: list[Box]
    stills: list[Still] = field(default_factory=list)
    best_score: float = 0.0
    _template: Vector | None = None

    def expected(self, pts: int) -> Box:
        """Where its box should be by now: it goes on as between its last two sightings, for at most as long again."""
        x, y, width, height = self.boxes[-1]
        if len(self.boxes) < 2:
            return self.boxes[-1]
        before = self.boxes[-2]
        share = min(2.0, (pts - self.seen[-1]) / max(1, self.seen[-1] - self.seen[-2]))
        return (x + (x - before[0]) * share, y + (y - before[1]) * share, width, height)

    def template(self, embed: Callable[[Still], Vector]) -> Vector:
        """Template of its newest still."""
        if self._template is None:
            self._template = embed(self.stills[0])
        return self._template


class Tracker:
    """The open tracks of one scene."""

    def __init__(self, embed: Callable[[Still], Vector], second: int) -> None:
        """Make a tracker.

        Args:
            embed: makes the template of a still.
            second: units of the time base a second.
        """
        self._embed, self._second = embed, second
        self.open: list[Open] = []
        self.ended: list[Open] = []

    @property
    def unsure(self) -> bool:
        """Whether a track has one sighting only, and another look soon would help."""
        return any(len(track.seen) == 1 for track in self.open)

    def look(self, frame: Frame, detections: Sequence[Detection]) -> None:
        """Continue the open tracks with the faces of this frame, or begin new ones."""
        if frame.cut:
            self.finish()
        self._end_lost(frame.pts)
        rest = [face for face in detections if face.box[2] >= MIN_FACE_PX]
        free = list(self.open)
        pairs = sorted(
            (
                (-iou(track.expected(frame.pts), face.box), i, j)
                for i, track in enumerate(free)
                for j, face in enumerate(rest)
            ),
        )
        taken: dict[int, int] = {}
        for share, i, j in pairs:
            if -share >= MIN_IOU and i not in taken and j not in taken.values():
                taken[i] = j
        stills = {j: make_still(frame, face, assess(frame.pixels, face)) for j, face in enumerate(rest)}
        self._take_moved(frame, free, rest, stills, taken)
        for i, j in taken.items():
            self._sight(free[i], frame.pts, rest[j], stills[j])
        for j, face in enumerate(rest):
            if j not in taken.values():
                track = Open([], [])
                self._sight(track, frame.pts, face, stills[j])
                self.open.append(track)

    def finish(self) -> None:
        """End every open track."""
        self.ended += self.open
        self.open = []

    def _take_moved(
        self,
        frame: Frame,
        free: list[Open],
        rest: list[Detection],
        stills: dict[int, Still],
        taken: dict[int, int],
    ) -> None:
        """Of what is left, join nearby pairs of one size whose templates agree, the most alike first."""
        alike: list[tuple[float, int, int]] = []
        templates: dict[int, Vector] = {}
        for i, track in enumerate(free):
            for j, face in enumerate(rest):
                if i in taken or j in taken.values() or not near(track.expected(frame.pts), face.box):
                    continue
                if j not in templates:
                    templates[j] = self._embed(stills[j])
                score = compare(track.template(self._embed), templates[j])
                if score >= SAME_FACE:
                    alike.append((-score, i, j))
        for _, i, j in sorted(alike):
            if i not in taken and j not in taken.values():
                taken[i] = j

    def _sight(self, track: Open, pts: int, face: Detection, still: Still) -> None:
        track.seen.append(pts)
        track.boxes.append(face.box)
        track.best_score = max(track.best_score, face.score)
        track.stills = best_of([*track.stills, still], self._second)

    def _end_lost(self, pts: int) -> None:
        still_open: list[Open] = []
        for track in self.open:
            lost = pts - track.seen[-1] > LOST_AFTER * self._second
            (self.ended if lost else still_open).append(track)
        self.open = still_open


def iou(a: Box, b: Box) -> float:
    """Shared part of the union of two boxes (x, y, width, height), 0 to 1."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, wide) * max(0.0, high)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union > 0 else 0.0


def near(a: Box, b: Box) -> bool:
    """Whether two boxes are of about one size and at most `REACH` face widths apart."""
    size = max(a[2], b[2]) / max(1e-6, min(a[2], b[2]))
    apart = max(abs(a[0] + a[2] / 2 - b[0] - b[2] / 2), abs(a[1] + a[3] / 2 - b[1] - b[3] / 2))
    return size <= SAME_SIZE and apart <= REACH * max(a[2], b[2])
