"""How often a turned face is found, said to be turned, and given the template of the face upright.

    python benchmarks/turned_faces.py DIR [N] [SEED]

Takes N photographs of upright faces below DIR (default 100), turns each, and prints for each turn: faces found, those said
to be turned by the right angle (within 20 degrees), and the mean cosine with the template of the upright picture. The last
line is about pictures without a face: the corners of the same photographs, in which a face was found.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np

from plainview.recognition.decode import Decoder, read_file
from plainview.recognition.edits import Rotate, apply
from plainview.recognition.engine import Engine, compare
from plainview.recognition.turned import turned_by
from plainview.recognition.types import Face, Picture

_TURNS = (0, 20, 45, 70, 90, 135, 180, -90, -45)
_NEAR = 20  # degrees
_CORNER = 0.3  # of a photograph's side


def main(folder: Path, count: int, seed: int) -> None:
    """Print the table."""
    engine = Engine.load()
    names = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chosen = random.Random(seed).sample(names, min(count, len(names)))  # noqa: S311  not a secret
    detected, right = dict.fromkeys(_TURNS, 0), dict.fromkeys(_TURNS, 0)
    cosines: dict[int, list[float]] = {turn: [] for turn in _TURNS}
    corners = invented = 0
    with Decoder() as decoder:
        for path in chosen:
            picture = decoder.decode(read_file(path))
            upright = _middle(engine, picture)
            if upright is None:
                continue
            template = engine.template(picture, upright.detection)
            for turn in _TURNS:
                shown = apply(picture, [Rotate(turn)] if turn else [])
                face = _middle(engine, shown)
                if face is None:
                    continue
                detected[turn] += 1
                off = (turned_by(face.detection.points) - turned_by(upright.detection.points) - turn + 180) % 360 - 180
                right[turn] += abs(off) <= _NEAR or (not turned_by(face.detection.points) and abs(turn) <= _NEAR)
                cosines[turn].append(compare(template, engine.template(shown, face.detection)))
            for corner in _corners(picture):
                corners += 1
                invented += bool(engine.faces(corner))
    print(f"{len(chosen)} photographs, seed {seed}")  # noqa: T201
    for turn in _TURNS:
        print(  # noqa: T201
            f"turned by {turn:4}: {detected[turn]} found, {right[turn]} said rightly, "
            f"mean cosine with the upright face {np.mean(cosines[turn]):.3f}"
        )
    print(f"{corners} corners without a face: a face was found in {invented}")  # noqa: T201


def _middle(engine: Engine, picture: Picture) -> Face | None:
    """The face nearest the middle, of those at least half as wide as the largest."""
    faces = engine.faces(picture)
    height, width = picture.pixels.shape[:2]

    def off(face: Face) -> float:
        x, y, wide, high = face.detection.box
        return float(np.hypot(x + wide / 2 - width / 2, y + high / 2 - height / 2))

    large = [face for face in faces if face.detection.box[2] >= faces[0].detection.box[2] / 2]
    return min(large, key=off, default=None)


def _corners(picture: Picture) -> list[Picture]:
    height, width = (int(side * _CORNER) for side in picture.pixels.shape[:2])
    pixels = picture.pixels
    parts = (pixels[:height, :width], pixels[:height, -width:])
    return [Picture(np.ascontiguousarray(part), "", (width, height)) for part in parts]


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]), *(int(value) for value in [*arguments[1:], *("100", "1")[len(arguments) - 1 :]]))
