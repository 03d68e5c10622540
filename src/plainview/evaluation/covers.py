"""Draws a surgical mask over the lower face of a picture, so that everybody can measure covered probes.

Owns one plain shape: a polygon from the five points of the face, in one of four colours, with pleats and ear
loops. It must never look at pixels to decide where it goes, so that a drawn cover can be explained and
repeated: the same face and number always give the same cover. Drawn covers are easier and harder than real
ones in different ways; results say which kind they are.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.types import Pixels, Points

COLOURS = ((201, 176, 133), (236, 236, 234), (38, 36, 35), (158, 176, 108))
"""BGR: surgical blue, white, black, surgical green."""

TOPS = (0.30, 0.55)
"""Where the upper edge crosses the nose, as a share of the way from the eyes to the mouth: high on the bridge,
and lower, above the tip."""

_OUTLINE = np.array(
    [
        [-1.06, 0.52],
        [-0.52, 0.40],
        [0.0, 0.0],
        [0.52, 0.40],
        [1.06, 0.52],
        [0.98, 1.20],
        [0.62, 1.75],
        [0.0, 1.98],
        [-0.62, 1.75],
        [-0.98, 1.20],
    ],
)
"""Corners, clockwise from the ear on the left: across in half face widths, down in eye-to-mouth distances. The
third is the one on the nose, which `TOPS` sets."""

_SIXTEENTH = 4  # OpenCV draws at sixteenths of a pixel with shift=4


def draw_cover(pixels: Pixels, points: Points, number: int) -> Pixels:
    """Return a copy of the picture with a mask drawn over one face.

    Args:
        pixels: uint8, shape (height, width, 3), BGR, 0-255.
        points: the face, see `types.Points`.
        number: any; chooses colour and height among the eight kinds.
    """
    colour, top = COLOURS[number % len(COLOURS)], TOPS[number // len(COLOURS) % len(TOPS)]
    eyes, mouth = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2
    down = (mouth - eyes).astype(np.float64)
    length = float(np.hypot(*down))
    across = np.array([down[1], -down[0]]) / max(length, 1e-6)
    # A face turned aside shows its eyes closer together; it is hardly less wide than it is long.
    half = max(0.95 * float(np.hypot(*(points[1] - points[0]))), 0.8 * length)
    # The cover follows the nose sideways, as cloth does on a turned head.
    shift = float((points[2] - eyes) @ across) * 0.5

    def place(corners: NDArray[np.float64]) -> NDArray[np.int32]:
        spots = eyes + corners[:, :1] * half * across + shift * across + corners[:, 1:] * down
        return np.asarray(np.rint(spots * 2**_SIXTEENTH), np.int32)

    outline = _OUTLINE.copy()
    outline[2, 1] = top
    outline[[1, 3], 1] = max(top + 0.05, 0.40)
    covered = pixels.copy()
    thin = max(1, round(length / 40))
    darker = tuple(channel * 0.82 for channel in colour)
    loops = place(np.array([[-1.06, 0.56], [-1.45, 0.15], [1.06, 0.56], [1.45, 0.15]])).reshape(2, 2, 2)
    for start, end in loops:
        cv2.line(covered, start.tolist(), end.tolist(), colour, thin, cv2.LINE_AA, _SIXTEENTH)
    cv2.fillPoly(covered, [place(outline)], colour, cv2.LINE_AA, _SIXTEENTH)
    for height in (0.85, 1.1, 1.35):
        start, end = place(np.array([[-0.9, height], [0.9, height]]))
        cv2.line(covered, start.tolist(), end.tolist(), darker, thin, cv2.LINE_AA, _SIXTEENTH)
    return covered
