"""How often a found face is taken for upside down or on its side, and how often one that is goes unnoticed.

    python benchmarks/turned_faces.py DIR [N] [SEED]

Takes N photographs of upright faces below DIR (default 100), turns each by 0, 90, 180 and 270 degrees, and prints for each
turn: faces found, those taken for turned, and those taken for turned by the right angle.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np

from plainview.recognition.box import quarter_turn
from plainview.recognition.decode import Decoder, read_file
from plainview.recognition.engine import Engine

_TURNS = {0: 0, 1: -90, 2: 180, 3: 90}  # quarter turns anticlockwise -> what brings the face back


def main(folder: Path, count: int, seed: int) -> None:
    """Print the table."""
    detector = Engine.load()._detector
    names = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chosen = random.Random(seed).sample(names, min(count, len(names)))  # noqa: S311  not a secret
    detected, turned, right = dict.fromkeys(_TURNS, 0), dict.fromkeys(_TURNS, 0), dict.fromkeys(_TURNS, 0)
    with Decoder() as decoder:
        for path in chosen:
            picture = decoder.decode(read_file(path))
            for quarters, back in _TURNS.items():
                pixels = np.ascontiguousarray(np.rot90(picture.pixels, quarters))
                faces = detector.detect(pixels)
                if not faces:
                    continue
                x, y, width, height = (round(value) for value in faces[0].box)
                said = quarter_turn(detector, pixels, (x, y, width, height))
                detected[quarters] += 1
                turned[quarters] += said != 0
                right[quarters] += said == back
    print(f"{len(chosen)} photographs, seed {seed}")  # noqa: T201
    for quarters in _TURNS:
        print(  # noqa: T201
            f"turned by {90 * quarters:3}: {detected[quarters]} found, {turned[quarters]} taken for turned, "
            f"{right[quarters]} told rightly"
        )


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]), *(int(value) for value in [*arguments[1:], *("100", "1")[len(arguments) - 1 :]]))
