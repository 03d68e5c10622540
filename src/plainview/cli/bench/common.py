"""What the benchmarks share: varied pictures, and printing a result."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from plainview.cli.common import print_json, say
from plainview.cli.portraits import bundled_portraits


def varied(folder: Path, count: int) -> Path:
    """Write `count` different 250-pixel crops of the two bundled portraits: real faces, no two files alike."""
    portraits = [np.asarray(cv2.imread(str(path)), dtype=np.uint8) for path in bundled_portraits().values()]
    folder.mkdir()
    random = np.random.default_rng(7)
    for i in range(count):
        portrait = portraits[i % len(portraits)]
        scale = 250 / min(portrait.shape[:2]) * random.uniform(1.0, 1.2)
        small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        x = int((small.shape[1] - 250) * random.uniform(0.3, 0.7))
        cv2.imwrite(str(folder / f"{i:05}.jpg"), small[:250, x : x + 250])
    return folder


def show(result: dict[str, object], *, json: bool) -> None:
    """Print a result as JSON, or as lines for people."""
    if json:
        print_json(result)
        return
    for label, value in result.items():
        say(f"{label:24} {value}")
