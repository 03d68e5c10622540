"""Do the stated rates hold? Held-out strangers against galleries, stated beside observed.

    python benchmarks/calibration_check.py DATASET [--json]

DATASET is a folder a person (lfw-dev). The gallery is the first picture of people with several; the strangers are
the people with one. A second gallery holds every picture of the first people, doubles and all. Larger galleries are
filled with synthetic templates that are drawn from the covariance of the real ones.
"""

from __future__ import annotations

import argparse
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from plainview.evaluation.calibration import Calibration
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia

RATES = (3, 10, 100)
SYNTHETIC = (10_000, 100_000)


def templates(dataset: Path, engine: Engine) -> tuple[np.ndarray, list[str]]:
    """The templates of every usable picture, with the folder of each."""
    files = sorted(path for path in dataset.glob("*/*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    with Decoder() as decoder, ThreadPoolExecutor() as pool:

        def one(path: Path) -> np.ndarray | None:
            try:
                picture = decoder.submit(path.read_bytes()).result()
                return engine.template(picture, engine.probe_face(picture)[1].detection)
            except BadMedia:
                return None

        rows = list(pool.map(one, files))
    kept = [(row, path.parent.name) for row, path in zip(rows, files, strict=True) if row is not None]
    return np.stack([row for row, _ in kept]), [name for _, name in kept]


def score_at(calibration: Calibration, once_in: float) -> float:
    """The score that a stranger reaches once in so many searches, by the calibration."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if calibration.rate(middle).once_in > once_in else (middle, high)
    return (low + high) / 2


def compare(
    name: str, gallery: np.ndarray, strangers: np.ndarray, table: tuple[tuple[float, float], ...]
) -> dict[str, object]:
    """Stated and observed rates of one gallery."""
    calibration = Calibration.fit(gallery, table)
    best = np.concatenate(
        [(strangers[i : i + 200] @ gallery.T).max(axis=1) for i in range(0, len(strangers), 200)]
    )
    rows = []
    for once_in in RATES:
        score = score_at(calibration, once_in)
        rate = calibration.rate(score)
        hits = int((best >= score).sum())
        observed = hits / len(best)
        spread = 1.96 * math.sqrt(max(observed * (1 - observed), 1 / len(best) ** 2) / len(best))
        holds = 1 / rate.high <= observed + spread and observed - spread <= 1 / rate.low
        rows.append(
            {
                "stated_once_in": once_in, "interval": [round(rate.low, 1), round(rate.high, 1)],
                "observed_once_in": round(1 / observed, 1) if hits else None, "reached": hits, "holds": holds,
            }
        )  # fmt: skip
    return {"gallery": name, "size": len(gallery), "strangers": len(strangers), "rates": rows}


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description="Compare stated with observed rates.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    engine = Engine.load()
    rows, names = templates(arguments.dataset, engine)
    count = {name: names.count(name) for name in set(names)}
    several = np.array([count[name] > 1 for name in names])
    first = np.array([several[i] and names.index(name) == i for i, name in enumerate(names)])
    strangers = rows[~several]
    calibration = engine.pack.calibration
    table = calibration.cosine_at_fmr if calibration else ()
    half = np.flatnonzero(first)[::2]
    galleries = {
        "first pictures, every second person": rows[half],
        "first pictures": rows[first],
        "all pictures, with doubles": rows[several],
    }
    mean, spread = rows.mean(axis=0), np.linalg.cholesky(np.cov(rows.T) + 1e-6 * np.eye(rows.shape[1]))
    random = np.random.default_rng(5)
    for size in SYNTHETIC:
        drawn = random.standard_normal((size - int(first.sum()), rows.shape[1])) @ spread.T + mean
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        galleries[f"first pictures and synthetic, {size:,}"] = np.concatenate(
            [rows[first], drawn.astype(np.float32)]
        )
    result = {"galleries": [compare(name, held, strangers, table) for name, held in galleries.items()]}
    print(json.dumps(result, indent=None if arguments.json else 1))  # noqa: T201  a script's one answer


if __name__ == "__main__":
    main()
