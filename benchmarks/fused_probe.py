"""Is one template made of several frames a better probe than the best single frame?

Every person has one photograph in the gallery. Two kinds of frames are made of the others: several different
photographs of the person (more different than frames of a video usually are), and several degraded copies of one
photograph (at least as alike as frames of a video). Each frame is scaled, blurred and given noise. Half of the
people are not in the gallery. Prints, for each kind, the rank-1 share and the share of mated probes that miss a
threshold that one in a hundred probes of strangers reaches: for the frame of the best quality, for the mean of the
templates of the best frames, and for the mean weighted by quality.

    python benchmarks/fused_probe.py FOLDER [--frames 4] [--people 400] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

from plainview.recognition.engine import Engine
from plainview.recognition.quality import assess
from plainview.recognition.types import Picture, Pixels, Vector


def main() -> int:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    engine, random = Engine.load(), np.random.default_rng(asked.seed)
    people = [path for path in sorted(asked.folder.iterdir()) if path.is_dir()]
    people = [path for path in people if len(list(path.iterdir())) >= 3]
    people = [people[i] for i in random.permutation(len(people))[: asked.people]]
    gallery: list[Vector] = []
    probes: dict[str, dict[str, list[Vector]]] = {}
    for folder in people:
        first, *others = [np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(folder.iterdir())]
        reference = _template(first, engine)
        kinds = {
            "different photographs": [others[i % len(others)] for i in range(min(len(others), asked.frames))],
            "one photograph": [others[0]] * asked.frames,
        }
        rows = {name: _probes(frames, engine, random) for name, frames in kinds.items()}
        if reference is None or any(vectors is None for vectors in rows.values()):
            continue
        gallery.append(reference[1])
        for name, vectors in rows.items():
            for how, vector in (vectors or {}).items():
                probes.setdefault(name, {}).setdefault(how, []).append(vector)
    half = len(gallery) // 2
    known = np.stack(gallery[:half])
    result: dict[str, object] = {"people_in_gallery": half, "strangers": len(gallery) - half}
    for name, ways in probes.items():
        result[name] = {how: _figures(np.stack(rows), known) for how, rows in ways.items()}
    print(json.dumps(result, indent=1))  # noqa: T201
    return 0


def _probes(frames: list[Pixels], engine: Engine, random: np.random.Generator) -> dict[str, Vector] | None:
    """Return the best frame's template, and means over the best frames."""
    usable = [face for face in (_template(_degraded(frame, random), engine) for frame in frames) if face]
    if len(usable) < 2:
        return None
    usable.sort(key=lambda face: -face[0])
    templates = np.stack([face[1] for face in usable])
    quality = np.array([face[0] for face in usable], np.float32)
    return {
        "best frame": templates[0],
        "mean of the best two": _unit(templates[:2].mean(axis=0)),
        "mean of all": _unit(templates.mean(axis=0)),
        "mean weighted by quality": _unit((templates * quality[:, None]).sum(axis=0)),
    }


def _degraded(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Return a frame of a poor camera: the face 20 to 60 pixels wide, blurred, noisy."""
    scale = float(random.uniform(0.2, 0.6))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), float(random.uniform(0.3, 1.2)))
    noisy = small + random.normal(0, float(random.uniform(2, 10)), small.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _template(pixels: Pixels, engine: Engine) -> tuple[int, Vector] | None:
    """Return (quality, template) of the face nearest to the middle."""
    picture = Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))
    faces = engine.faces(picture)
    if not faces:
        return None
    middle = pixels.shape[1] / 2
    face = min(faces, key=lambda face: abs(face.detection.box[0] + face.detection.box[2] / 2 - middle))
    return assess(pixels, face.detection).overall, engine.template(picture, face.detection)


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _figures(probes: Vector, known: Vector) -> dict[str, float]:
    scores = probes @ known.T
    half = len(known)
    mated = scores[:half]
    threshold = float(np.quantile(scores[half:].max(axis=1), 0.99))
    own = np.diag(mated)
    return {
        "rank_1": round(float((mated.argmax(axis=1) == np.arange(half)).mean()), 4),
        "fnir_at_fpir_1_percent": round(float((own < threshold).mean()), 4),
        "threshold": round(threshold, 3),
        "mean_mated_score": round(float(own.mean()), 3),
    }


if __name__ == "__main__":
    sys.exit(main())
