"""Prepares a dark, noisy or blocky probe for the search: smoothed a little, and where it is dark brightened afterwards.

Owns when a probe is prepared and how strongly, from measured noise, light and JPEG blocks of its face. The step is an
edit of the chain (`edits.Prepared`), so that every list, record and disclosure says it and applies it again. It must
never touch a clean picture, add what the photograph does not show, or leave a step out of the chain: smoothing and
multiplying are all it does. How the limits were chosen: docs/reference/recognition.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plainview.recognition.disturbance import Signal, signal, smoothing_of
from plainview.recognition.edits import (
    MAX_GAIN,
    MAX_SMOOTHING,
    Edit,
    Prepared,
    apply,
    says,
    unprepared,
    with_preparation,
)
from plainview.recognition.quality import assess
from plainview.recognition.types import Face, Picture

NOISY = 0.3
"""Share of noise in contrast from which a face is smoothed; below it smoothing gains nothing. Clean faces of lfw-dev have
at most 0.05, scaled to 24 pixels at most 0.21; a photograph with the grain of its film 0.17."""

BLOCKY = 1.8
"""Steps at the edges of JPEG blocks over other steps, from which a face is smoothed: quality 10 has 1.9 and more, clean
faces of lfw-dev at most 1.3."""

_BLOCK_SMOOTHING = ((1.8, 2.4, 4.0), (0.9, 1.1, 1.6))
"""Steps at the edges of blocks -> blur in pixels: blocks have one size, whatever the face."""

_BLOCKS_IN, _BLOCK_MOST = 200, 0.017
"""Pixels of face width from which blocks are too fine for the network to see; and the most blur for them, in widths."""

DARK = 60
"""Mean grey level below which a face that is smoothed is brightened too. Brightening alone loses faces."""

BRIGHT = 110
"""Mean grey level to which it is brightened: that of ordinary faces is 95 to 155."""


class Finder(Protocol):
    """What is needed of an `engine.Engine`."""

    def faces(self, picture: Picture) -> list[Face]:
        """Return the faces of a picture, largest first."""

    def probe_face(self, picture: Picture, number: int | None = None) -> tuple[int, Face]:
        """Return the face to search with, or raise BadMedia."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A probe that is ready for its template.

    Attributes:
        picture: after the whole chain.
        chain: the chain of edits, with the preparation if there is one.
        number: the face in that picture, from 1.
        face: that face, with the quality of the picture before its preparation.
    """

    picture: Picture
    chain: tuple[Edit, ...]
    number: int
    face: Face


def preparation(measured: Signal, width: float) -> Prepared | None:
    """Choose the preparation of a face, or none.

    Args:
        measured: in the picture as it is.
        width: of the face, pixels.
    """
    share = measured.noise_seen(width)
    if share >= NOISY:
        smoothing = width * smoothing_of(share)
    elif measured.blocks >= BLOCKY and width < _BLOCKS_IN:
        smoothing = min(float(np.interp(measured.blocks, *_BLOCK_SMOOTHING)), _BLOCK_MOST * width)
    else:
        return None
    gain = BRIGHT / max(measured.light, BRIGHT / MAX_GAIN) if measured.light < DARK else 1.0
    return Prepared(round(min(smoothing, MAX_SMOOTHING), 2), round(gain, 2))


def ready(engine: Finder, decoded: Picture, chain: Sequence[Edit], number: int | None = None) -> Ready:
    """Edit and, where its face is dark, noisy or blocky, prepare a probe; find its face.

    Args:
        engine: finds and measures faces.
        decoded: the original.
        chain: a person's edits; one that already has a preparation, even an empty one, keeps it.
        number: the face in the picture after these edits, from 1; None: the largest.

    Raises:
        BadMedia: as `Engine.probe_face` and `edits.apply`.
    """
    edited = apply(decoded, unprepared(chain))
    stated = next((edit for edit in chain if isinstance(edit, Prepared)), None)
    if stated is not None:
        return _prepared(engine, decoded, edited, chain, stated, number, None)
    faces = engine.faces(edited)
    if not faces:
        prepared = _of_the_whole(edited)
        if prepared is not None:
            return _prepared(engine, decoded, edited, chain, prepared, number, None)
    chosen, face = engine.probe_face(edited, number)
    prepared = preparation(signal(edited.pixels, face.detection.box), face.detection.box[2])
    if prepared is None:
        return Ready(edited, tuple(chain), chosen, face)
    return _prepared(engine, decoded, edited, chain, prepared, chosen, face)


def looked_at(engine: Finder, decoded: Picture, chain: Sequence[Edit]) -> list[tuple[Face, str]]:
    """Return every face that a person may choose, and for each in words how a search would prepare the picture ("" if not).

    The numbers are those that `ready` takes.

    Args:
        engine: finds and measures faces.
        decoded: the original.
        chain: a person's edits.

    Raises:
        BadMedia: as `edits.apply`.
    """
    edited = apply(decoded, unprepared(chain))
    if any(isinstance(edit, Prepared) for edit in chain):
        return [(face, "") for face in engine.faces(apply(decoded, chain))]
    faces = engine.faces(edited)
    whole = None if faces else _of_the_whole(edited)
    if whole is not None:
        shown = engine.faces(apply(decoded, with_preparation(chain, whole)))
        return [(replace(face, quality=assess(edited.pixels, face.detection)), _says(whole)) for face in shown]
    prepared = [preparation(signal(edited.pixels, face.detection.box), face.detection.box[2]) for face in faces]
    return [(face, _says(step) if step else "") for face, step in zip(faces, prepared, strict=True)]


def _says(step: Prepared) -> str:
    return f"{says(step)}. The original is kept, and the candidate list shows this step."


def _of_the_whole(picture: Picture) -> Prepared | None:
    """Choose the preparation of a picture in which no face was found: too dark to see one, perhaps."""
    height, width = picture.pixels.shape[:2]
    return preparation(signal(picture.pixels, (0, 0, width, height)), min(width, height) / 2)


def _prepared(
    engine: Finder,
    decoded: Picture,
    edited: Picture,
    chain: Sequence[Edit],
    prepared: Prepared,
    number: int | None,
    face: Face | None,
) -> Ready:
    """Apply the preparation and find the face again, where it was found before; without it there, leave it out."""
    longer = with_preparation(chain, prepared)
    picture = apply(decoded, longer)
    if face is not None:
        there = _nearest(engine.faces(picture), face)
        if there is None:
            return Ready(edited, tuple(chain), *engine.probe_face(edited, number))
        number = there
    chosen, again = engine.probe_face(picture, number)
    quality = again.quality if edited.drawn else assess(edited.pixels, again.detection)
    return Ready(picture, longer, chosen, replace(again, quality=quality))


def _nearest(faces: Sequence[Face], face: Face) -> int | None:
    """Return the number of the face at the place of another, within half its width."""
    if not faces:
        return None
    middle = _middle(face)
    apart = [float(np.hypot(*(_middle(other) - middle))) for other in faces]
    return apart.index(min(apart)) + 1 if min(apart) <= face.detection.box[2] / 2 else None


def _middle(face: Face) -> NDArray[np.float64]:
    x, y, width, height = face.detection.box
    return np.array([x + width / 2, y + height / 2])
