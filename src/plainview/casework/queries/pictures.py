"""Pictures as pages show them: a face cut out at one scale, or the whole picture at a bounded size, as JPEG bytes.

Owns their making and a bounded memory of it: decoding one takes longer than the rest of a page. Nothing made here is
ever written to a disk. Whether a member may see a picture is decided by the query that found it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from plainview.casework.services import services
from plainview.recognition.crop import face_square, within
from plainview.recognition.types import Pixels

SIDES = (160, 320, 960)
"""Sides of a face's square that pages ask for, in pixels: a row, a card, an examination."""

LONGEST = 1600
"""Longer side of a whole picture, in pixels: fills a screen, and bounds what a page has to load."""

_QUALITY = 90  # JPEG: no visible loss at these sizes
_KEPT = 2048  # pictures in memory: about 40 MB of cards


def face_jpeg(blob: str, box: Sequence[float], side: int) -> bytes:
    """The face in a stored picture.

    Args:
        blob: digest of the stored picture.
        box: (x, y, width, height) of the face, pixels.
        side: one of SIDES; another is taken as the next larger one.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    wanted = next((known for known in SIDES if known >= side), SIDES[-1])
    return _face(blob, tuple(float(value) for value in box), wanted)


def whole_jpeg(blob: str) -> bytes:
    """A stored picture, its longer side at most LONGEST pixels, without the file's metadata.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    return _whole(blob)


def jpeg(pixels: Pixels) -> bytes:
    """Encode pixels (BGR) as JPEG."""
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ValueError("pixels that cannot be encoded")
    return bytes(np.asarray(data, dtype=np.uint8))


def forget_pictures() -> None:
    """Drop what is remembered, after an erasure."""
    _face.cache_clear()
    _whole.cache_clear()


# Keyed by content hash: the same key always means the same picture.
@lru_cache(maxsize=_KEPT)
def _face(blob: str, box: tuple[float, ...], side: int) -> bytes:
    return jpeg(face_square(_pixels(blob), box, side))


@lru_cache(maxsize=64)
def _whole(blob: str) -> bytes:
    return jpeg(within(_pixels(blob), LONGEST))


def _pixels(blob: str) -> Pixels:
    return services().decoder.decode(services().blobs.get(blob)).pixels
