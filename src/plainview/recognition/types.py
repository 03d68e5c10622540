"""The nouns of recognition: a decoded picture, a face found in it, its quality, its template.

Owns plain frozen records, no behaviour. Nothing here names or classifies a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""uint8, shape (height, width, 3), colour order BGR, range 0-255, upright (EXIF orientation applied)."""

Points = NDArray[np.float32]
"""float32, shape (5, 2), pixels (x, y): eye, eye, nose, mouth corner, mouth corner, left to right in the image."""

Vector = NDArray[np.float32]
"""float32, shape (dimension,), length 1 (L2): a template. The cosine of two templates is their dot product."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded still picture.

    Attributes:
        pixels: see `Pixels`.
        format: the container as Pillow names it ("JPEG", "PNG", ...).
        stored_size: (width, height) in pixels as stored, before EXIF orientation.
        captured_on: the capture date that the file itself claims (EXIF), if any.
        notes: what decoding changed or left out, one sentence each.
        drawn: the box that a person drew around the face, (x, y, width, height) in pixels of `pixels`, if any.
    """

    pixels: Pixels
    format: str
    stored_size: tuple[int, int]
    captured_on: date | None = None
    notes: tuple[str, ...] = ()
    drawn: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """One face as the detector reports it, in pixels of the upright picture.

    Attributes:
        box: (x, y, width, height), float pixels; may reach past the border.
        points: see `Points`.
        score: detector confidence, 0 to 1 (that it is a face, not whose).
    """

    box: tuple[float, float, float, float]
    points: Points
    score: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a face can be compared, component by component.

    Attributes:
        overall: 0 (unusable) to 100 (portrait), the minimum-like summary of the components.
        components: component name -> measured value in the unit that quality.py gives for that name.
        advice: plain sentences, worst first; empty when nothing needs saying.
    """

    overall: int
    components: dict[str, float] = field(default_factory=dict)
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face with its quality; still without a template."""

    detection: Detection
    quality: Quality
