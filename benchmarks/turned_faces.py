"""How often a turned face is found, said to be turned, and given the template of the face upright.

    python benchmarks/turned_faces.py DIR [N] [SEED] [BACKGROUNDS]

Takes N photographs of upright faces below DIR (default 100), turns each, and prints for each turn: faces found, those said
to be turned by the right angle (within 20 degrees), and the mean cosine with the template of the upright picture. Then
the same of faces in one picture with an upright one, with and without a box that a person draws. The last
lines are about faces where none may be: in the corners of the same photographs, and in random parts of the pictures below
BACKGROUNDS, which show nobody; with how many are found without the turned looks.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from plainview.recognition.decode import Decoder, read_file
from plainview.recognition.detect import Detector
from plainview.recognition.edits import Rotate, apply
from plainview.recognition.engine import Engine, compare
from plainview.recognition.turned import turned_by
from plainview.recognition.types import Detection, Face, Picture, Pixels, Vector

_TURNS = (0, 20, 45, 70, 90, 135, 180, -90, -45)
_NEAR = 20  # degrees
_CORNER = 0.3  # of a photograph's side
_LARGEST, _PARTS, _SIDES = 1600, 6, (75, 120, 200, 320, 500)  # pixels; parts of a picture; pixels


def main(folder: Path, count: int, seed: int, backgrounds: Path | None = None) -> None:
    """Print the table."""
    engine = Engine.load()
    names = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chosen = random.Random(seed).sample(names, min(count, len(names)))  # noqa: S311  not a secret
    detected, right = dict.fromkeys(_TURNS, 0), dict.fromkeys(_TURNS, 0)
    cosines: dict[int, list[float]] = {turn: [] for turn in _TURNS}
    corners: list[Picture] = []
    uprights: list[tuple[Picture, Face, Vector]] = []
    with Decoder() as decoder:
        for path in chosen:
            picture = decoder.decode(read_file(path))
            upright = _middle(engine, picture)
            if upright is None:
                continue
            template = engine.template(picture, upright.detection)
            uprights.append((picture, upright, template))
            for turn in _TURNS:
                shown = apply(picture, [Rotate(turn)] if turn else [])
                face = _middle(engine, shown)
                if face is None:
                    continue
                detected[turn] += 1
                off = (turned_by(face.detection.points) - turned_by(upright.detection.points) - turn + 180) % 360 - 180
                right[turn] += abs(off) <= _NEAR or (not turned_by(face.detection.points) and abs(turn) <= _NEAR)
                cosines[turn].append(compare(template, engine.template(shown, face.detection)))
            corners += _corners(picture)
    print(f"{len(chosen)} photographs, seed {seed}")  # noqa: T201
    for turn in _TURNS:
        print(  # noqa: T201
            f"turned by {turn:4}: {detected[turn]} found, {right[turn]} said rightly, "
            f"mean cosine with the upright face {np.mean(cosines[turn]):.3f}"
        )
    for turn in (90, 180, -90):
        _beside(uprights, turn, engine)
    _count("corners", corners, engine)
    if backgrounds is not None:
        _count("parts of pictures that show nobody", list(_parts(backgrounds, random.Random(seed))), engine)  # noqa: S311


def _beside(uprights: list[tuple[Picture, Face, Vector]], turn: int, engine: Engine) -> None:
    """Count turned faces that are found beside an upright one, and how they compare when a person draws their box."""
    seen, cosines = 0, []
    for (first, _, _), (second, _, template) in pairwise(uprights):
        shown = apply(second, [Rotate(turn)])
        height = min(first.pixels.shape[0], shown.pixels.shape[0])
        both = np.ascontiguousarray(np.hstack([first.pixels[:height], shown.pixels[:height]]))
        offset, size = first.pixels.shape[1], (both.shape[1], height)
        again = _middle(engine, shown)
        if again is None:
            continue
        x, y, wide, high = again.detection.box
        seen += any(
            abs(other.detection.box[0] + other.detection.box[2] / 2 - offset - x - wide / 2) < wide / 2
            and abs(other.detection.box[1] + other.detection.box[3] / 2 - y - high / 2) < high / 2
            for other in engine.faces(Picture(both, "", size))
        )
        drawn = (max(0, round(offset + x)), max(0, round(y)), round(wide), round(high))
        marked = Picture(both, "", size, drawn=drawn)
        cosines.append(compare(template, engine.template(marked, engine.faces(marked)[0].detection)))
    print(  # noqa: T201
        f"turned by {turn:4} beside an upright face: {seen} of {len(cosines)} found; with their box drawn, mean cosine with "
        f"the upright face {np.mean(cosines):.3f}"
    )


class _Upright(Detector):
    """The detector without its turned looks at whole pictures."""

    def _lying(self, pixels: Pixels, threshold: float) -> list[Detection]:
        return []


def _count(name: str, pictures: list[Picture], engine: Engine) -> None:
    upright = Engine(engine.pack, _Upright(engine.detector._session), engine._embedder)
    without, new = 0, 0
    for picture in pictures:
        seen = bool(upright.faces(picture))
        without += seen
        new += not seen and bool(engine.faces(picture))
    print(f"{len(pictures)} {name}: a face found upright in {without}, only by a turned look in {new}")  # noqa: T201


def _parts(folder: Path, chance: random.Random) -> Iterator[Picture]:
    for path in sorted(folder.rglob("*")):
        pixels = cv2.imread(str(path)) if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") else None
        if pixels is None:
            continue
        scale = min(1.0, _LARGEST / max(pixels.shape[:2]))
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for _ in range(_PARTS):
            side = min(chance.choice(_SIDES), *pixels.shape[:2])
            y, x = chance.randrange(pixels.shape[0] - side + 1), chance.randrange(pixels.shape[1] - side + 1)
            yield Picture(np.ascontiguousarray(pixels[y : y + side, x : x + side]), "", (side, side))


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
    arguments = [*sys.argv[1:], *("100", "1", "")[len(sys.argv) - 2 :]]
    main(Path(arguments[0]), int(arguments[1]), int(arguments[2]), Path(arguments[3]) if arguments[3] else None)
