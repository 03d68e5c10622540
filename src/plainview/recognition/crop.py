"""Cutting a face out of a picture for people to look at: a square about it, at one scale, on neutral grey.

Owns the framing, so that a probe and a candidate are shown alike. It never stretches, smooths or brightens.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.align import TEMPLATES, part_shown, similarity
from plainview.recognition.resize import halved
from plainview.recognition.types import Pixels, Points

SURROUND = (128, 128, 128)
"""BGR of what lies outside the picture: mid grey, which changes the look of neither light nor dark skin."""

ABOUT = 2.0
"""Side of the square in widths (or heights) of the face: hair, ears and neck are compared too."""


EYES = 0.22
"""Distance of the eyes in sides of the aligned square: chosen, so that hair, ears and neck are in it."""

_TURNED = 1.25
"""How far the distance of the eyes may be from that of an average face: chosen; at 37 degrees of yaw it is."""

_SMALL = 64  # pixels: side of the square whose surroundings are measured; colours need no detail

_EYE_LEVEL = 0.42  # of the side: the face's middle, a little above the square's


def face_square(pixels: Pixels, box: Sequence[float], side: int, *, about: float = ABOUT) -> Pixels:
    """Return a square with the face in its middle.

    Args:
        pixels: see `Pixels`.
        box: the face's (x, y, width, height) in pixels of `pixels`; it may reach past the border.
        side: of the square returned, in pixels.
        about: how much of the surroundings is shown, in sizes of the face.

    Returns:
        uint8, shape (side, side, 3), BGR; grey where the picture ends.
    """
    x, y, width, height = box
    edge = max(1, round(about * max(width, height)))  # whole pixels: a resize takes an eighth of the time of a warp
    corner = np.rint([x + width / 2 - edge / 2, y + height / 2 - edge / 2]).astype(int)
    limits = [pixels.shape[1], pixels.shape[0]]
    first, last = np.clip(corner, 0, limits), np.clip(corner + edge, 0, limits)
    (left, top), (right, bottom) = (
        np.rint((end - corner) * (side / edge)).astype(int).tolist() for end in (first, last)
    )
    size = (right - left, bottom - top)
    if min(size) < 1:
        return np.full((side, side, 3), SURROUND, np.uint8)
    shown = pixels[first[1] : last[1], first[0] : last[0]]
    while shown.shape[1] >= 2 * size[0] and shown.shape[0] >= 2 * size[1]:
        shown = halved(shown)
    how = cv2.INTER_LINEAR if edge >= side else cv2.INTER_CUBIC
    square = cv2.resize(shown, size, interpolation=how).astype(np.uint8, copy=False)
    if size == (side, side):
        return square
    beyond = (top, side - bottom, left, side - right)
    return np.asarray(cv2.copyMakeBorder(square, *beyond, cv2.BORDER_CONSTANT, value=SURROUND), np.uint8)


def surroundings(pixels: Pixels, box: Sequence[float]) -> tuple[float, ...]:
    """Return mean and standard deviation of the colours around the face, by quarters of the square about it.

    Args:
        pixels: see `Pixels`.
        box: the face's (x, y, width, height) in pixels.

    Returns:
        24 numbers, 0 to 255: for each quarter, row by row, the mean of B, G, R and then their spread.
    """
    square = face_square(pixels, box, _SMALL).astype(np.float64)
    across, down = np.meshgrid(np.arange(_SMALL), np.arange(_SMALL))
    middle = (_SMALL - 1) / 2
    outside = ((across - middle) / (0.31 * _SMALL)) ** 2 + ((down - middle) / (0.41 * _SMALL)) ** 2 >= 1
    half, numbers = _SMALL // 2, []
    for rows in (slice(0, half), slice(half, _SMALL)):
        for columns in (slice(0, half), slice(half, _SMALL)):
            seen = square[rows, columns][outside[rows, columns]]
            numbers += [*seen.mean(axis=0).tolist(), *seen.std(axis=0).tolist()]
    return tuple(numbers)


def aligned_square(pixels: Pixels, points: Points, side: int) -> Pixels:
    """Return a square in which the face is upright, its eyes level and as far apart as in every other such square.

    The picture is only moved, turned and scaled: two of these squares can be laid over each other. Where the head is
    turned so far that its eyes come close together, the other points hold the scale (_TURNED).

    Args:
        pixels: see `Pixels`.
        points: see `Points`, in pixels of `pixels`.
        side: of the square returned, in pixels.

    Returns:
        uint8, shape (side, side, 3), BGR; grey where the picture ends.

    Raises:
        ValueError: the points are all the same, or not finite.
    """
    pixels, points = part_shown(pixels, points, _upright(points, side), side)
    if pixels.size == 0:
        return np.full((side, side, 3), SURROUND, np.uint8)
    matrix = _upright(points, side)
    how = cv2.INTER_LINEAR if np.hypot(matrix[0, 0], matrix[1, 0]) < 1 else cv2.INTER_CUBIC
    warped = cv2.warpAffine(
        pixels, matrix, (side, side), flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=SURROUND
    )
    return np.asarray(warped, dtype=np.uint8)


def _upright(points: Points, side: int) -> NDArray[np.float64]:
    """The similarity (2, 3) that levels the eyes at their place and distance."""
    template = TEMPLATES["arcface-112"]
    of_template = float(np.hypot(*(template[1] - template[0])))
    fit = similarity(points, template)
    left, right = points[0].astype(np.float64), points[1].astype(np.float64)
    apart, middle = right - left, (left + right) / 2
    distance = float(np.hypot(*apart))
    # How far apart the eyes would be if all five points were those of an average face that looks ahead.
    ahead = of_template / float(np.hypot(fit[0, 0], fit[1, 0]))
    scale = EYES * side / min(max(distance, ahead / _TURNED), ahead * _TURNED)
    angle = np.arctan2(apart[1], apart[0])
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shift = np.array([side / 2, _EYE_LEVEL * side]) - turn @ middle
    return np.column_stack([turn, shift])


def within(pixels: Pixels, longest: int) -> Pixels:
    """Return the picture scaled down so that its longer side has at most `longest` pixels."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
