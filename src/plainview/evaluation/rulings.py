"""Label noise: the pairs that contradict their names most, and what a person has ruled on them.

Owns the order of suspicion and the rulings file. It must never rule by itself: a score that contradicts a name
may be the model's error, and taking such pairs out unseen would flatter it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plainview.evaluation.dataset import Dataset, DatasetError, table_of
from plainview.evaluation.pairs import Pairs
from plainview.evaluation.samples import Samples
from plainview.tables.shape import Shape

COLUMNS = ("pair", "names", "image_a", "image_b", "score", "ruling", "wrong", "note")
"""Of rulings.csv. `names`: same or different, as the data set has it. `ruling`: same, different, unsure or
empty: are both pictures of one human being? `wrong`: a, b or empty: which picture is under a wrong name."""

_SHAPE = Shape(
    "rulings file",
    COLUMNS[2:4] + COLUMNS[5:7],
    required=("image_a", "image_b", "ruling"),
    others=True,
    whole=True,
)
_RULINGS = frozenset({"", "same", "different", "unsure"})


@dataclass(frozen=True, slots=True)
class Suspect:
    """A pair that contradicts its names: `same` says whether the data set has one name for both."""

    same: bool
    image_a: str
    image_b: str
    score: float


@dataclass(frozen=True, slots=True)
class Rulings:
    """What the rulings of a file change.

    Attributes:
        left_out: pictures under a wrong name.
        same_people: pairs of names of one human being: their comparison says nothing.
        counts: ruling -> how many.
        sha256: of the file, hex.
    """

    left_out: frozenset[str]
    same_people: frozenset[tuple[str, str]]
    counts: dict[str, int]
    sha256: str


def suspects(samples: Samples, pairs: Pairs, most: int) -> list[Suspect]:
    """Return up to `each` pairs of one name with the lowest, and of two names with the highest scores.

    No two people are listed twice with each other, so that one wrong folder does not fill the list.
    """
    lowest = np.argsort(pairs.mated, kind="stable")
    low = zip(pairs.mated[lowest], pairs.mated_a[lowest], pairs.mated_b[lowest], strict=True)
    high = zip(pairs.tail, pairs.tail_a, pairs.tail_b, strict=True)
    return [*_first(samples, low, most, same=True), *_first(samples, high, most, same=False)]


def _first(
    samples: Samples, ordered: Iterable[tuple[np.float32, np.int64, np.int64]], most: int, *, same: bool
) -> list[Suspect]:
    seen: set[tuple[int, ...]] = set()
    doubtful: list[Suspect] = []
    for score, a, b in ordered:
        if len(doubtful) == most:
            break
        who = tuple(sorted((int(samples.person[a]), int(samples.person[b]))))
        if who not in seen:
            seen.add(who)
            doubtful.append(Suspect(same, samples.names[a], samples.names[b], round(float(score), 4)))
    return doubtful


def to_csv(pairs: Sequence[Suspect]) -> str:
    """Return a rulings file to be filled in."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, pair in enumerate(pairs, start=1):
        names = "same" if pair.same else "different"
        writer.writerow([number, names, pair.image_a, pair.image_b, pair.score, "", "", ""])
    return file.getvalue()


def read_rulings(path: Path, dataset: Dataset) -> Rulings:
    """Read what a person ruled.

    "different" on one name leaves out the picture that `wrong` names, or both where it names none. "same" on
    two names leaves out the picture named as wrong; where none is, the two people are no longer compared.
    "unsure" changes nothing, and neither does a ruling that agrees with the names.

    Raises:
        DatasetError: not a table with these columns, a picture that is not there, or another word.
    """
    people = {item.name: item.person for item in dataset.items}
    left_out: set[str] = set()
    same_people: set[tuple[str, str]] = set()
    counts = dict.fromkeys(("same", "different", "unsure", "not ruled"), 0)
    with table_of(path, _SHAPE) as (table, digest):
        for record in table.rows():
            ruling_row = record.cells
            a, b, ruling, wrong = (
                ruling_row["image_a"],
                ruling_row["image_b"],
                ruling_row["ruling"].lower(),
                ruling_row.get("wrong", "").lower(),
            )
            _check(path.name, record.where, ruling_row, people, ruling, wrong)
            counts[ruling or "not ruled"] += 1
            if ruling not in ("same", "different") or (ruling == "same") == (people[a] == people[b]):
                continue
            if wrong:
                left_out.add(a if wrong == "a" else b)
            elif ruling == "different":
                left_out |= {a, b}
            else:
                same_people.add((min(people[a], people[b]), max(people[a], people[b])))
    return Rulings(frozenset(left_out), frozenset(same_people), counts, digest)


def _check(name: str, where: str, ruling_row: dict[str, str], people: dict[str, str], ruling: str, wrong: str) -> None:
    for image in (ruling_row["image_a"], ruling_row["image_b"]):
        if image not in people:
            raise DatasetError(f"{name}, {where}: there is no file {image!r}.", "Use rulings made on this data set.")
    if ruling not in _RULINGS:
        raise DatasetError(
            f"{name}, {where}: the ruling is {ruling!r}.", "Write same, different or unsure, or leave it empty."
        )
    if wrong not in ("", "a", "b"):
        raise DatasetError(f"{name}, {where}: the wrong picture is {wrong!r}.", "Write a or b, or leave it empty.")


def without(dataset: Dataset, rulings: Rulings) -> Dataset:
    """Return the data set without the pictures that are under a wrong name."""
    return replace(dataset, items=tuple(item for item in dataset.items if item.name not in rulings.left_out))
