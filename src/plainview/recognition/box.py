"""Looks closely at one box of a picture: the face in a box that a person drew.

Owns how such a box is looked at, and where the points of a face are if nothing is seen in it. It must never move a box
that a person drew: the person is responsible for it, and the record has it as drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from plainview.recognition.detect import Detector
from plainview.recognition.types import Detection, Pixels, Points

Box = tuple[int, int, int, int]

# How a box that a person drew is looked at (`face_in_box`). A face on its head is found upright too, with less
# confidence and its points in the wrong place, so every turn is tried.
_TURNS = (0, -30, 30, -60, 60, 90, -90, 120, -120, 150, -150, 180)
_SIZES = (48, 96)
_SCORE = 0.15  # lower than anywhere else: a person says that there is a face
_SPREAD = 0.25  # the points reach over this part of the box at least, or they are of something smaller
_IN_BOX = np.array([[0.31, 0.37], [0.69, 0.37], [0.5, 0.57], [0.35, 0.74], [0.65, 0.74]])
"""Where the five points of an upright face are in its box, as shares of width and height."""


def face_in_box(detector: Detector, pixels: Pixels, box: Box) -> Detection:
    """The face in a box that a person drew, looked for at several sizes and turns, and with more contrast.

    Args:
        detector: looks at each square.
        pixels: uint8, shape (height, width, 3), BGR, 0-255.
        box: (x, y, width, height), pixels; within the picture.

    Returns:
        The box as drawn; the points of the most confident face inside it, with its score. Where none is
        found, score 0 and the points of an upright average face in the box.
    """
    looks = [(size, turn) for turn in _TURNS for size in _SIZES]
    for prepared in (np.asarray, _stretched):
        seen = [face for size, turn in looks for face in _seen_in(detector, pixels, box, size, turn, prepared)]
        if seen:
            score, points = max(seen, key=lambda face: face[0])
            return Detection(_floats(box), points, score)
    x, y, width, height = box
    return Detection(_floats(box), ([x, y] + _IN_BOX * [width, height]).astype(np.float32), 0.0)


def _seen_in(
    detector: Detector,
    pixels: Pixels,
    box: Box,
    size: int,
    turn: int,
    prepared: Callable[[Pixels], Pixels],
) -> list[tuple[float, Points]]:
    """Look once at a drawn box: brought to a size (pixels of its longer side) and turned (degrees)."""
    x, y, width, height = box
    side, scale = 2 * size, size / max(width, height)
    middle = np.array([x + width / 2, y + height / 2])
    left, top = (max(0, int(value)) for value in middle - max(width, height))
    about = pixels[top : top + 2 * max(width, height), left : left + 2 * max(width, height)]
    if scale < 1:  # warping alone would leave pixels out
        small = (max(1, round(about.shape[1] * scale)), max(1, round(about.shape[0] * scale)))
        about = np.asarray(cv2.resize(about, small, interpolation=cv2.INTER_AREA), np.uint8)
    at = (middle - [left, top]) * min(scale, 1.0)
    turned = cv2.getRotationMatrix2D((float(at[0]), float(at[1])), turn, max(scale, 1.0))
    turned[:, 2] = turned[:, 2] + (side - 1) / 2 - at
    square = np.asarray(cv2.warpAffine(about, turned, (side, side)), np.uint8)
    shrunk = np.array([[min(scale, 1.0), 0, -left * min(scale, 1.0)], [0, min(scale, 1.0), -top * min(scale, 1.0)]])
    to_look = turned[:, :2] @ shrunk
    to_look[:, 2] += turned[:, 2]
    back = cv2.invertAffineTransform(to_look)
    seen: list[tuple[float, Points]] = []
    for row in detector.looked(prepared(square), _SCORE):
        points = (row[4:14].reshape(5, 2) @ back[:, :2].T + back[:, 2]).astype(np.float32)
        inside = (points >= [x, y]).all() and (points <= [x + width, y + height]).all()
        if inside and np.ptp(points, axis=0).max() >= _SPREAD * max(width, height):
            seen.append((float(row[14]), points))
    return seen


def _floats(box: Box) -> tuple[float, float, float, float]:
    x, y, width, height = box
    return (float(x), float(y), float(width), float(height))


def _stretched(pixels: Pixels) -> Pixels:
    """The picture with its contrast stretched in every part of it."""
    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2LAB)
    lab[:, :, 0] = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(4, 4)).apply(lab[:, :, 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), np.uint8)
