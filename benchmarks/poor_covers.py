"""How often are covers noticed, and imagined, in pictures that are small, blurred, compressed, dark or all of these?

    python benchmarks/poor_covers.py DATA [--half test|tune] [--people N] [--json]

DATA contains lfw-dev, utkface-dev and rmfd-dev (real masks). For each kind of poor picture: uncovered faces that count as
covered (mouth and nose; eyes), and covered ones that do (drawn masks; real masks; drawn dark glasses; real ones). A face is
found again in the poor picture, and prepared, as a search does it. Half of the faces get a mask, half get
glasses. The halves are those of benchmarks/covers.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from covers import KINDS as MASKS
from covers import Sample, share
from evidence_kinds import dark, dark_glasses, jpeg
from glasses import real

from plainview.evaluation.covers import draw_cover
from plainview.evaluation.embedding import as_probe, subject
from plainview.recognition.align import align
from plainview.recognition.cover import covers
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Detection, Picture, Pixels

Random = np.random.Generator
Poor = Callable[[Pixels, Detection, Random], Pixels]


def sized(width: float) -> Poor:
    """Scale the picture until the face is `width` pixels wide, up or down."""

    def scaled(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        scale = width / face.box[2]
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=kind), np.uint8)

    return scaled


def blurred(share_of_width: float) -> Poor:
    """Blur by a Gaussian of so many face widths."""

    def defocused(pixels: Pixels, face: Detection, random: Random) -> Pixels:
        sigma = share_of_width * face.box[2]
        return pixels if sigma < 0.2 else np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)

    return defocused


def mixed(pixels: Pixels, face: Detection, random: Random) -> Pixels:
    """Blur, scale and compress, each by chance: faces 24 to 256 pixels wide, blur to .03 of them, quality 10 to 95."""
    soft = blurred(float(random.uniform(0, 0.03)))(pixels, face, random)
    small = sized(float(np.exp(random.uniform(np.log(24), np.log(256)))))(soft, face, random)
    return jpeg(int(random.integers(10, 96)))(small, face, random)


KINDS: dict[str, Poor] = {
    "as it is": lambda pixels, face, random: pixels,
    **{f"face {width} px": sized(width) for width in (24, 32, 64, 128, 512)},
    **{f"JPEG {quality}": jpeg(quality) for quality in (10, 30, 95)},
    **{f"blur {blur} widths": blurred(blur) for blur in (0.02, 0.04)},
    "light x .15": dark(0.15, 4),
    "light x .06": dark(0.06, 4),
    "mixed": mixed,
}


def shown(path: Path) -> Pixels:
    """Return a picture of the data set, BGR."""
    return np.asarray(cv2.imread(str(path)), np.uint8)


def covers_seen(engine: Engine, pixels: Pixels, kind: str) -> tuple[float, float] | None:
    """Return how covered mouth and eyes seem to a search; None where it finds no face."""
    picture = Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))
    try:
        if kind.startswith("light"):
            components = as_probe(engine, picture, None).face.quality.components
            return components["cover"], components["eye_cover"]
        return covers(align(pixels, subject(engine, picture).detection.points))
    except BadMedia:
        return None


def pictures(data: Path, half: str, most: int) -> Iterator[tuple[str, Path]]:
    """Yield (data set/path, file) of at most `most` pictures of each set, of different people in lfw-dev."""
    for name in ("lfw-dev", "utkface-dev", "rmfd-dev"):
        people: set[str] = set()
        for path in sorted((data / name).rglob("*")):
            if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
                continue
            inside = path.relative_to(data / name)
            person = f"{name}/{inside.parts[0] if name == 'lfw-dev' else inside}"
            tunes = Sample("", person, np.empty(0, np.uint8), np.empty(0, np.uint8)).tunes
            if name != "rmfd-dev" and (tunes != (half == "tune") or person in people):
                continue
            people.add(person)
            if len(people) > most:
                break
            yield f"{name}/{inside}", path


def measure(data: Path, half: str, most: int, engine: Engine) -> dict[str, dict[str, dict[str, float | int]]]:
    """Return, by kind, the share of every group that counts as covered."""
    worn = real()
    seen: dict[str, dict[str, list[float]]] = {kind: {} for kind in KINDS}
    for name, path in pictures(data, half, most):
        pixels = shown(path)
        try:
            face = subject(engine, Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))).detection
        except BadMedia:
            continue
        masked = name.startswith("rmfd-dev")
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
        if masked:
            versions = {"real masks": (pixels, 0)}
        elif name in worn:
            versions = {"uncovered": (pixels, 0), "real glasses": (pixels, 1)}
        else:
            versions = {"uncovered": (pixels, 0), "eyes uncovered": (pixels, 1)}
            if number // MASKS % 2:
                versions["drawn masks"] = (draw_cover(pixels, face.points, number % MASKS), 0)
            else:
                versions["drawn glasses"] = (dark_glasses(pixels, face, np.random.default_rng(number)), 1)
        for kind, poor in KINDS.items():
            values: dict[int, tuple[float, float] | None] = {}
            for group, (version, part) in versions.items():
                if id(version) not in values:
                    values[id(version)] = covers_seen(engine, poor(version, face, np.random.default_rng(number)), kind)
                value = values[id(version)]
                if value is not None:
                    seen[kind].setdefault(group, []).append(value[part])
    return {kind: {group: share(values) for group, values in groups.items()} for kind, groups in seen.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=("test", "tune"), default="test")
    parser.add_argument("--people", type=int, default=100_000, help="Pictures of each set, at most.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    shares = measure(options.data, options.half, options.people, Engine.load())
    if options.json:
        sys.stdout.write(json.dumps(shares, indent=1) + "\n")
        return
    for kind, groups in shares.items():
        rates = "  ".join(f"{group} {s['covered']}/{s['faces']} {s['share']:.3f}" for group, s in groups.items())
        sys.stdout.write(f"{kind:<16} {rates}\n")


if __name__ == "__main__":
    main()
