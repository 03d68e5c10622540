"""Enrol a folder of photographs from another machine, with a table that says where each comes from.

    PLAINVIEW_URL=https://faces.example PLAINVIEW_TOKEN=... python bulk_enrolment.py custody photographs/ origins.csv

The table has the columns file, source_url and captured_on. Interrupted, it can be run again: a picture that is in the
gallery already is a duplicate.
"""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from plainview.client import Client
from plainview.client.types import Picture


def pictures(folder: Path, table: Path) -> Iterator[Picture]:
    """Yield each photograph of the table with its origin."""
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield Picture(
                image=folder / row["file"],
                id=row["file"],
                source_url=row.get("source_url", ""),
                captured_on=row.get("captured_on", ""),
            )


def main(gallery: str, folder: str, table: str) -> int:
    """Enrol, print what failed, and return the number of pictures that did."""
    outcomes: Counter[str] = Counter()
    with Client(os.environ["PLAINVIEW_URL"], os.environ["PLAINVIEW_TOKEN"]) as faces:
        for result in faces.enrol_many(gallery, pictures(Path(folder), Path(table))):
            outcomes[result["outcome"]] += 1
            if result["outcome"] not in ("enrolled", "duplicate"):
                print(f"{result['id']}: {result['outcome']}: {result['why']}", file=sys.stderr)
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    return sum(outcomes.values()) - outcomes["enrolled"] - outcomes["duplicate"]


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
