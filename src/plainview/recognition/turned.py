"""Which way up a found face is: looked at again in eight turns, and its points taken from the upright one.

Owns when a face is suspected, and which turn is believed. YuNet finds faces that are upside down or on their side and
puts the points where an upright face has them; a template of such points is of no use to anybody. It must never turn a
picture: only the points say how the face lies, and alignment follows them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.align import TEMPLATES, similarity
from plainview.recognition.types import Detection, Pixels, Points

SLANT = 25
"""Degrees of lean from which a face is called turned: people hold their heads up to about 20 degrees to the side."""

_SQUARE = 15  # degrees from a quarter turn within which it is called that

TURNS = (0, 90, 180, -90, 45, 135, -135, -45)
"""Degrees anticlockwise by which a face is looked at; `numpy.rot90` turns the same way."""

SIDE, FACE = 96, 48
"""Pixels: the square that is looked at, and the longer side of the face's box in it."""

SURER = 0.02
"""By how much more confident another turn must be than the face as it lies; see `SUSPECT_BELOW`."""

BELIEVED = 0.83
"""Confidence from which another turn is believed. Of 130 faces of LFW turned by 45, 90 or 180 degrees, as they are, 24
pixels wide, blurred by 3 pixels or darkened to .15, at most 3 in 100 are seen less surely when upright; of pictures with half
a face, whose other turns are seen with 0.82 at most, none is then turned by more than it leans."""

SEEN_AGAIN = 0.84
"""Confidence with which a face of a picture on its side or upside down must be seen again in the square around it, where the
picture as it is shows none surely. Of 400 corners of lfw-dev it leaves none of three faces that were letters and branches; of
280 turned faces it leaves what there was, of turned ones 16 pixels wide or blurred by 3 pixels 1 or 2 in 100 less."""

LEAST = 0.15
"""Confidence from which a look counts at all."""

SUSPECT_BELOW, SUSPECT_LEAN = 0.91, 13.0
"""Confidence below which, and degrees of reported lean beyond which, a found face is looked at in every turn. Of 170
faces of LFW turned by 45 to 180 degrees all are suspected by this, and of the upright ones 5 %: they cost 5 ms more. None of
these is then taken for turned, and of the turned ones 97 % or more are seen best within 30 degrees of upright."""

_QUARTERS = (None, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)
"""As `numpy.rot90` by 0, 1, 2 and 3, in a tenth of its time."""

_OFF_MIDDLE = 17  # pixels of the square: what is farther from its middle is another face


def lean(points: Points) -> float:
    """Degrees by which a face is turned clockwise in the picture, from all five points; above -180, at most 180."""
    matrix = similarity(points, TEMPLATES["arcface-112"])
    return -float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))


def quarter(degrees: float) -> int:
    """The nearest of 0, 90, 180 and -90 degrees."""
    near = round(degrees / 90) * 90
    return 180 if near == -180 else near


def turned_by(points: Points) -> int:
    """Degrees by which a face is turned clockwise in the picture, whole; 0 for one that is held as people do.

    The nearest quarter turn where the face is within 15 degrees of one: -90, 90 or 180.
    """
    degrees = lean(points)
    if abs(degrees) < SLANT:
        return 0
    near = quarter(degrees)
    return near if abs((degrees - near + 180) % 360 - 180) <= _SQUARE else round(degrees)


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


def every_turn(square: Pixels) -> list[Pixels]:
    """The square in every turn, in the order of `TURNS`; slants have black corners."""
    middle = (SIDE - 1) / 2
    slant = cv2.warpAffine(square, cv2.getRotationMatrix2D((middle, middle), 45, 1.0), (SIDE, SIDE))
    return [
        np.asarray(shown if code is None else cv2.rotate(shown, code), np.uint8)
        for shown in (square, slant)
        for code in _QUARTERS
    ]


def unturned(points: NDArray[np.floating], turn: float, side: int = SIDE) -> NDArray[np.float64]:
    """Points of a square that was turned about its middle, shape (n, 2), in pixels of the square before the turn."""
    angle, middle = np.radians(turn), (side - 1) / 2
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray((points.astype(np.float64) - middle) @ back + middle, np.float64)


def best_turn(
    rows: Sequence[NDArray[np.float32]], expected: int, back: NDArray[np.float64]
) -> tuple[int, Points, float] | None:
    """Choose the turn in which the face in the middle of a square is seen best.

    Args:
        rows: for each of `TURNS`, float32, shape (faces, 15), as `detect.merge` returns them, of that turned square.
        expected: the turn in which the face was found; another must be surer.
        back: from `square_around`.

    Returns:
        (turn, the five points in pixels of the picture, confidence); None where the expected turn is as good as any.
    """
    seen: list[tuple[float, int, NDArray[np.float64]]] = []
    as_expected = 0.0
    for turn, faces in zip(TURNS, rows, strict=True):
        own = central(faces)
        if not len(own):
            continue
        if turn == expected:
            as_expected = float(own[0, 14])
        seen.append((float(own[0, 14]), turn, unturned(own[0, 4:14].reshape(5, 2), turn)))
    score, turn, points = max(seen, key=lambda look: look[0], default=(0.0, expected, np.empty((0, 2))))
    if turn == expected or score < BELIEVED or score <= as_expected + SURER:
        return None
    return turn, (points @ back[:, :2].T + back[:, 2]).astype(np.float32), score


def central(faces: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the faces of a square, float32, shape (faces, 15), those in its middle: the one that it was cut out around."""
    middle = faces[:, 0:2] + faces[:, 2:4] / 2 - (SIDE - 1) / 2
    own: NDArray[np.float32] = faces[np.abs(middle).max(axis=1, initial=0) < _OFF_MIDDLE]
    return own


def turned_back(face: Detection, turn: int, width: int, height: int) -> Detection:
    """A face of a picture that was turned by 90, 180 or -90 degrees anticlockwise, in pixels of the picture before.

    Args:
        face: of the turned picture.
        turn: degrees.
        width, height: of the turned picture, pixels.
    """
    x, y, wide, high = face.box
    corners = np.array([[x, y], [x + wide, y + high]])
    both = np.concatenate([corners - 0.5, face.points.astype(np.float64)])  # an edge is half a pixel beside a middle
    if turn == 180:
        both = np.array([width - 1, height - 1]) - both
    elif turn == 90:
        both = np.stack([height - 1 - both[:, 1], both[:, 0]], axis=1)
    else:
        both = np.stack([both[:, 1], width - 1 - both[:, 0]], axis=1)
    (left, top), (right, bottom) = both[:2].min(axis=0) + 0.5, both[:2].max(axis=0) + 0.5
    box = (float(left), float(top), float(right - left), float(bottom - top))
    return Detection(box, both[2:].astype(np.float32), face.score)
