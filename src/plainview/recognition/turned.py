"""Which way up a found face is: looked at again in the four quarter turns, and its points taken from the upright one.

Owns when a face is suspected, and which turn is believed. YuNet finds faces that are upside down or on their side and
puts the points where an upright face has them; a template of such points is of no use to anybody. It must never turn a
picture: only the points say how the face lies, and alignment follows them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.align import TEMPLATES, similarity
from plainview.recognition.types import Detection, Pixels, Points

SLANT = 25
"""Degrees of lean from which a face is called turned: people hold their heads up to about 20 degrees to the side."""

_SQUARE = 15  # degrees from a quarter turn within which it is called that

QUARTERS = (0, 90, 180, -90)
"""Degrees anticlockwise by which a face is looked at; `numpy.rot90` turns the same way."""

SIDE, FACE = 96, 48
"""Pixels: the square that is looked at, and the longer side of the face's box in it."""

SURER = 0.02
"""By how much more confident another quarter turn must be. Of 250 upright faces of LFW and UTKFace none is taken for
turned; of 250 upside down 247 are, of 493 on their side 465 (benchmarks/turned_faces.py)."""

LEAST = 0.15
"""Confidence from which a look counts at all."""

_SPREAD = 0.25  # the points reach over this part of the box at least, or they are of something smaller


def lean(points: Points) -> float:
    """Degrees by which a face is turned clockwise in the picture, from all five points; above -180, at most 180."""
    matrix = similarity(points, TEMPLATES["arcface-112"])
    return -float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))


def turned_by(points: Points) -> int:
    """Degrees by which a face is turned clockwise in the picture, whole; 0 for one that is held as people do.

    The nearest quarter turn where the face is within 15 degrees of one: -90, 90 or 180.
    """
    degrees = lean(points)
    if abs(degrees) < SLANT:
        return 0
    near = round(degrees / 90) * 90
    if abs(degrees - near) > _SQUARE:
        return round(degrees)
    return 180 if near == -180 else near


def square_around(pixels: Pixels, box: tuple[float, float, float, float]) -> tuple[Pixels, NDArray[np.float64]]:
    """Cut out the square around a box, brought to `SIDE` with the box `FACE` high or wide.

    Args:
        pixels: uint8, shape (height, width, 3), BGR, 0-255.
        box: (x, y, width, height), pixels.

    Returns:
        uint8, shape (SIDE, SIDE, 3), BGR, 0-255, black beyond the picture; and float64, shape (2, 3): the map from
        pixels of the square to pixels of the picture.
    """
    x, y, width, height = box
    longest = max(width, height, 1.0)
    # Cut first and shrink by averaging: a warp alone would leave pixels out.
    left, top = int(np.floor(x + width / 2 - longest)), int(np.floor(y + height / 2 - longest))
    side = int(np.ceil(2 * longest))
    shown = pixels[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    before = (max(0, -top), max(0, -left))
    whole = np.zeros((side, side, 3), np.uint8)
    whole[before[0] : before[0] + shown.shape[0], before[1] : before[1] + shown.shape[1]] = shown
    kind = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    scale = side / SIDE
    back = np.array([[scale, 0, left + (scale - 1) / 2], [0, scale, top + (scale - 1) / 2]], np.float64)
    return np.asarray(cv2.resize(whole, (SIDE, SIDE), interpolation=kind), np.uint8), back


def four_ways(square: Pixels) -> list[Pixels]:
    """The square in the four quarter turns, in the order of `QUARTERS`."""
    return [np.ascontiguousarray(np.rot90(square, turn // 90)) for turn in QUARTERS]


def unturned(points: NDArray[np.floating], turn: int, side: int = SIDE) -> NDArray[np.float64]:
    """Points of a turned square, shape (n, 2), in pixels of the square before the turn."""
    back = points.astype(np.float64)
    for _ in range(turn // 90 % 4):
        back = np.stack([side - 1 - back[:, 1], back[:, 0]], axis=1)
    return back


def best_turn(
    rows: list[NDArray[np.float32]], face: Detection, back: NDArray[np.float64]
) -> tuple[int, Points, float] | None:
    """Choose the quarter turn in which the face is seen best.

    Args:
        rows: for each of `QUARTERS`, float32, shape (faces, 15), as `detect.merge` returns them, of that turned square.
        face: as it was found.
        back: from `square_around`.

    Returns:
        (turn, the five points in pixels of the picture, confidence); None where no turn shows the face.
    """
    x, y, width, height = face.box
    seen: dict[int, tuple[float, Points]] = {}
    for turn, found in zip(QUARTERS, rows, strict=True):
        for row in found:
            points = (unturned(row[4:14].reshape(5, 2), turn) @ back[:, :2].T + back[:, 2]).astype(np.float32)
            inside = (points >= [x, y]).all() and (points <= [x + width, y + height]).all()
            large = np.ptp(points, axis=0).max() >= _SPREAD * max(width, height)
            if inside and large and row[14] > seen.get(turn, (0.0, points))[0]:
                seen[turn] = (float(row[14]), points)
    if not seen:
        return None
    best = max(seen, key=lambda turn: seen[turn][0])
    if best and seen[best][0] <= seen.get(0, (0.0, None))[0] + SURER:
        best = 0
    return best, seen[best][1], seen[best][0]
