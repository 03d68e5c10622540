"""Makes a picture another size, quickly, for a network to look at.

Owns this one function. It must never be used for a picture that people see or that is compared: halving drops odd rows.
"""

from __future__ import annotations

import cv2
import numpy as np

from plainview.recognition.types import Pixels


def resized(pixels: Pixels, scale: float) -> Pixels:
    """The picture at another size: halved by averaging as often as fits, then interpolated.

    Nine times as fast as averaging in one step, which OpenCV does quickly for whole factors only (3000 x 2560
    to 1250 wide: 4 ms against 37). Halving drops a last odd row or column, so coordinates are off by less
    than a pixel of the result at the far edge.
    """
    if scale == 1.0:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    while pixels.shape[1] >= 2 * size[0] and pixels.shape[0] >= 2 * size[1]:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        even = pixels[: half[1] * 2, : half[0] * 2]
        pixels = cv2.resize(even, half, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
