"""Says whether the lower face or the eyes seem covered: a mask, a scarf, a hand, dark glasses, or the picture ends there.

Owns two numbers, each from the edges and colours of a part of the aligned face and a linear rule. It must never say what
the cover is or why somebody wears it: it is about the picture. The weights were fitted by benchmarks/covers.py and
benchmarks/glasses.py; how often they are wrong is in docs/explanation/accuracy.md, "Covers".
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.recognition import cover_weights, eyes_weights
from plainview.recognition.disturbance import GREY, median_of, smoothing_of
from plainview.recognition.types import Pixels

COVERED = 0.5
"""From here on a face counts as covered: where 1 % of uncovered faces would, among people of the tuning half who were
left out of the fit in turn (benchmarks/covers.py)."""

_SIDE = 56  # pixels of the aligned face, halved: finer detail is texture of cloth or skin and differs too much
_CELL = 8  # pixels: seven by seven cells, of which eyes take the third row, nose the fourth, mouth the sixth
_ROWS = _SIDE // _CELL
_LOWER = 3  # the row of cells from which on the rule looks: below the eyes
_TURNS = 8  # directions of an edge, dark to bright, 45 degrees each
_SPREAD = np.array([20, 8, 8], np.float32)  # L*, a*, b* by which parts of an uncovered face differ, about
_MOST = 3.0  # of these spreads: a colour further away is just another colour

_GRAIN = 0.15
"""Share of noise from which a face is smoothed: clean faces have 0.05 at most (`disturbance.Signal`)."""

_FACE_WIDTH = 88
"""Pixels: width of a detected face in the aligned one, mean of the faces of lfw-dev."""

_DETAIL, _DOUBT_SLOPE, _GRAINY, _DOUBT_MOST = -0.37, 6.0, 0.5, 2.0
"""Logarithm of finer over coarser detail below which a face is blurred (half of the faces of lfw-dev have more than -0.32); by how
much the limit then rises; the share of noise by which it rises most; and how much each adds at most."""

_LIGHT, _MOST_GAIN = 110 / 255, 40.0
"""Mean brightness to which a darker face is brightened, that of ordinary faces, and by how much at most: as a search
prepares a probe (prepare.py)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the face: the rows of cells that the rule looks at, and those whose colour they are compared with."""

    rows: slice
    about: slice


MOUTH = Part(slice(_LOWER, _ROWS), slice(2, 4))
"""Mouth and nose, compared with the colour about the eyes."""

EYES = Part(slice(1, 5), slice(4, 6))
"""Brows to the upper cheeks, compared with the colour of cheeks and nose."""

FEATURES = 4 * _ROWS * (_TURNS + 2 * 3)
"""Numbers that a rule weighs: either part has four rows."""


def covers(aligned: Pixels, noise: float = 0.0) -> tuple[float, float]:
    """How covered the lower face and the eyes (as by dark glasses) seem.

    Args:
        aligned: uint8, shape (112, 112, 3), BGR, 0-255, from `align.align`.
        noise: share of noise in contrast, `disturbance.Signal.noise_seen`: a noisy face is looked at smoothed.

    Returns:
        (lower face, eyes), each 0 to 1; `COVERED` is the limit. No probabilities.
    """
    lit = _lit(aligned, noise)
    edges, colours = _cells(lit)
    mouth = float(_numbers(edges, colours, MOUTH) @ _WEIGHTS) + cover_weights.BIAS - _doubt(lit, noise)
    eyes = float(_numbers(edges, colours, EYES) @ _EYES_WEIGHTS) + eyes_weights.BIAS
    return _share(mouth), _share(eyes)


def doubt(aligned: Pixels, noise: float = 0.0) -> float:
    """How much is taken off the lower face's value before it is a share: 0 for a sharp face, up to 4 for a poor one.

    A blurred mouth looks like cloth, and so does grain. The numbers are chosen on the tuning half, so that at most 2 % of
    uncovered faces that are small, dark, compressed or a little blurred count as covered (benchmarks/poor_covers.py).

    Args:
        aligned, noise: as for `covers`.
    """
    return _doubt(_lit(aligned, noise), noise)


def _doubt(lit: NDArray[np.float32], noise: float) -> float:
    fine = cv2.GaussianBlur(lit @ GREY, (0, 0), 1.0)
    coarse = cv2.GaussianBlur(fine, (0, 0), 3.0**0.5)  # together a blur of 2 pixels, and below of 4
    coarsest = cv2.GaussianBlur(coarse, (0, 0), 12.0**0.5)
    detail = np.log(((fine - coarse)[_INNER].std() + 1e-5) / ((coarse - coarsest)[_INNER].std() + 1e-3))
    return min(_DOUBT_MOST, _DOUBT_SLOPE * max(0.0, _DETAIL - float(detail))) + _DOUBT_MOST * min(
        1.0, max(0.0, noise - _GRAIN) / _GRAINY
    )


def _share(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def features(aligned: Pixels, part: Part = MOUTH, noise: float = 0.0) -> NDArray[np.float32]:
    """What a rule looks at.

    In each cell of the part: the strength of edges by direction (a histogram of oriented gradients, Dalal and
    Triggs, CVPR 2005, relative to the face's own contrast), the colour (CIE L*a*b*) relative to that of its other rows,
    and the size of this difference.

    Args:
        aligned, noise: as for `covers`.
        part: of the face.

    Returns:
        float32, shape (`FEATURES`,).
    """
    return _numbers(*_cells(_lit(aligned, noise)), part)


def _lit(aligned: Pixels, noise: float) -> NDArray[np.float32]:
    """The face halved, smoothed where it is noisy and brightened where it is dark: darkness and grain are no covers."""
    values = aligned.astype(np.float32)
    calm = cv2.GaussianBlur(values, (0, 0), smoothing_of(noise) * _FACE_WIDTH) if noise >= _GRAIN else values
    small = cv2.resize(calm, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) / 255
    light = float((small[_INNER] @ GREY).mean())
    return np.asarray(np.clip(small * min(_MOST_GAIN, max(1.0, _LIGHT / max(light, 1e-3))), 0, 1), np.float32)


def _cells(lit: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Edges by direction, relative to the face's contrast, and mean colour of each cell."""
    lab = cv2.cvtColor(lit, cv2.COLOR_BGR2LAB)
    across = cv2.Sobel(lab[:, :, 0], cv2.CV_32F, 1, 0) / 8
    down = cv2.Sobel(lab[:, :, 0], cv2.CV_32F, 0, 1) / 8
    strength = np.hypot(across, down)
    contrast = float(np.sqrt((strength[_INNER] ** 2).mean())) + 1.0
    turn = (np.arctan2(down, across) + np.pi) / (2 * np.pi) * _TURNS
    whole = np.floor(turn)
    share = strength * (turn - whole)
    first = whole.astype(np.intp) % _TURNS
    places = np.concatenate([first * _ROWS**2 + _CELLS, (first + 1) % _TURNS * _ROWS**2 + _CELLS])
    sums = np.bincount(places.ravel(), np.concatenate([strength - share, share]).ravel(), _TURNS * _ROWS**2)
    by_cell = (sums / _CELL**2).astype(np.float32).reshape(_TURNS, _ROWS, _ROWS)
    colours = lab.reshape(_ROWS, _CELL, _ROWS, _CELL, 3).mean(axis=(1, 3))
    return np.sqrt(by_cell / contrast), colours


def _numbers(edges: NDArray[np.float32], colours: NDArray[np.float32], part: Part) -> NDArray[np.float32]:
    about = median_of(colours[part.about, 1:6].reshape(-1, 3))
    other = np.clip((colours - about) / _SPREAD, -_MOST, _MOST)[part.rows]
    parts = (edges[:, part.rows], other, np.abs(other))
    return np.concatenate([values.ravel() for values in parts]).astype(np.float32)


_CELLS = np.add.outer(np.arange(_SIDE) // _CELL * _ROWS, np.arange(_SIDE) // _CELL)  # the cell of each pixel
_INNER = (slice(8, 52), slice(8, 48))  # the face without its surroundings, in pixels of the halved crop

_WEIGHTS = np.array(cover_weights.WEIGHTS, np.float32) / 1000
_EYES_WEIGHTS = np.array(eyes_weights.WEIGHTS, np.float32) / 1000
