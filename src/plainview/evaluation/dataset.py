"""Reads a data set for measuring: a folder a person, and an optional labels.csv with what is known of each file.

Owns who is in which file and which group a file belongs to, as the data set says it. It must never open a
picture (that is `embedding`), never guess a label, and never let a label change a score: labels only sort
results that are already there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath

from plainview.recognition.foreign import foreign, reason

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
    """

    name: str
    items: tuple[Item, ...]
    columns: tuple[str, ...] = ()
    columns_left_out: tuple[str, ...] = ()
    labels_sha256: str = ""


def read_dataset(root: Path, labels: Path | None = None) -> Dataset:
    """List the files of a folder and read their labels.

    A file directly in the folder is a person of its own (data sets of one image a person are kept so). Hidden
    files, those with an ending in `NOT_PICTURES`, and folders that are links are left out.

    Args:
        root: the data set's folder.
        labels: a CSV file with a column `path` (inside the folder) and any of: `person` (instead of the
            folder), `masked` (yes or no), `age` (years), `date` (YYYY-MM-DD), group columns. None: labels.csv
            in the folder, where there is one.

    Raises:
        DatasetError: no such folder, no file in it, or labels that are not UTF-8 CSV, name a file that is not
        there, name one twice, or hold something else than their column's kind.
    """
    if not root.is_dir():
        raise DatasetError(f"{root} is not a folder.", "Choose a folder that contains one folder for each person.")
    names = sorted(_files(root))
    if not names:
        raise DatasetError(f"{root} contains no picture.", "Put each person's pictures into a folder inside it.")
    if labels is None and (root / LABELS_NAME).is_file():
        labels = root / LABELS_NAME
    rows, columns, digest = _read_labels(labels, set(names)) if labels is not None else ({}, (), "")
    groups, left_out = _group_columns(rows.values(), columns)
    items = tuple(_item(root, name, rows.get(name, {}), groups) for name in names)
    return Dataset(root.resolve().name, items, groups, left_out, digest)


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
    return Item(root / name, name, label.get("person") or parts[0], masked, groups, _years(label))


def _band(column: str, value: str) -> str:
    if column != "age":
        return value
    for start, stop in AGE_BANDS:
        if start <= float(value) < stop:
            return f"under {stop}" if start == 0 else f"{start}+" if stop == 200 else f"{start}-{stop - 1}"
    return value


def _years(label: dict[str, str]) -> float | None:
    if "date" in label:  # an age and a date cannot be subtracted from each other
        return date.fromisoformat(label["date"]).toordinal() / _DAYS_IN_YEAR if label["date"] else None
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


def _read_labels(path: Path, names: set[str]) -> tuple[dict[str, dict[str, str]], tuple[str, ...], str]:
    text, digest = read_text(path)
    columns, lines = parse_csv(text, path.name)
    if "path" not in columns:
        raise DatasetError(f"{path.name} has no column named path.", "Name its columns in the first line: path,...")
    rows: dict[str, dict[str, str]] = {}
    wrong: list[str] = []
    for number, label in lines:
        name = PurePosixPath(label["path"]).as_posix()
        trouble = _row_trouble(label)
        if name not in names:
            wrong.append(f"line {number}: there is no file {label['path']!r}")
        elif name in rows:
            wrong.append(f"line {number}: {label['path']!r} is named a second time")
        elif trouble:
            wrong.append(f"line {number}: {trouble}")
        else:
            rows[name] = label
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DatasetError(f"{path.name}: {'; '.join(wrong[:_SHOWN])}{more}.", "Correct these lines or remove them.")
    return rows, columns, digest


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
            date.fromisoformat(label["date"])
        except ValueError:
            return f"date is {label['date']!r}, not YYYY-MM-DD"
    return ""


def read_text(path: Path) -> tuple[str, str]:
    """Return a UTF-8 file's text and the sha256 of its bytes.

    Raises:
        DatasetError: it cannot be read, or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror}.", "Check the path and the permissions of the file."
        ) from error
    try:
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DatasetError(f"{path.name}, line {line} is not UTF-8.", "Save the file as CSV in UTF-8.") from error


def parse_csv(text: str, name: str) -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    """Return the column names and, for each row, its line number and its fields by column.

    Raises:
        DatasetError: no header, a column without a name or named twice, or a row of another length.
    """
    with foreign(lambda error: DatasetError(f"{name} is not CSV: {reason(error)}.", "Save it as CSV in UTF-8.")):
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        columns = tuple(column.strip() for column in next(reader, []))
        if not columns or "" in columns or len(set(columns)) < len(columns):
            raise DatasetError(
                f"The first line of {name} does not name every column exactly once.",
                "Begin the first line with path,...",
            )
        rows = []
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(columns):
                raise DatasetError(
                    f"{name}, line {reader.line_num}: the number of fields is {len(fields)}; the first line names {len(columns)}.",
                    "Correct this line.",
                )
            rows.append((reader.line_num, dict(zip(columns, (field.strip() for field in fields), strict=True))))
    return columns, rows
