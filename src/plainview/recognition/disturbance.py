"""Measures what a camera or a copy added to a face that the face did not have: noise, and the blocks of JPEG.

Owns the two estimates and their units. It must never change a pixel: what follows from these numbers is decided in
prepare.py (may a search smooth the picture?) and quality.py (what is a person told?).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.types import Pixels

SEEN_WIDTH = 100
"""Pixels of face width that the network sees: larger faces are averaged down, and their noise with them."""

SMALL_FACE = 40
"""Pixels of face width below which detail looks like noise: it counts in proportion."""

GREY = np.array([0.114, 0.587, 0.299], np.float32)
"""Weights of blue, green and red (ITU-R BT.601), unrounded: a dark picture has only a handful of grey levels."""

_SMOOTHING = ((0.2, 0.38, 0.6, 0.76, 1.25, 2.0), (0.0085, 0.0126, 0.0163, 0.020, 0.025, 0.031))
"""Share of noise -> blur in widths of the face, chosen on noisy and dark probes (docs/reference/recognition.md)."""

_MAD = 0.6745
"""The median size of a normal deviate: Donoho and Johnstone's estimate of noise (Biometrika 81, 1994)."""

_COARSE = 1 / 40
"""Face widths: the blur after which light and shade of a face are left, and noise is not."""

_ENOUGH = 96
"""Pixels of a face, across and down, that are measured."""

_BLOCK = 8  # pixels: JPEG's blocks, and those of most video
_FEWEST = 24  # boundaries between pixels, for eight places of the blocks to be told apart


@dataclass(frozen=True, slots=True)
class Signal:
    """What of a face's brightness is face, and what is not.

    Attributes:
        light: mean brightness, 0 to 255.
        contrast: standard deviation of the smoothed brightness, grey levels.
        noise: standard deviation of the noise, grey levels.
        blocks: steps at the edges of 8-pixel blocks over steps between other neighbours, from 1 (none).
    """

    light: float
    contrast: float
    noise: float
    blocks: float

    @property
    def noise_share(self) -> float:
        """Noise over contrast: 0.03 in good light, 1 where they are equal."""
        return self.noise / max(self.contrast, 0.25)  # a quarter of a level is less than 8 bits can show

    def noise_seen(self, width: float) -> float:
        """The noise share at the size at which the network sees a face of so many pixels, without the detail of a small one."""
        return self.noise_share * min(1.0, SEEN_WIDTH / width) * min(1.0, width / SMALL_FACE)


def signal(pixels: Pixels, box: tuple[float, float, float, float]) -> Signal:
    """Measure one face.

    Args:
        pixels: uint8, shape (height, width, 3), BGR, 0-255.
        box: (x, y, width, height), pixels.
    """
    x, y, width, height = (round(value) for value in box)
    face = pixels[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    if min(face.shape[:2]) < 2:
        return Signal(0.0, 0.0, 0.0, 1.0)
    middle = face[_within(face.shape[0]), _within(face.shape[1])].astype(np.float32) @ GREY
    if face.shape[1] > _ENOUGH:
        size = (_ENOUGH, max(2, round(face.shape[0] * _ENOUGH / face.shape[1])))
        face = np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = face.astype(np.float32) @ GREY
    smooth = cv2.GaussianBlur(grey, (0, 0), max(1.0, min(width, _ENOUGH) * _COARSE))
    return Signal(float(grey.mean()), float(smooth.std()), _noise(middle), _blocks(middle))


def smoothing_of(noise_share: float) -> float:
    """The Gaussian blur, in widths of the face, that leaves most of the face and least of so much noise."""
    return float(np.interp(noise_share, *_SMOOTHING))


def median_of(values: NDArray[Any]) -> Any:
    """Return the median down the first axis, the same numbers as `numpy.median` in a fifth of its time.

    Args:
        values: floats, shape (n, ...), n at least 1, none of them NaN.
    """
    ordered, half = np.sort(values, axis=0), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _within(length: int) -> slice:
    """The middle of a side, whole blocks long: noise is the same everywhere, and large faces would take long."""
    start = max(0, (length - _ENOUGH) // 2)
    return slice(start, start + _ENOUGH)


def _noise(grey: NDArray[np.float32]) -> float:
    """From the diagonal differences of two by two pixels, of which a face has few and noise has many."""
    even = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
    diagonal = (even[0::2, 0::2] - even[0::2, 1::2] - even[1::2, 0::2] + even[1::2, 1::2]) / 2
    return float(median_of(np.abs(diagonal).ravel())) / _MAD


def _blocks(grey: NDArray[np.float32]) -> float:
    """Of eight possible places of the grid the one with the largest steps, across and down."""
    ratios = []
    for turned in (grey, grey.T):
        steps = np.abs(np.diff(turned, axis=1)).mean(axis=0)
        if len(steps) < _FEWEST:
            return 1.0
        places = np.arange(len(steps)) % _BLOCK
        by_place = np.bincount(places, steps, _BLOCK) / np.bincount(places, minlength=_BLOCK) + 0.1
        ratios.append(float(by_place.max() / median_of(by_place)))
    return float(np.sqrt(ratios[0] * ratios[1]))
