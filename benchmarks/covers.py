"""How often is a cover noticed, and how often is there a false alarm? Figures on the half of the people not used to tune.

    python benchmarks/covers.py DATA [--json]
    python benchmarks/covers.py DATA --tune > src/plainview/recognition/cover_weights.py

DATA contains lfw-dev and utkface-dev (uncovered, but for a few hands) and rmfd-dev (real masks, never tuned on). Tuning
draws masks, scarves and hands of random shape, colour and cloth over faces of one half of the people.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from plainview.evaluation.covers import COLOURS, draw_cover
from plainview.evaluation.embedding import subject
from plainview.recognition.align import TEMPLATES, align
from plainview.recognition.cover import COVERED, MOUTH, Part, covers, doubt, features
from plainview.recognition.disturbance import signal
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Picture, Pixels

Floats = NDArray[np.float64]

_BOX = (12.0, 8.0, 88.0, 104.0)  # of a face in its aligned crop, pixels: mean of lfw-dev

KINDS = 8  # of drawn covers, see evaluation.covers
RIDGE = 1000.0  # on standardised features: tried 300, 1,000 and 3,000, which differ by less than the intervals
FALSE_ALARMS = 0.01
POORER = 5  # poor pictures of each face that are tuned on


@dataclass(frozen=True)
class Sample:
    """One face: its data set and path, its person, the aligned pixels, and the picture in which it was detected."""

    path: str
    person: str
    aligned: Pixels
    pixels: Pixels

    @property
    def tunes(self) -> bool:
        """Return whether the person is in the half that the weights are tuned on."""
        return hashlib.sha256(self.person.encode()).digest()[0] % 2 == 0


def samples(data: Path, name: str, engine: Engine) -> Iterator[Sample]:
    """Yield the faces of a data set."""
    for path in sorted((data / name).rglob("*")):
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
            continue
        pixels = cv2.imread(str(path))
        aligned = aligned_face(pixels, engine)
        if aligned is not None:
            inside = path.relative_to(data / name)
            person = inside.parts[0] if name == "lfw-dev" else str(inside)
            yield Sample(str(inside), f"{name}/{person}", aligned, pixels)


def aligned_face(pixels: Pixels, engine: Engine) -> Pixels | None:
    """Return the aligned face of a picture's subject; None if there is none."""
    try:
        face = subject(engine, Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0])))
    except BadMedia:
        return None
    return align(pixels, face.detection.points)


def drawn(sample: Sample, kind: int, engine: Engine) -> Pixels | None:
    """Return the same face under a cover of evaluation.covers, detected again as a search would."""
    picture = Picture(sample.pixels, "PNG", (sample.pixels.shape[1], sample.pixels.shape[0]))
    points = subject(engine, picture).detection.points
    return aligned_face(draw_cover(sample.pixels, points, kind), engine)


# --- covers of random shape, for tuning; positions are pixels of the aligned face -------------------------------


def covered(face: Pixels, random: np.random.Generator) -> Pixels:
    """Draw a mask (three in five), a scarf or a hand over an aligned face."""
    kind = random.choice(["mask", "mask", "mask", "scarf", "hand"])
    if kind == "hand":
        shape, colour = _hand(face, random)
    else:
        shape = _mask(random) if kind == "mask" else _scarf(random)
        colour = _lit(_cloth(random), face, random)
    soft = cv2.GaussianBlur(shape, (0, 0), random.uniform(0.3, 1.2))[:, :, None]
    return np.clip(face * (1 - soft) + colour * soft, 0, 255).astype(np.uint8)


def _filled(corners: list[list[float]]) -> NDArray[np.float32]:
    shape = np.zeros((112, 112), np.float32)
    cv2.fillPoly(shape, [np.rint(np.array(corners) * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return shape


def _mask(random: np.random.Generator) -> NDArray[np.float32]:
    top, side, chin = random.uniform(58, 74), random.uniform(60, 78), random.uniform(104, 118)
    half, middle = random.uniform(30, 44), 56 + random.normal(0, 2.5)
    left, right = [
        [
            [middle + sign * half * 0.55, top + random.uniform(0, 9)],
            [middle + sign * half, side + random.normal(0, 2)],
            [middle + sign * half * random.uniform(0.8, 1.0), 92.0],
            [middle + sign * half * 0.6, chin - 4],
        ]
        for sign in (-1, 1)
    ]
    return _filled([[middle, top], *right, [middle, chin], *left[::-1]])


def _scarf(random: np.random.Generator) -> NDArray[np.float32]:
    top = random.uniform(60, 82)
    edge = [[float(x), top + random.normal(0, 4)] for x in (-5, 28, 56, 84, 117)]
    return _filled([*edge, [117.0, 120.0], [-5.0, 120.0]])


def _cloth(random: np.random.Generator) -> Floats:
    known = (*COLOURS, (240, 235, 230), (22, 22, 20), (120, 180, 200), (60, 55, 60))
    plain = random.uniform(10, 245, 3) if random.random() < 0.3 else np.array(known[random.integers(len(known))])
    plain = plain + random.normal(0, 8, 3)
    cloth = np.ones((112, 112, 3)) * plain
    pattern = random.random()
    if pattern < 0.35:  # pleats
        for y in np.linspace(72, 104, random.integers(2, 5)):
            ends = [(x, int(y + random.normal(0, 2))) for x in (0, 112)]
            cv2.line(cloth, *ends, tuple(plain * random.uniform(0.75, 0.95)), 1, cv2.LINE_AA)
    elif pattern < 0.5:  # folds or print
        side = int(random.integers(6, 30))
        rough = cv2.resize(random.normal(0, 1, (side, side)), (112, 112)) * random.uniform(5, 45)
        cloth += rough[:, :, None] * random.uniform(0.3, 1, 3)
    elif pattern < 0.6:  # dots and letters
        for _ in range(random.integers(3, 25)):
            spot = tuple(int(v) for v in random.integers(0, 112, 2))
            cv2.circle(cloth, spot, int(random.integers(1, 5)), tuple(random.uniform(0, 255, 3)), -1, cv2.LINE_AA)
    elif pattern < 0.75:  # a ridge down the middle
        cloth *= 1 - random.uniform(0, 0.35) * (np.abs(np.arange(112) - 56) / 45)[None, :, None]
    return cloth


def _lit(cloth: Floats, face: Pixels, random: np.random.Generator) -> Floats:
    """Return the cloth in about the light of the face."""
    across, down = random.normal(0, 0.18, 2)
    y, x = np.mgrid[0:112, 0:112] / 112 - 0.5
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY).astype(np.float64)
    light = cv2.GaussianBlur(grey, (0, 0), 14) / (grey.mean() + 1e-3)
    lit = cloth * (1 + 2 * across * x + 2 * down * y)[:, :, None]
    lit *= (np.maximum(light, 1e-3) ** random.uniform(0, 0.8))[:, :, None]
    if random.random() < 0.7:
        lit *= np.clip(grey.mean() / 130, 0.3, 1.3) ** random.uniform(0.2, 1)
    return lit + random.normal(0, random.uniform(0, 4), lit.shape)


def _hand(face: Pixels, random: np.random.Generator) -> tuple[NDArray[np.float32], Floats]:
    """Return fingers side by side, in the colour of the face's own skin."""
    skin = np.median(face[48:70, 25:87].reshape(-1, 3), axis=0) * random.uniform(0.85, 1.12)
    colour, shape = np.ones((112, 112, 3)) * skin, np.zeros((112, 112), np.float32)
    angle, count, thick = random.uniform(-60, 60), int(random.integers(2, 5)), random.uniform(11, 17)
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    beside = np.array([-along[1], along[0]])
    base = np.array([56 + random.normal(0, 6), random.uniform(84, 96)])
    for i in range(count):
        middle = base + beside * (i - (count - 1) / 2) * thick * 0.95 + along * random.normal(0, 5)
        finger = np.zeros_like(shape)
        size = (int(random.uniform(35, 60)), int(thick / 2))
        cv2.ellipse(finger, tuple(int(v) for v in middle), size, angle, 0, 360, 1.0, -1, cv2.LINE_AA)
        near = cv2.GaussianBlur(finger, (0, 0), 2.5)
        colour *= (1 - 0.35 * np.clip(near - finger * near, 0, 1))[:, :, None]
        rim = np.clip(finger - cv2.erode(finger, np.ones((5, 5))), 0, 1)
        colour *= (1 - 0.25 * rim)[:, :, None]
        shape = np.maximum(shape, finger)
    return shape, colour + cv2.resize(random.normal(0, 5, (20, 20)), (112, 112))[:, :, None]


def taken(face: Pixels, random: np.random.Generator) -> Pixels:
    """Return the face as another picture might show it: points slightly off, in other light, grey, coarse or noisy."""
    matrix = cv2.getRotationMatrix2D((56, 65), np.degrees(random.normal(0, 0.05)), np.exp(random.normal(0, 0.05)))
    matrix[:, 2] += random.normal(0, 2.2, 2)
    border = cv2.BORDER_CONSTANT if random.random() < 0.2 else cv2.BORDER_REPLICATE
    moved = cv2.warpAffine(face, matrix, (112, 112), flags=cv2.INTER_LINEAR, borderMode=border)
    values = moved * random.uniform(0.7, 1.25) + random.normal(0, 8)
    moved = np.clip(values, 0, 255).astype(np.uint8)
    if random.random() < 0.15:
        moved = cv2.cvtColor(cv2.cvtColor(moved, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if random.random() < 0.35:
        share = random.uniform(0.15, 0.7)
        small = cv2.resize(moved, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        moved = cv2.resize(small, (112, 112), interpolation=cv2.INTER_LINEAR)
    noise = random.normal(0, random.uniform(1, 7), moved.shape) if random.random() < 0.2 else 0.0
    return np.clip(moved + noise, 0, 255).astype(np.uint8)


def poor(face: Pixels, random: np.random.Generator) -> Pixels:
    """Return the face as a poor camera or copy leaves it: blurred, small, dark with noise, compressed, each by chance."""
    values = face.astype(np.float64)
    if random.random() < 0.5:
        values = cv2.GaussianBlur(values, (0, 0), random.uniform(0.3, 3.0))
    if random.random() < 0.5:
        share = float(np.exp(random.uniform(np.log(0.2), 0)))
        values = cv2.resize(values, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    if random.random() < 0.5:
        light = float(np.exp(random.uniform(np.log(0.05), np.log(1.2))))
        values = values * light + random.normal(0, random.uniform(0, 3 + 25 * light), values.shape)
    pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(8, 96))])
        pixels = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.resize(pixels, (112, 112), interpolation=cv2.INTER_LINEAR), np.uint8)


# --- fitting ---------------------------------------------------------------------------------------------------


def rows_of(faces: Iterable[Pixels], part: Part = MOUTH) -> Floats:
    """Return the features of each face, with its noise as it is."""
    return np.array([features(face, part, noise_of(face)) for face in faces], np.float64)


def noise_of(aligned: Pixels) -> float:
    """Return the share of noise in an aligned face, which is about `_BOX` wide."""
    return signal(aligned, _BOX).noise_seen(_BOX[2])


def fitted(plain: Floats, hidden: Floats) -> tuple[Floats, float]:
    """Fit a ridge logistic regression by Newton's method; return weights of the plain features, and the bias."""
    rows = np.concatenate([plain, hidden])
    truth = np.concatenate([np.zeros(len(plain)), np.ones(len(hidden))])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = np.column_stack([(rows - mean) / spread, np.ones(len(rows))])
    ridge = np.diag([RIDGE] * rows.shape[1] + [0.0])
    weights = np.zeros(scaled.shape[1])
    for _ in range(12):
        chance = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (chance - truth) + ridge @ weights
        bend = (scaled * (chance * (1 - chance))[:, None]).T @ scaled + ridge
        weights -= np.linalg.solve(bend, slope)
    return weights[:-1] / spread, float(weights[-1] - (weights[:-1] * mean / spread).sum())


def tune(faces: list[Sample]) -> None:
    """Fit on the tuning half and print the weights as a module."""
    random = np.random.default_rng(20250101)
    aligned = [face.aligned for face in faces]
    plain = rows_of(aligned)
    moved = [rows_of(taken(face, random) for face in aligned) for _ in range(4)]
    hidden = [rows_of(taken(covered(face, random), random) for face in aligned) for _ in range(5)]
    hidden.append(rows_of(draw_cover(face, TEMPLATES["arcface-112"], i % KINDS) for i, face in enumerate(aligned)))
    third = np.array([hashlib.sha256(face.person.encode()).digest()[1] % 3 for face in faces])

    def fit(used: NDArray[np.bool_]) -> tuple[Floats, float]:
        uncovered = [plain[used], plain[used], *(rows[used] for rows in moved)]
        return fitted(np.concatenate(uncovered), np.concatenate([rows[used] for rows in hidden]))

    left_out = np.empty(len(faces))
    for part in range(3):
        weights, bias = fit(third != part)
        left_out[third == part] = plain[third == part] @ weights + bias
    left_out -= [doubt(face, noise_of(face)) for face in aligned]
    weights, bias = fit(np.ones(len(faces), bool))
    bias -= float(np.quantile(left_out, 1 - FALSE_ALARMS))
    numbers = " ".join(str(round(weight * 1000)) for weight in weights)
    sys.stdout.write(
        '"""The weights of recognition.cover, as `python benchmarks/covers.py DATA --tune` printed them.\n\n'
        f"Fitted on {len(faces):,} faces of lfw-dev and utkface-dev: the half of the people by the hash of their name.\n"
        f'"""\n\nBIAS = {bias:.3f}\n'
        '_LIST = """\n'
        + textwrap.indent(textwrap.fill(numbers, 110), "    ")
        + '\n"""\nWEIGHTS = tuple(map(int, _LIST.split()))\n'
        '"""Thousandths, in the order of `cover.features`."""\n'
    )


# --- figures ---------------------------------------------------------------------------------------------------


def share(values: list[float]) -> dict[str, float | int]:
    """Return how many count as covered, with a 95 % interval (Wilson)."""
    n, hits = len(values), sum(value >= COVERED for value in values)
    z = 1.96
    middle, half = (
        hits / n + z * z / (2 * n),
        z * np.sqrt(hits / n * (1 - hits / n) / n + z * z / (4 * n * n)),
    )
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return {"faces": n, "covered": hits, "share": hits / n, "low": max(float(low), 0.0), "high": float(high)}


def figures(data: Path, engine: Engine, faces: dict[str, list[Sample]]) -> dict[str, dict[str, float | int]]:
    """Return every figure by its name."""
    shares: dict[str, dict[str, float | int]] = {}
    for name in ("lfw-dev", "utkface-dev"):
        untuned = [face for face in faces[name] if not face.tunes]
        shares[f"{name}, as it is"] = share([covers(face.aligned)[0] for face in untuned])
        masks = [drawn(face, i % KINDS, engine) for i, face in enumerate(untuned)]
        shares[f"{name}, drawn covers"] = share([covers(mask)[0] for mask in masks if mask is not None])
    shares["rmfd-dev, real masks"] = share([covers(face.aligned)[0] for face in faces["rmfd-dev"]])
    with (data / "utkface-dev" / "labels.csv").open(encoding="utf-8") as file:
        labels = {label["path"]: label for label in csv.DictReader(file)}
    values = {face.path: covers(face.aligned)[0] for face in faces["utkface-dev"] if not face.tunes}
    for column in ("sex", "race"):
        for word in sorted({label[column] for label in labels.values()}):
            group = [value for path, value in values.items() if labels[path][column] == word]
            shares[f"utkface-dev, as it is, {word}"] = share(group)
    return shares


def main() -> None:
    """Print the figures, or the tuned weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    engine = Engine.load()
    names = ("lfw-dev", "utkface-dev", "rmfd-dev")[: 2 if options.tune else 3]
    faces = {name: list(samples(options.data, name, engine)) for name in names}
    if options.tune:
        tune([face for group in faces.values() for face in group if face.tunes])
        return
    figures_by_name = figures(options.data, engine, faces)
    if options.json:
        sys.stdout.write(json.dumps(figures_by_name) + "\n")
        return
    for name, figure in figures_by_name.items():
        rate = f"{figure['share']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})"
        sys.stdout.write(f"{name:32} {figure['covered']:>5} of {figure['faces']:>5}  {rate}\n")


if __name__ == "__main__":
    main()
