"""What recognition measures of two public portraits, whole and spoiled: the numbers behind the documented error rates.

Owns the pictures and how their numbers are taken. `python -m tests.factories.measured` writes them again, into
tests/unit/recognition/measured.json. Do so only with the benchmarks of docs/reference/recognition.md run again: a
constant that changes changes what they measured.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tests.factories import models

from plainview.evaluation.covers import draw_cover
from plainview.recognition.box import face_in_box
from plainview.recognition.edits import written
from plainview.recognition.errors import BadMedia
from plainview.recognition.prepare import looked_at, ready
from plainview.recognition.types import Detection, Picture, Pixels

FILE = Path(__file__).parents[1] / "unit" / "recognition" / "measured.json"


def _noisy(source: Picture, light: float, noise: float) -> Picture:
    values = source.pixels * light + np.random.default_rng(1).normal(0, noise, source.pixels.shape)
    return models.picture(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _blurred(source: Picture, sigma: float) -> Picture:
    return models.picture(np.asarray(cv2.GaussianBlur(source.pixels, (0, 0), sigma), np.uint8))


def _compressed(source: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", source.pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return models.picture(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))


def _moved(source: Picture) -> Picture:
    line = np.zeros((31, 31), np.float32)
    cv2.line(line, (5, 9), (25, 21), 1.0)
    return models.picture(np.asarray(cv2.filter2D(source.pixels, -1, line / line.sum()), np.uint8))


def _covered(source: Picture, kind: int) -> Picture:
    return models.picture(draw_cover(source.pixels, models.engine().faces(source)[0].detection.points, kind))


def _part(source: Picture, columns: slice) -> Picture:
    return models.picture(np.ascontiguousarray(source.pixels[:, columns]))


def _quarters(source: Picture, turns: int) -> Picture:
    return models.picture(np.ascontiguousarray(np.rot90(source.pixels, turns)))


def _pair() -> Picture:
    """A large picture with a close-up and a face of 60 pixels."""
    canvas: Pixels = np.full((1500, 1900, 3), 90, np.uint8)
    close_up = models.hopper().pixels[110:345, 165:370]
    canvas[100:1400, 100:1234] = cv2.resize(close_up, (1134, 1300), interpolation=cv2.INTER_CUBIC)
    canvas[900:1200, 1500:1800] = cv2.resize(models.collins().pixels[20:320, 100:400], (300, 300))
    return models.picture(canvas)


def _half() -> Picture:
    return models.scaled(models.hopper(), 0.5)


def _small() -> Picture:
    return models.scaled(models.collins(), 0.9)


PICTURES: dict[str, Callable[[], Picture]] = {
    "hopper": models.hopper,
    "collins": models.collins,
    "hopper, a quarter": lambda: models.scaled(models.hopper(), 0.25),
    "hopper, a tenth": lambda: models.scaled(models.hopper(), 0.1),
    "collins, a fifth": lambda: models.scaled(models.collins(), 0.2),
    "collins, three times": lambda: models.scaled(models.collins(), 3.0),
    "hopper turned by 12 degrees": lambda: models.turned(models.hopper(), 12),
    "hopper turned by 35 degrees": lambda: models.turned(models.hopper(), 35),
    "collins turned by -70 degrees": lambda: models.turned(models.collins(), -70),
    "hopper on the side": lambda: _quarters(models.hopper(), 1),
    "collins upside down": lambda: _quarters(models.collins(), 2),
    "hopper in the dark": lambda: _noisy(_half(), 0.06, 4.0),
    "collins in the dark": lambda: _noisy(_small(), 0.12, 4.0),
    "collins in deep dark": lambda: _noisy(_small(), 0.04, 4.0),
    "hopper with noise": lambda: _noisy(_half(), 1.0, 25.0),
    "hopper too bright": lambda: _noisy(models.hopper(), 2.2, 0.0),
    "hopper with little contrast": lambda: models.picture((_half().pixels * 0.15 + 60).astype(np.uint8)),
    "hopper compressed": lambda: _compressed(_half(), 8),
    "hopper blurred": lambda: _blurred(models.hopper(), 5.0),
    "collins blurred": lambda: _blurred(models.scaled(models.collins(), 0.4), 1.2),
    "collins moved": lambda: _moved(models.collins()),
    "hopper with a mask": lambda: _covered(models.hopper(), 1),
    "collins with a scarf": lambda: _covered(models.collins(), 5),
    "hopper cut in half": lambda: _part(models.hopper(), slice(0, 275)),
    "a close-up and a small face": _pair,
}

DRAWN = {
    "hopper": (170, 100, 200, 240),
    "hopper turned by 35 degrees": (260, 190, 230, 250),
    "collins upside down": (200, 240, 120, 150),
    "collins in deep dark": (140, 60, 130, 140),
}
"""Boxes that a person drew in some of the pictures."""


def _of(face: Detection) -> dict[str, Any]:
    return {"box": list(face.box), "points": face.points.ravel().tolist(), "score": face.score}


def measure(name: str) -> dict[str, Any]:
    """Return what recognition measures of one picture: pixels, shares and cosines."""
    picture = PICTURES[name]()
    engine = models.engine()
    rows = []
    for face, prepared in looked_at(engine, picture, ()):
        quality = {"components": face.quality.components, "overall": face.quality.overall}
        steady = {
            str(looks): engine.detector.steady(picture.pixels, face.detection.points, looks).ravel().tolist()
            for looks in (2, 4)
        }
        rows.append(_of(face.detection) | quality | {"prepared": prepared, "steady": steady})
    measured: dict[str, Any] = {"faces": rows, "glance": [_of(face) for face in engine.glance(picture.pixels)]}
    try:
        done = ready(engine, picture, ())
    except BadMedia as refused:
        measured["refused"] = refused.code
    else:
        reference = models.collins() if name.startswith("collins") else models.hopper()
        known = engine.reference_template(reference, engine.faces(reference)[0].detection)
        both = engine.both_templates(done.picture, done.face.detection)
        measured |= {"chain": written(done.chain), "cosines": [float(known @ template) for template in both]}
    if name in DRAWN:
        measured["drawn"] = _of(face_in_box(engine.detector, picture.pixels, DRAWN[name]))
    return measured


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: _rounded(measure(name)) for name in PICTURES}, indent=1) + "\n")
    sys.stdout.write(f"{FILE}: {FILE.stat().st_size} bytes\n")
