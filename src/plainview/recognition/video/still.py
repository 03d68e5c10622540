"""Stills: a face of a frame with what is needed to choose, show and group it; and which ones of a track to keep.

Owns the choice. The picture that is searched with is never this one: a pick decodes the frame again.
"""

from __future__ import annotations

import cv2
import numpy as np

from plainview.recognition.align import align
from plainview.recognition.types import Detection, Pixels, Quality
from plainview.recognition.video.types import Frame, Still

MAX_STILLS = 8
"""Stills kept of a track: enough to choose from on one screen."""

THUMBNAIL = 192
"""Pixels: side of a thumbnail."""

_AROUND = 1.8
"""Side of what a thumbnail shows, over the longer side of the box."""

_GREY = (128, 128, 128)


def make_still(frame: Frame, face: Detection, quality: Quality) -> Still:
    """Cut one face out of a frame."""
    height, width = frame.pixels.shape[:2]
    return Still(
        frame.pts,
        frame.sha256,
        face,
        quality,
        (width, height),
        frame.one_field,
        align(frame.pixels, face.points),
        thumbnail(frame.pixels, face.box),
        frame.damaged,
    )


def thumbnail(pixels: Pixels, box: tuple[float, float, float, float]) -> Pixels:
    """A square about a box: uint8 (`THUMBNAIL`, `THUMBNAIL`, 3), BGR, grey where the frame ends; never enlarged
    by more than interpolation needs.
    """
    x, y, width, height = box
    side = max(width, height) * _AROUND
    left, top = int(x + width / 2 - side / 2), int(y + height / 2 - side / 2)
    side = max(2, int(side))
    rows, columns = pixels.shape[:2]
    out = np.empty((side, side, 3), np.uint8)
    out[:] = _GREY
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = (
        max(x0, min(columns, left + side)),
        max(y0, min(rows, top + side)),
    )  # nothing is shown of a box beyond the frame
    out[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
    kind = cv2.INTER_AREA if side > THUMBNAIL else cv2.INTER_CUBIC
    return cv2.resize(out, (THUMBNAIL, THUMBNAIL), interpolation=kind).astype(np.uint8, copy=False)


def rank(still: Still) -> tuple[bool, int, float, int]:
    """Sorts the best still first: whole frames, then quality, then width, then the earliest."""
    return (still.damaged, -still.quality.overall, -round(still.detection.box[2], 1), still.pts)


def best_of(stills: list[Still], second: int) -> list[Still]:
    """The best still of each second, and of these at most `MAX_STILLS`; the best first."""
    chosen: dict[int, Still] = {}
    for still in sorted(stills, key=rank):
        chosen.setdefault(still.pts // max(1, second), still)
    return list(chosen.values())[:MAX_STILLS]
