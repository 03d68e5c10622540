"""How often are dark glasses noticed, and how often is there a false alarm? Figures on people not used to tune.

    python benchmarks/glasses.py DATA [--json] [--pages FOLDER]
    python benchmarks/glasses.py DATA --tune > src/plainview/recognition/eyes_weights.py

DATA contains lfw-dev and utkface-dev. Tuning draws glasses of random shape, shade and reflection over the faces of one half
of the people, and clear ones as counter-examples. benchmarks/data/dark-glasses.csv names the real ones of both sets, as read
by eye; they are left out of the false alarms, and no real ones are tuned on. --pages writes what was noticed as pictures.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from covers import FALSE_ALARMS, POORER, Floats, Sample, aligned_face, fitted, poor, rows_of, samples, share, taken
from evidence_kinds import dark_glasses
from numpy.typing import NDArray

from plainview.evaluation.embedding import subject
from plainview.recognition.align import TEMPLATES
from plainview.recognition.cover import EYES, covers
from plainview.recognition.engine import Engine
from plainview.recognition.types import Picture, Pixels

REAL = Path(__file__).parent / "data" / "dark-glasses.csv"
_EYES = TEMPLATES["arcface-112"][:2]


def lenses(random: np.random.Generator) -> NDArray[np.float32]:
    """Return where two lenses and their bridge are on an aligned face: float32, shape (112, 112), 0 to 1."""
    shape = np.zeros((112, 112), np.float32)
    wide, high = random.uniform(10, 18), random.uniform(7, 15)
    drop, tilt, power = random.uniform(-3, 6), random.normal(0, 4), random.choice([2.0, 2.5, 4.0, 8.0])
    turn = np.linspace(0, 2 * np.pi, 40)
    for eye, side in zip(_EYES, (-1, 1), strict=True):
        across = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / power) * wide
        down = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / power) * high
        down = np.where(down > 0, down * random.uniform(0.9, 1.4), down)  # aviators hang lower
        angle = np.radians(tilt * side)
        corners = np.stack(
            [eye[0] + across * np.cos(angle) - down * np.sin(angle), eye[1] + drop + across * np.sin(angle) + down], 1
        )
        cv2.fillPoly(shape, [np.rint(corners * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    if random.random() < 0.9:
        height = int(_EYES[0, 1] + drop - high * random.uniform(0.2, 0.8))
        cv2.line(shape, (40, height), (72, height), 1.0, int(random.integers(1, 5)), cv2.LINE_AA)
    if random.random() < 0.6:  # temples
        for x in (0, 111):
            edge = _EYES[0 if x == 0 else 1]
            cv2.line(
                shape, (int(edge[0]), int(edge[1] - 3)), (x, int(edge[1] - random.uniform(0, 6))), 1.0, 2, cv2.LINE_AA
            )
    return shape


def with_dark(face: Pixels, random: np.random.Generator) -> Pixels:
    """Draw dark glasses over an aligned face: plain, graded, tinted or with a reflection."""
    shape = cv2.GaussianBlur(lenses(random), (0, 0), random.uniform(0.3, 1.0))[:, :, None]
    light = float(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY).mean())
    glass = np.ones((112, 112, 3)) * random.uniform(4, 45, 3 if random.random() < 0.5 else 1) * max(light, 20) / 120
    if random.random() < 0.4:  # graded: lighter below
        glass = glass + np.linspace(0, random.uniform(10, 50), 112)[:, None, None] * light / 120
    if random.random() < 0.5:
        x, y = int(random.uniform(25, 85)), int(random.uniform(42, 60))
        spot = np.zeros((112, 112), np.float32)
        cv2.ellipse(
            spot, (x, y), (int(random.integers(2, 9)), int(random.integers(1, 5))), 0, 0, 360, 1.0, -1, cv2.LINE_AA
        )
        glass = glass + cv2.GaussianBlur(spot, (0, 0), 1.0)[:, :, None] * random.uniform(30, 180)
    through = random.uniform(0, 0.25)
    return np.clip(face * (1 - shape) + (glass * (1 - through) + face * through) * shape, 0, 255).astype(np.uint8)


def with_clear(face: Pixels, random: np.random.Generator) -> Pixels:
    """Draw the frames of clear glasses: a counter-example."""
    shape = lenses(random)
    rim = np.clip(shape - cv2.erode(shape, np.ones((3, 3)), iterations=int(random.integers(1, 3))), 0, 1)[:, :, None]
    return np.clip(face * (1 - rim) + random.uniform(5, 120, 3) * rim, 0, 255).astype(np.uint8)


def shaded(face: Pixels, random: np.random.Generator) -> Pixels:
    """Darken the sockets as light from above does, or one side of the face: a counter-example."""
    shade = np.zeros((112, 112), np.float32)
    if random.random() < 0.6:
        for x, y in _EYES:
            size = (int(random.uniform(9, 16)), int(random.uniform(6, 11)))
            cv2.ellipse(shade, (int(x), int(y)), size, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        shade = cv2.GaussianBlur(shade, (0, 0), random.uniform(3, 6))
    else:
        shade[:, : int(random.uniform(30, 80))] = 1.0
        shade = cv2.GaussianBlur(shade, (0, 0), random.uniform(4, 15))
        shade = shade if random.random() < 0.5 else shade[:, ::-1]
    return np.clip(face * (1 - random.uniform(0.2, 0.7) * shade[:, :, None]), 0, 255).astype(np.uint8)


def real() -> set[str]:
    """Return the pictures with real dark glasses, as "data set/path"."""
    with REAL.open(encoding="utf-8") as file:
        return {record["path"] for record in csv.DictReader(file)}


def limit_of(left_out: Floats) -> float:
    """Return the value that `FALSE_ALARMS` of uncovered faces reach: of those as they are, or of poor ones if more do.

    Args:
        left_out: values of faces that the rule was not fitted on, as they are and then as poor pictures: shape (n, faces).
    """
    return max(float(np.quantile(values, 1 - FALSE_ALARMS)) for values in (left_out[0], left_out[1:]))


def tune(faces: list[Sample]) -> None:
    """Fit on the tuning half and print the weights as a module."""
    random, known = np.random.default_rng(20250101), real()
    faces = [face for face in faces if f"{face.person.split('/')[0]}/{face.path}" not in known]
    aligned = [face.aligned for face in faces]

    def rows(draw: Callable[[Pixels], Pixels]) -> Floats:
        return rows_of((draw(face) for face in aligned), EYES)

    plain = rows(lambda face: face)
    uncovered = [plain, plain]
    uncovered += [rows(lambda face: taken(face, random)) for _ in range(2)]
    uncovered += [rows(lambda face, draw=draw: taken(draw(face, random), random)) for draw in (with_clear, shaded)]
    worse = [rows(lambda face: poor(taken(face, random), random)) for _ in range(POORER)]
    hidden = [rows(lambda face: taken(with_dark(face, random), random)) for _ in range(4)]
    hidden += [rows(lambda face: poor(taken(with_dark(face, random), random), random)) for _ in range(POORER)]
    third = np.arange(len(faces)) % 3
    left_out = np.empty((1 + POORER, len(faces)))
    for part in range(3):
        used = third != part
        plainly = np.concatenate([r[used] for r in (*uncovered, *worse)])
        weights, bias = fitted(plainly, np.concatenate([r[used] for r in hidden]))
        left_out[:, ~used] = [r[~used] @ weights + bias for r in (plain, *worse)]
    weights, bias = fitted(np.concatenate([*uncovered, *worse]), np.concatenate(hidden))
    bias -= limit_of(left_out)
    numbers = " ".join(str(round(weight * 1000)) for weight in weights)
    import textwrap

    sys.stdout.write(
        '"""The weights of recognition.cover for the eyes, as `python benchmarks/glasses.py DATA --tune` printed them.\n\n'
        f"Fitted on {len(faces):,} faces of lfw-dev and utkface-dev: the half of the people by the hash of their name.\n"
        f'"""\n\nBIAS = {bias:.3f}\n_LIST = """\n'
        + textwrap.indent(textwrap.fill(numbers, 110), "    ")
        + '\n"""\nWEIGHTS = tuple(map(int, _LIST.split()))\n"""Thousandths, in the order of `cover.features`."""\n'
    )


def drawn(sample: Sample, engine: Engine) -> Pixels | None:
    """Return the face under the glasses of evidence_kinds, detected again as a search would."""
    picture = Picture(sample.pixels, "PNG", (sample.pixels.shape[1], sample.pixels.shape[0]))
    detection = subject(engine, picture).detection
    return aligned_face(dark_glasses(sample.pixels, detection, np.random.default_rng(len(sample.path))), engine)


def figures(faces: dict[str, list[Sample]], engine: Engine) -> dict[str, dict[str, float | int]]:
    """Return every figure by its name."""
    known, shares = real(), {}
    worn: list[float] = []
    for name, group in faces.items():
        untuned = [face for face in group if not face.tunes and f"{name}/{face.path}" not in known]
        shares[f"{name}, as it is"] = share([covers(face.aligned)[1] for face in untuned])
        masks = [drawn(face, engine) for face in untuned]
        shares[f"{name}, drawn dark glasses"] = share([covers(mask)[1] for mask in masks if mask is not None])
        some, random = [face.aligned for face in untuned[:400]], np.random.default_rng(9)
        dark = [covers(taken(with_dark(face, random), random))[1] for face in some]
        shares[f"{name}, glasses of the tuning's shapes"] = share(dark)
        shares[f"{name}, frames of clear glasses"] = share([covers(with_clear(face, random))[1] for face in some])
        shares[f"{name}, sockets or a side in shade"] = share([covers(shaded(face, random))[1] for face in some])
        worn += [covers(face.aligned)[1] for face in group if f"{name}/{face.path}" in known]
    return shares | ({"real dark glasses": share(worn)} if worn else {})


def pages(faces: dict[str, list[Sample]], folder: Path) -> None:
    """Write the hundred most covered faces of each set, for a person to read."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, group in faces.items():
        ranked = sorted(group, key=lambda face: -covers(face.aligned)[1])[:100]
        rows = [np.concatenate([face.aligned for face in ranked[i : i + 10]], axis=1) for i in range(0, 100, 10)]
        cv2.imwrite(str(folder / f"{name}.png"), np.concatenate(rows))
        (folder / f"{name}.txt").write_text(
            "".join(f"{name}/{face.path},{covers(face.aligned)[1]:.3f}\n" for face in ranked)
        )


def main() -> None:
    """Print the figures, or the tuned weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pages", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    engine = Engine.load()
    faces = {name: list(samples(options.data, name, engine)) for name in ("lfw-dev", "utkface-dev")}
    if options.tune:
        tune([face for group in faces.values() for face in group if face.tunes])
        return
    if options.pages is not None:
        pages(faces, options.pages)
        return
    shares = figures(faces, engine)
    if options.json:
        sys.stdout.write(json.dumps(shares, indent=1) + "\n")
        return
    for name, values in shares.items():
        sys.stdout.write(
            "{:<40} {covered:>5} of {faces:<5} {share:.4f} ({low:.4f} to {high:.4f})\n".format(name, **values)
        )


if __name__ == "__main__":
    main()
