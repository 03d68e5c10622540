"""What a person may change on a probe before it is searched: cut, turn, lighten. A chain of named operations.

Owns the words of an edit ("crop:10,20,300,400", "rotate:90", "light:10,1.20,0.80") and what each does to pixels, the step
that Plainview itself adds to a dark or noisy probe ("prepared:1.20,6.50", see prepare.py), and the
box of a face that a person drew ("face:10,20,80,100 by Ada Okoro"), which changes no pixel and is the last word. The
original is never changed: a chain is applied to it every time, and the same chain gives the same pixels. It must
never hold an operation that adds what the photograph does not show: nothing is sharpened, enlarged, filled in or drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition.crop import SURROUND
from plainview.recognition.errors import BadMedia
from plainview.recognition.sandbox import DecodeLimits
from plainview.recognition.types import Picture, Pixels

MAX_EDITS = 20
"""Longest chain: chosen, more than any real preparation needs; bounds the work of applying one."""

MAX_BRIGHTNESS = 100
"""Grey levels added or taken away at most: chosen, a bit more than a third of the scale."""

CONTRAST = (0.5, 3.0)
"""Least and greatest factor about mid grey: chosen, beyond it a face turns to black and white areas."""

GAMMA = (0.3, 3.0)
"""Least and greatest exponent's inverse: above 1 lightens shadows, below 1 darkens; chosen as above."""

MAX_SMOOTHING = 20.0
"""Pixels: the strongest smoothing; source: prepare.SMOOTHING of a face as wide as the largest picture's shorter side."""

MAX_GAIN = 40.0
"""The greatest factor: a face of mean 3 grey levels comes to 120; below that there is only noise."""

_LIMITS = DecodeLimits()
_BY = " by "
_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,4})?")


@dataclass(frozen=True, slots=True)
class Crop:
    """Keep a part: left edge, top edge, width and height, whole pixels of the picture as it is at this step."""

    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"crop:{self.x},{self.y},{self.width},{self.height}"


@dataclass(frozen=True, slots=True)
class Rotate:
    """Turn clockwise about the middle, onto a canvas that holds all of it. Degrees in tenths, above -180 up to 180."""

    degrees: float

    def __str__(self) -> str:
        return f"rotate:{self.degrees:g}"


@dataclass(frozen=True, slots=True)
class Light:
    """Gamma first, then contrast about mid grey, then brightness in grey levels; the same for every channel."""

    brightness: int
    contrast: float
    gamma: float

    def __str__(self) -> str:
        return f"light:{self.brightness},{self.contrast:.2f},{self.gamma:.2f}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What Plainview did to a dark or noisy picture: a Gaussian blur of `smoothing` pixels, then every value times `gain`.

    (0, 1) changes nothing: it says that the picture is searched as it is, whatever its quality.
    """

    smoothing: float
    gain: float

    def __str__(self) -> str:
        return f"prepared:{self.smoothing:.2f},{self.gain:.2f}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The box of the face, drawn by a person: left edge, top edge, width and height, whole pixels of the edited picture.

    Attributes:
        by: the name of that person; "" until the server writes it.
    """

    x: int
    y: int
    width: int
    height: int
    by: str = ""

    def __str__(self) -> str:
        return f"face:{self.x},{self.y},{self.width},{self.height}" + (f"{_BY}{self.by}" if self.by else "")


Edit = Crop | Rotate | Light | Prepared | Drawn


def parse(text: str) -> Edit:
    """Read one edit; numbers are brought to the steps that an edit has (pixels, tenths, hundredths).

    Raises:
        BadMedia: bad_edit.
    """
    name, _, rest = text.strip().partition(":")
    by = ""
    if name == "face":
        rest, _, by = rest.partition(_BY)
    parts = rest.split(",")
    if not all(_NUMBER.fullmatch(part.strip()) for part in parts):
        raise _bad(f"{text[:60]!r} is not an edit.")
    values = [float(part) for part in parts]
    if name == "face" and len(values) == 4:
        return _drawn([round(value) for value in values], by.strip())
    if name == "crop" and len(values) == 4:
        x, y, width, height = (round(value) for value in values)
        if x < 0 or y < 0 or width < 1 or height < 1:
            raise _bad("The crop is not within the picture.")
        return Crop(x, y, width, height)
    if name == "rotate" and len(values) == 1:
        return Rotate(_turned(values[0]))
    if name == "light" and len(values) == 3:
        light = Light(round(values[0]), round(values[1], 2), round(values[2], 2))
        if abs(light.brightness) > MAX_BRIGHTNESS:
            raise _bad(f"Brightness must be a number from -{MAX_BRIGHTNESS} to {MAX_BRIGHTNESS}.")
        if not CONTRAST[0] <= light.contrast <= CONTRAST[1]:
            raise _bad(f"Contrast must be a number from {CONTRAST[0]:g} to {CONTRAST[1]:g}.")
        if not GAMMA[0] <= light.gamma <= GAMMA[1]:
            raise _bad(f"Gamma must be a number from {GAMMA[0]:g} to {GAMMA[1]:g}.")
        return light
    if name == "prepared" and len(values) == 2:
        prepared = Prepared(round(values[0], 2), round(values[1], 2))
        if not (0 <= prepared.smoothing <= MAX_SMOOTHING and 1 <= prepared.gain <= MAX_GAIN):
            raise _bad(f"A preparation smooths by 0 to {MAX_SMOOTHING:g} pixels and brightens 1 to {MAX_GAIN:g} times.")
        return prepared
    raise _bad(f"{text[:60]!r} is not an edit.")


def _drawn(box: Sequence[int], by: str) -> Drawn:
    x, y, width, height = box
    if x < 0 or y < 0:
        raise _bad_box("The box is not within the picture.")
    if min(width, height) < _LIMITS.min_side:
        raise _bad_box(f"The box is {width} × {height} pixels; {_LIMITS.min_side} on a side are needed.")
    return Drawn(x, y, width, height, by)


def read(texts: Iterable[str]) -> tuple[Edit, ...]:
    """Read a chain.

    Raises:
        BadMedia: bad_edit, also for a chain longer than MAX_EDITS.
    """
    chain = tuple(parse(text) for text in texts)
    by_people = sum(not isinstance(edit, Prepared) for edit in chain)
    if by_people > MAX_EDITS:
        raise _bad(f"The probe has {by_people} edits; at most {MAX_EDITS} are allowed.")
    steps = [edit for edit in chain if isinstance(edit, Prepared)]
    if steps and chain != with_preparation(chain, steps[0]):
        raise _bad("A picture is prepared once, after every other edit.")
    if any(isinstance(edit, Drawn) for edit in chain[:-1]):
        raise _bad("The box of a face is drawn after every other edit.")
    return chain


def unprepared(chain: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return the chain without the step that Plainview added."""
    return tuple(edit for edit in chain if not isinstance(edit, Prepared))


def with_preparation(chain: Sequence[Edit], prepared: Prepared) -> tuple[Edit, ...]:
    """Return the chain with its preparation: after every edit of a person, before the box of a face."""
    head = unprepared(chain)
    drawn = head[-1:] if head and isinstance(head[-1], Drawn) else ()
    return (*head[: len(head) - len(drawn)], prepared, *drawn)


def written(chain: Sequence[Edit]) -> list[str]:
    """The chain as `read` takes it: what is stored, recorded and disclosed."""
    return [str(edit) for edit in chain]


def add(chain: Sequence[Edit], edit: Edit) -> tuple[Edit, ...]:
    """Append an edit: turning again adds to the turn, other light replaces the light; what does nothing is left out.

    So a picture is interpolated once for a turn that was found in several steps. A drawn box replaces an earlier one,
    stays behind new light, and is dropped by a new turn or crop.
    """
    head, last = unprepared(chain), edit
    drawn = head[-1] if head and isinstance(head[-1], Drawn) else None
    if drawn is not None:
        head = head[:-1]
    if head and isinstance(edit, Rotate) and isinstance(head[-1], Rotate):
        last, head = replace(edit, degrees=_turned(head[-1].degrees + edit.degrees)), head[:-1]
    elif head and isinstance(edit, Light) and isinstance(head[-1], Light):
        head = head[:-1]
    longer = head if last in (Rotate(0.0), Light(0, 1.0, 1.0)) else (*head, last)
    return (*longer, drawn) if drawn is not None and isinstance(edit, Light) else longer


def drawn_by(chain: Sequence[Edit], name: str) -> tuple[Edit, ...]:
    """Return the chain with the name of the person who drew the box; a name that is in it stays."""
    return tuple(replace(edit, by=name) if isinstance(edit, Drawn) and not edit.by else edit for edit in chain)


def says(edit: Edit) -> str:
    """An edit in words, for people."""
    if isinstance(edit, Crop):
        return f"Cropped to {edit.width} × {edit.height} pixels, from {edit.x} right and {edit.y} down"
    if isinstance(edit, Rotate):
        return f"Rotated {abs(edit.degrees):g}° {'clockwise' if edit.degrees > 0 else 'anticlockwise'}"
    if isinstance(edit, Drawn):
        size = f"{edit.width} × {edit.height} pixels, from {edit.x} right and {edit.y} down"
        return f"Face drawn by {edit.by or 'hand'}: {size}"
    if isinstance(edit, Prepared):
        return prepared_words(edit)
    return f"Light: brightness {edit.brightness:+d}, contrast × {edit.contrast:.2f}, gamma {edit.gamma:.2f}"


def prepared_words(edit: Prepared) -> str:
    """What a preparation did, in words."""
    smoothed = f"smoothed by {edit.smoothing:.1f} pixels" if edit.smoothing else ""
    brighter = f"brightened {edit.gain:.1f} times" if edit.gain > 1 else ""
    done = " and ".join(words for words in (smoothed, brighter) if words)
    return f"Prepared for the search: {done}" if done else "Searched as it is, without preparation"


def apply(picture: Picture, chain: Sequence[Edit]) -> Picture:
    """Apply a chain to the original.

    Args:
        picture: as decoded.
        chain: from `read`.

    Returns:
        The picture with new pixels; format, stored size and date stay those of the original.

    Raises:
        BadMedia: bad_edit, when a crop reaches past the picture as it is at its step or leaves too little of it;
            too_many_pixels, when a turned picture's canvas is larger than a decoded picture may be.
    """
    pixels, drawn = picture.pixels, None
    for edit in chain:
        if isinstance(edit, Crop):
            pixels = _cropped(pixels, edit)
        elif isinstance(edit, Rotate):
            pixels = _rotated(pixels, edit.degrees)
        elif isinstance(edit, Light):
            pixels = _lit(pixels, edit)
        elif isinstance(edit, Prepared):
            pixels = _prepared(pixels, edit)
        else:
            drawn = _box_within(pixels, edit)
    return replace(picture, pixels=np.ascontiguousarray(pixels), drawn=drawn) if chain else picture


def _box_within(pixels: Pixels, edit: Drawn) -> tuple[int, int, int, int]:
    height, width = pixels.shape[:2]
    if edit.x + edit.width > width or edit.y + edit.height > height:
        raise _bad_box(f"The box goes beyond the picture, which has {width} × {height} pixels.")
    return (edit.x, edit.y, edit.width, edit.height)


def place(size: tuple[int, int], chain: Sequence[Edit]) -> NDArray[np.float64]:
    """Where a point of the original lies after the chain.

    Args:
        size: (width, height) of the original, pixels.
        chain: edits that fit it.

    Returns:
        float64, shape (3, 3): maps (x, y, 1) to (x, y, 1), pixels, whole numbers at the middle of a pixel.
    """
    width, height = size
    total = np.eye(3)
    for edit in chain:
        step = np.eye(3)
        if isinstance(edit, Crop):
            step[:2, 2] = -edit.x, -edit.y
            width, height = edit.width, edit.height
        elif isinstance(edit, Rotate):
            step, (width, height) = _turn(width, height, edit.degrees)
        total = step @ total
    return total


def _cropped(pixels: Pixels, edit: Crop) -> Pixels:
    height, width = pixels.shape[:2]
    if edit.x + edit.width > width or edit.y + edit.height > height:
        raise _bad(f"The crop goes beyond the picture, which has {width} × {height} pixels at that point.")
    if min(edit.width, edit.height) < _LIMITS.min_side:
        raise _bad(f"The edit would leave less than {_LIMITS.min_side} pixels on a side.")
    return pixels[edit.y : edit.y + edit.height, edit.x : edit.x + edit.width]


def _rotated(pixels: Pixels, degrees: float) -> Pixels:
    height, width = pixels.shape[:2]
    quarter, rest = divmod(degrees, 90)
    if rest == 0:
        return np.rot90(pixels, -int(quarter))  # exact: no pixel is computed
    matrix, (wide, high) = _turn(width, height, degrees)
    if wide * high > _LIMITS.max_pixels or max(wide, high) > _LIMITS.max_side:
        raise BadMedia(
            "too_many_pixels", f"Rotated, the picture would have {wide:,} x {high:,} pixels.", "Crop the picture first."
        )
    warped = cv2.warpAffine(
        pixels,
        matrix[:2],
        (wide, high),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=SURROUND,
    )
    return np.asarray(warped, dtype=np.uint8)


def _turn(width: int, height: int, degrees: float) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The matrix of one turn, and the size of the canvas."""
    quarter, rest = divmod(degrees, 90)
    if rest == 0:
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[int(quarter) % 4]
    else:
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))  # type: ignore[assignment]
    wide = math.ceil(abs(width * cos) + abs(height * sin) - 1e-6)
    high = math.ceil(abs(width * sin) + abs(height * cos) - 1e-6)
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], dtype=np.float64)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix[:2, 2] = np.array([(wide - 1) / 2, (high - 1) / 2]) - matrix[:2, :2] @ middle
    return matrix, (wide, high)


def _lit(pixels: Pixels, edit: Light) -> Pixels:
    level = (np.arange(256) / 255) ** (1 / edit.gamma)
    level = ((level - 0.5) * edit.contrast + 0.5) * 255 + edit.brightness
    return np.asarray(cv2.LUT(pixels, np.clip(np.rint(level), 0, 255).astype(np.uint8)), dtype=np.uint8)


def _prepared(pixels: Pixels, edit: Prepared) -> Pixels:
    """Blurred and multiplied in 256ths of a grey level, and rounded once: what the noise hid is not lost twice.

    OpenCV blurs 16-bit whole numbers bit by bit the same on every machine, which floating point does not promise.
    """
    fine = pixels.astype(np.uint16) << 8
    if edit.smoothing:
        fine = np.asarray(cv2.GaussianBlur(fine, (0, 0), edit.smoothing), np.uint16)
    levels = np.clip(np.rint(np.arange(1 << 16) / 256 * edit.gain), 0, 255).astype(np.uint8)
    return np.asarray(levels[fine], np.uint8)


def _turned(degrees: float) -> float:
    """In tenths, above -180 and up to 180; never minus zero."""
    whole = round(degrees * 10) % 3600
    return (whole - 3600 if whole > 1800 else whole) / 10


def _bad_box(why: str) -> BadMedia:
    return BadMedia("bad_edit", why, "Draw the box around the face, from chin to forehead, within the picture.")


def _bad(why: str) -> BadMedia:
    return BadMedia("bad_edit", why, "Undo the edit, or choose other values.")
