"""Divide a data set by person into a half for tuning and a half for reporting, as folders that `evaluate` reads.

    python benchmarks/halves.py DATASET OUT [--rulings FILE] [--seed 41]

Writes OUT/tune and OUT/test with their pictures and labels.csv, and OUT/tune-rulings.csv and OUT/test-rulings.csv.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from pathlib import Path

import numpy as np

from plainview.evaluation.dataset import read_dataset


def main() -> None:
    """Write both halves and print their sizes."""
    parser = argparse.ArgumentParser(description="Divide a data set by person.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rulings", type=Path)
    parser.add_argument("--seed", type=int, default=41)
    arguments = parser.parse_args()
    items = read_dataset(arguments.dataset).items
    people = np.array(sorted({item.person for item in items}))
    order = np.random.default_rng(arguments.seed).permutation(len(people))
    middle = len(people) // 2
    for name, chosen in (("tune", set(people[order[:middle]])), ("test", set(people[order[middle:]]))):
        chosen_items = [item for item in items if item.person in chosen]
        for item in chosen_items:
            target = arguments.out / name / item.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(item.path, target)
        names = {item.name for item in chosen_items}
        labels = arguments.dataset / "labels.csv"
        if labels.exists():
            _rows(labels, arguments.out / name / "labels.csv", lambda record, names=names: record["path"] in names)
        if arguments.rulings:
            _rows(
                arguments.rulings,
                arguments.out / f"{name}-rulings.csv",
                lambda record, names=names: {record["image_a"], record["image_b"]} <= names,
            )
        print(f"{name}: {len(chosen)} people, {len(chosen_items)} pictures")  # noqa: T201  the script's answer


def _rows(source: Path, target: Path, keep: object) -> None:
    with (
        source.open(newline="", encoding="utf-8") as file,
        target.open("w", newline="", encoding="utf-8") as out,
    ):
        reader = csv.DictReader(file)
        writer = csv.DictWriter(out, fieldnames=list(reader.fieldnames or ()))
        writer.writeheader()
        writer.writerows(record for record in reader if keep(record))  # type: ignore[operator]


if __name__ == "__main__":
    main()
