"""The probes of benchmarks/evidence.py: one photograph as poor cameras, poor copies and poor aim would have left it.

Every kind is one function from a picture and the box and points of its face to another picture. The same picture and
number give the same result. Nothing in `src` reads this file: no rule there may know these kinds.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from plainview.recognition.types import Detection, Pixels

Random = np.random.Generator
Kind = Callable[[Pixels, Detection, Random], Pixels]


def as_is(pixels: Pixels, face: Detection, random: Random) -> Pixels:
    """Return the picture."""
    return pixels


def small(width: int) -> Kind:
    """Scale the picture until the face is `width` pixels wide."""

    def scaled(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        scale = width / face.box[2]
        return _u8(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))

    return scaled


def turned(degrees: int) -> Kind:
    """Turn the picture clockwise on a black canvas that holds all of it."""

    def turn(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        if degrees % 90 == 0:
            return np.ascontiguousarray(np.rot90(pixels, -degrees // 90))
        height, width = pixels.shape[:2]
        side = int(np.ceil(np.hypot(height, width)))
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
        matrix[:, 2] += [(side - width) / 2, (side - height) / 2]
        return _u8(cv2.warpAffine(pixels, matrix, (side, side)))

    return turn


def dark(light: float, noise: float) -> Kind:
    """Multiply by `light` and add sensor noise of `noise` grey levels, then round."""

    def darkened(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        return _clipped(pixels * light + random.normal(0, noise, pixels.shape))

    return darkened


def jpeg(quality: int) -> Kind:
    """Compress and decompress."""

    def compressed(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return _u8(cv2.imdecode(data, cv2.IMREAD_COLOR))

    return compressed


def blurred(sigma: float) -> Kind:
    """Blur by a Gaussian of so many pixels."""

    def defocused(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        return _u8(cv2.GaussianBlur(pixels, (0, 0), sigma))

    return defocused


def moved(length: int) -> Kind:
    """Blur along a line of `length` pixels, in a random direction."""

    def smeared(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        angle = random.uniform(0, np.pi)
        kernel = np.zeros((length, length), np.float32)
        middle, reach = (length - 1) / 2, (length - 1) / 2
        step = np.array([np.cos(angle), np.sin(angle)]) * reach
        start, end = (np.rint((middle + sign * step) * 16).astype(int).tolist() for sign in (-1, 1))
        cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA, 4)
        return _u8(cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))

    return smeared


def dark_glasses(pixels: Pixels, face: Detection, random: Random) -> Pixels:
    """Draw two dark lenses and a bridge over the eyes."""
    left, right = face.points[0].astype(np.float64), face.points[1].astype(np.float64)
    across = right - left
    eyes = float(np.hypot(*across))
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    shade = random.uniform(8, 45, 3)
    result = pixels.copy()
    size = (round(eyes * random.uniform(0.36, 0.44) * 16), round(eyes * random.uniform(0.26, 0.34) * 16))
    for eye in (left, right):
        middle = np.rint((eye + np.array([0, eyes * 0.04])) * 16).astype(int).tolist()
        cv2.ellipse(result, middle, size, angle, 0, 360, shade.tolist(), -1, cv2.LINE_AA, 4)
    ends = [np.rint(point * 16).astype(int).tolist() for point in (left + across * 0.3, left + across * 0.7)]
    cv2.line(result, *ends, shade.tolist(), max(1, round(eyes * 0.07)), cv2.LINE_AA, 4)
    return result


def left_half(pixels: Pixels, face: Detection, random: Random) -> Pixels:
    """Cut the picture at the middle of the face and keep what is to the left."""
    x, _, width, _ = face.box
    return np.ascontiguousarray(pixels[:, : max(16, round(x + width / 2))])


def _clipped(values: np.ndarray) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _u8(pixels: np.ndarray) -> Pixels:
    return np.asarray(pixels, np.uint8)


KINDS: dict[str, Kind] = {
    "as it is": as_is,
    "face 32 px": small(32),
    "face 24 px": small(24),
    "face 16 px": small(16),
    "turned 45": turned(45),
    "turned 90": turned(90),
    "turned 180": turned(180),
    "light x .15": dark(0.15, 4),
    "light x .06": dark(0.06, 4),
    "JPEG 10": jpeg(10),
    "Gauss 3 px": blurred(3),
    "motion 9 px": moved(9),
    "motion 15 px": moved(15),
    "dark glasses": dark_glasses,
    "left half": left_half,
}
"""Name -> kind, in the order of the table of docs/reference/recognition.md."""
