"""Made-up templates of made-up people, and small data sets of the two bundled portraits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from tests.factories.models import collins, hopper, scaled

from plainview.evaluation.metrics import Floats
from plainview.evaluation.samples import Samples


def unit(rows: np.ndarray) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def made_up(
    people: int = 60, each: int = 3, singles: int = 60, noise: float = 0.6, seed: int = 1, dimension: int = 24
) -> Samples:
    """People with `each` pictures and people with one; templates are a person's direction and some noise."""
    random = np.random.default_rng(seed)
    person = np.concatenate([np.repeat(np.arange(people), each), np.arange(people, people + singles)])
    centres = unit(random.normal(size=(people + singles, dimension)))
    templates = unit(centres[person] + noise * unit(random.normal(size=(len(person), dimension))))
    return samples(templates, person, sex=np.where(person % 2, "a", "b").astype(object))


def samples(templates: Floats, person: np.ndarray, **groups: np.ndarray) -> Samples:
    count = len(person)
    return Samples(
        names=tuple(f"{who:03}/{i}.png" for i, who in enumerate(person)),
        templates=np.asarray(templates, np.float32),
        person=np.asarray(person, np.int64),
        people=tuple(f"{who:03}" for who in range(int(max(person)) + 1)),
        masked=np.zeros(count, bool),
        quality=np.full(count, 90),
        years=np.full(count, np.nan),
        groups=groups,
    )


def portraits(folder: Path) -> Path:
    """Two people with four pictures each, and labels."""
    lines = ["path,sex,era"]
    for name, picture in (("hopper", hopper()), ("collins", collins())):
        (folder / name).mkdir(parents=True)
        for i, factor in enumerate((1.0, 0.8, 0.7, 0.6)):
            cv2.imwrite(str(folder / name / f"{i}.png"), scaled(picture, factor).pixels)
            lines.append(f"{name}/{i}.png,female,{'navy' if name == 'hopper' else 'nasa'}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
