"""Reads a data set for measuring: a folder a person, and an optional labels.csv with what is known of each file.

Owns who is in which file and which group a file belongs to, as the data set says it. It must never open a
picture (that is `embedding`), never guess a label, and never let a label change a score: labels only sort
results that are already there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from plainview.tables.dates import read_date
from plainview.tables.errors import TableError
from plainview.tables.names import Names, readable, spellings_of
from plainview.tables.parquet import NoParquet
from plainview.tables.read import open_table
from plainview.tables.shape import Shape
from plainview.tables.table import Table

LABELS_NAME = "labels.csv"
"""Taken from the data set's folder when no other labels are named."""

NOT_PICTURES = frozenset({".csv", ".txt", ".md", ".json", ".html", ".pdf", ".xml", ".mat"})
"""Endings of files that go with a data set and are no part of it. Everything else counts, readable or not."""

MASKED_FOLDER = "masked"
"""A file in PERSON/masked/ shows the person with a real mask or cloth before the lower face."""

MAX_VALUES = 20
"""A column with more different values than this does not sort people into groups."""

AGE_BANDS = ((0, 18), (18, 30), (30, 45), (45, 60), (60, 200))
"""Years, from and below: how a numeric column `age` becomes groups."""

LABELS = Shape(
    "labels file", ("path", "person", "masked", "age", "date"), required=("path",), others=True, dates=("date",)
)
"""Columns of a labels file; any other column sorts files into groups."""

_YES, _NO = frozenset({"1", "yes", "true", "masked"}), frozenset({"", "0", "no", "false", "unmasked"})
_SHOWN = 5
_DAYS_IN_YEAR = 365.2425


class DatasetError(Exception):
    """A data set, labels or rulings file that cannot be used.

    Attributes:
        why: one sentence: what is wrong, with the line where there is one.
        next_step: one sentence: what the person can do now.
    """

    def __init__(self, why: str, next_step: str) -> None:
        super().__init__(f"{why} {next_step}")
        self.why = why
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class Item:
    """One file.

    Attributes:
        path: where it is.
        name: its path inside the data set, with forward slashes.
        person: who is in it, as the data set says.
        masked: a real mask covers the lower face; such a file is a probe only.
        groups: column -> value, for the columns that sort people into groups; unlabelled ones are missing.
        years: age or date of the picture in years, for differences only; None: not stated.
    """

    path: Path
    name: str
    person: str
    masked: bool = False
    groups: dict[str, str] = field(default_factory=dict)
    years: float | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Every file of a data set, in the order of their names.

    Attributes:
        name: the folder's own name, without where it lies.
        items: the files.
        columns: label columns that sort people into groups.
        columns_left_out: other label columns, with too many values to be groups.
        labels_sha256: digest of the labels file, hex; empty without one.
        labels_how: sentences about how the labels file was read.
    """

    name: str
    items: tuple[Item, ...]
    columns: tuple[str, ...] = ()
    columns_left_out: tuple[str, ...] = ()
    labels_sha256: str = ""
    labels_how: tuple[str, ...] = ()


def read_dataset(root: Path, labels: Path | None = None) -> Dataset:
    """List the files of a folder and read their labels.

    A file directly in the folder is a person of its own (data sets of one image a person are kept so). Hidden
    files, those with an ending in `NOT_PICTURES`, and folders that are links are left out.

    Args:
        root: the data set's folder.
        labels: a table (CSV, Excel) with a column `path` (inside the folder) and any of: `person` (instead of the
            folder), `masked` (yes or no), `age` (years), `date` (YYYY-MM-DD), group columns. None: labels.csv
            in the folder, where there is one.

    Raises:
        DatasetError: no such folder, no file in it, or labels that cannot be read, name a file that is not
        there, name one twice, or hold something else than their column's kind.
    """
    if not root.is_dir():
        raise DatasetError(f"{root} is not a folder.", "Choose a folder that contains one folder for each person.")
    names = sorted(_files(root))
    if not names:
        raise DatasetError(f"{root} contains no picture.", "Put each person's pictures into a folder inside it.")
    if labels is None and (root / LABELS_NAME).is_file():
        labels = root / LABELS_NAME
    rows, columns, digest, how = _read_labels(labels, names) if labels is not None else ({}, (), "", ())
    groups, left_out = _group_columns(rows.values(), columns)
    items = tuple(_item(root, name, rows.get(name, {}), groups) for name in names)
    return Dataset(root.resolve().name, items, groups, left_out, digest, how)


def _files(root: Path) -> Iterable[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for file in files:
            if not file.startswith(".") and Path(file).suffix.lower() not in NOT_PICTURES:
                yield (Path(folder) / file).relative_to(root).as_posix()


def _item(root: Path, name: str, label: dict[str, str], columns: tuple[str, ...]) -> Item:
    parts = PurePosixPath(name).parts
    masked = label.get("masked", "").lower() in _YES or MASKED_FOLDER in parts[1:-1]
    groups = {column: _band(column, label[column]) for column in columns if label.get(column)}
    person = label.get("person") or readable(parts[0])
    return Item(root / name, readable(name), person, masked, groups, _years(label))


def _band(column: str, value: str) -> str:
    if column != "age":
        return value
    for start, stop in AGE_BANDS:
        if start <= float(value) < stop:
            return f"under {stop}" if start == 0 else f"{start}+" if stop == 200 else f"{start}-{stop - 1}"
    return value


def _years(label: dict[str, str]) -> float | None:
    if "date" in label:  # an age and a date cannot be subtracted from each other
        return read_date(label["date"])[0].toordinal() / _DAYS_IN_YEAR if label["date"] else None
    return float(label["age"]) if label.get("age") else None


def _group_columns(rows: Iterable[dict[str, str]], columns: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = list(rows)
    usable: list[str] = []
    left_out: list[str] = []
    for column in columns:
        if column in ("path", "person", "masked", "date"):
            continue
        few = len({label[column] for label in rows if label[column]}) <= MAX_VALUES
        (usable if few or column == "age" else left_out).append(column)
    return tuple(usable), tuple(left_out)


def _read_labels(
    path: Path, names: Sequence[str]
) -> tuple[dict[str, dict[str, str]], tuple[str, ...], str, tuple[str, ...]]:
    known = Names()
    for name in names:
        known.add(name, *spellings_of(name))
    rows: dict[str, dict[str, str]] = {}
    wrong: list[str] = []
    otherwise = 0
    with table_of(path, LABELS) as (table, digest):
        for record in table.rows():
            label, stated = record.cells, readable(record.cells["path"])
            meeting = known.meet(label["path"])
            trouble = _row_trouble(label)
            if meeting.several:
                wrong.append(f"{record.where}: {len(meeting.several)} files fit {stated!r}")
            elif not meeting.name:
                wrong.append(f"{record.where}: there is no file {stated!r}")
            elif meeting.name in rows:
                wrong.append(f"{record.where}: {stated!r} is named a second time")
            elif trouble:
                wrong.append(f"{record.where}: {trouble}")
            else:
                rows[meeting.name] = label
                otherwise += not meeting.exact
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DatasetError(f"{path.name}: {'; '.join(wrong[:_SHOWN])}{more}.", "Correct these lines or remove them.")
    how = [*table.how, *table.notes]
    if otherwise:
        how.append(f"{otherwise:,} files have a slightly different name than the labels state.")
    return rows, table.columns, digest, tuple(f"{path.name}: {sentence}" for sentence in how)


def _row_trouble(label: dict[str, str]) -> str:
    if label.get("masked", "").lower() not in _YES | _NO:
        return f"masked is {label['masked']!r}, not yes or no"
    if label.get("age"):
        try:
            if not 0 <= float(label["age"]) < AGE_BANDS[-1][1]:
                return f"age is {label['age']!r}, not a number of years"
        except ValueError:
            return f"age is {label['age']!r}, not a number of years"
    if label.get("date"):
        try:
            if read_date(label["date"])[1] != "day":
                return f"date is {label['date']!r}, not YYYY-MM-DD"
        except ValueError as error:
            return f"date {error}"
    return ""


@contextmanager
def table_of(path: Path, shape: Shape) -> Iterator[tuple[Table, str]]:
    """Open a table and give it with the sha256 of its bytes.

    Raises:
        DatasetError: it cannot be read, also while its rows are read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror}.", "Check the path and the permissions of the file."
        ) from error
    try:
        yield open_table(data, path.name, shape), hashlib.sha256(data).hexdigest()
    except TableError as error:
        raise DatasetError(error.sentence(path.name), error.next_step) from None
    except NoParquet:
        raise DatasetError(f"{path.name} needs the extra parquet.", "Save it as CSV, or install the extra.") from None
