"""Whether a track shows a face, and which way it is turned in the frame.

Owns the second look: hands, sleeves and prints are taken for a face at one size and not at others, and upside-down faces
are found with their points in the wrong places. The thumbnails of a track are looked at again, at several sizes and at the
four right angles. Constants were measured on 120 portraits of LFW (whole, at 0.2 to 0.65 of their size, and blurred by
up to 3.5 pixels), 114 masked faces of RMFD, and the false tracks of eleven recordings of people.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from plainview.recognition.engine import Engine
from plainview.recognition.types import Pixels
from plainview.recognition.video.still import THUMBNAIL
from plainview.recognition.video.track import SURE_SCORE, Box
from plainview.recognition.video.types import Still, Track

TURNS = (0, 90, 180, 270)
"""Degrees counter-clockwise."""

MARGIN = 0.02
"""Confidence by which a face must look better turned than as it is. Of 250 portraits of LFW, at full size and at 0.3 of
it, each as it is and turned by the three right angles: from 0 to 0.03 every upright face stays upright, and at least
98.7 % of the turned ones that are detected are recognised as turned by the right angle."""

FACE = 0.7
"""Mean confidence at the three sizes from which a track shows a face: hands and the like reach 0.63 at most, unmasked
faces 0.74 at least (0.86 when blurred), 98 % of the masked ones 0.72."""

TURNED_FACE = 0.8
"""The same for a track that is only found in turned frames, in which far more is taken for a face."""

AWAY = 45.0
"""Degrees of yaw from which a head is turned away; with all stills beyond it a template says little."""

ARM = 6.0
"""Face widths that a hand may be from the face: arms span about eleven widths of the face."""

_SIZES = (96, 128, THUMBNAIL)  # pixels: sides at which a thumbnail is looked at
_LOWEST = 0.1  # confidence from which a look counts at all
_STILLS = 2  # of a track that are looked at again


def turned(pixels: Pixels, degrees: int) -> Pixels:
    """Turn pixels counter-clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(pixels, degrees // 90))


def faceness(engine: Engine, stills: Sequence[Still]) -> float:
    """Mean confidence, 0 to 1, with which the detector finds a face in the middle of the thumbnails at three sizes."""
    return _mean([_central(engine, still.thumbnail, side) for still in stills[:_STILLS] for side in _SIZES])


def turn_of(engine: Engine, stills: Sequence[Still]) -> int:
    """Degrees counter-clockwise by which the face in these stills must be turned to be upright: one of `TURNS`."""
    views = [still.thumbnail for still in stills[:_STILLS]]
    scores = [_mean([_central(engine, turned(view, degrees), THUMBNAIL) for view in views]) for degrees in TURNS]
    best = int(np.argmax(scores))
    return TURNS[best] if scores[best] >= scores[0] + MARGIN else 0


def turns_seen(engine: Engine, frames: Sequence[Pixels], longest: int) -> set[int]:
    """The turns at which two of the frames, or the only one, show a face when looked at with this longer side."""
    enough = min(2, len(frames))
    return {
        degrees
        for degrees in TURNS[1:]
        if enough and sum(_shows(engine, turned(frame, degrees), longest) for frame in frames) >= enough
    }


def is_away(stills: Sequence[Still]) -> bool:
    """Whether the head is turned away in all of these stills."""
    return min(abs(still.quality.components.get("yaw", 0.0)) for still in stills) >= AWAY


def beside(track: Track, face: Track) -> bool:
    """Whether a track is within an arm's reach of a face that is visible at the same time: then it is a hand.

    Args:
        track: what is hardly a face.
        face: a track that shows a face.
    """
    x, y = _middle(track.first_box)
    reach = min(
        max(abs(x - _middle(box)[0]), abs(y - _middle(box)[1])) / max(1.0, box[2])
        for box in (face.first_box, face.last_box)
    )
    return track.first <= face.last and face.first <= track.last and reach <= ARM


def unturned(box: Box, size: tuple[int, int], degrees: int) -> Box:
    """A box of a turned frame in pixels of the frame before the turn.

    Args:
        box: x, y, width, height.
        size: (width, height) of the turned frame, pixels.
        degrees: the turn.
    """
    x, y, width, height = box
    columns, rows = size
    for _ in range(degrees // 90):
        columns, rows = rows, columns  # of the frame one turn before
        x, y, width, height = columns - y - height, x, height, width
    return x, y, width, height


def _shows(engine: Engine, frame: Pixels, longest: int) -> bool:
    return any(face.score >= SURE_SCORE for face in engine.glance(frame, longest))


def _central(engine: Engine, view: Pixels, side: int) -> float:
    """Confidence of the most confident face about the middle of a square view; 0 without one."""
    small = view if view.shape[0] == side else np.asarray(cv2.resize(view, (side, side), interpolation=cv2.INTER_AREA))
    near = [
        face.score
        for face in engine.glance(small.astype(np.uint8, copy=False), side, _LOWEST)
        if max(abs(value - side / 2) for value in _middle(face.box)) < side / 4
    ]
    return max(near, default=0.0)


def _middle(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
