"""Lists of pictures to enrol: a folder, a CSV, JSONL or Parquet manifest, or an ANSI/NIST-ITL file.

Owns the reading of these lists: each is read twice, once to check and count it and once to enrol from it, one picture
at a time, never as a whole. It must never follow a link; links are recorded, not opened.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from plainview.casework.enrolment.exchange_files import is_exchange_file
from plainview.casework.galleries.nist import SUFFIXES as NIST_SUFFIXES
from plainview.casework.galleries.nist import Provenance, read_nist
from plainview.policy.decision import Refused
from plainview.recognition.decode import read_file
from plainview.recognition.errors import BadMedia
from plainview.recognition.foreign import foreign, reason

COLUMNS = ("path", "source_url", "page_url", "captured_on")
"""Columns of a manifest; `path` is required, the others may be empty or missing."""

MANIFESTS = (".csv", ".jsonl", ".parquet")

_LINE = 1 << 20  # characters of one JSONL line: a path, two links and a date need far fewer
_ROWS = 4096  # of a Parquet file in memory at once


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to enrol.

    Attributes:
        path: its file, or the file that contains it.
        name: its name in lists: its path inside the folder or manifest.
        source_url: link to where the picture came from; the file's own address if nothing else is stated.
        page_url: link to the page that showed it, or empty.
        captured_on: date on which it was taken, if stated.
        provenance: what the source says about it; see casework.galleries.nist.
        data: returns its bytes if it has no file of its own; raises BadMedia or Unusable.
    """

    path: Path
    name: str
    source_url: str
    page_url: str = ""
    captured_on: date | None = None
    provenance: Provenance = field(default_factory=dict)
    data: Callable[[], bytes] | None = None

    def read(self) -> bytes:
        """Return the bytes of the picture.

        Raises:
            BadMedia: the file cannot be read.
            Unusable: the source does not provide the picture.
        """
        return read_file(self.path) if self.data is None else self.data()


class Unusable(Exception):
    """A picture that its source does not provide, with a stable word and one sentence for the list of failures."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Items:
    """A list of pictures that is read again on every iteration.

    Attributes:
        kind: "folder", "picture", "manifest", "ansi-nist" or "feed".
        name: the list's name.
    """

    def __init__(self, kind: str, name: str, rows: Callable[[], Iterator[Item]], count: int) -> None:
        self.kind, self.name = kind, name
        self._rows, self._count = rows, count

    def __iter__(self) -> Iterator[Item]:
        return self._rows()

    def __len__(self) -> int:
        """Return the number of pictures; a file of a folder counts once, whatever it contains."""
        return self._count


def read_items(path: Path) -> Items:
    """Return the pictures that `path` names: a folder's, a manifest's, an exchange file's, or a single one.

    Raises:
        Refused: enrol.nothing (no such path, or nothing in it), manifest.bad_row, manifest.unreadable, manifest.parquet.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        items = Items("folder", str(path), lambda: _folder(path), sum(1 for _ in _files(path)))
    elif not path.is_file():
        items = Items("picture", path.name, lambda: iter(()), 0)
    elif suffix in MANIFESTS:
        items = Items("manifest", path.name, lambda: _manifest(path), sum(1 for _ in _manifest(path)))
    elif is_exchange_file(path):
        items = Items("ansi-nist", path.name, lambda: _exchange(path, path.name), 1)
    else:
        items = Items("picture", path.name, lambda: iter([_file(path, path.name)]), 1)
    if not len(items):
        raise Refused(
            "enrol.nothing",
            "Nothing enrolled",
            f"{path} does not exist or contains no picture.",
            "Choose a folder of pictures, a picture, a manifest (.csv, .jsonl or .parquet with a path column) or an "
            f"ANSI/NIST-ITL file ({', '.join(NIST_SUFFIXES)}).",
        )
    return items


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file below the folder except hidden ones, in order of name; one folder's names are in memory."""
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_dir()) for entry in entries if entry.name[:1] != ".")
    except OSError as error:
        raise Refused(
            "enrol.unreadable",
            "Enrolment stopped",
            f"The folder {folder} cannot be read: {error.strerror}.",
            "Make the folder readable and enrol again. What has been enrolled is kept.",
        ) from None
    for name, is_folder in names:
        if not is_folder:
            if (folder / name).is_file():
                yield folder / name
        elif not (folder / name).is_symlink():
            yield from _files(folder / name)


def _folder(folder: Path) -> Iterator[Item]:
    for file in _files(folder):
        name = str(file.relative_to(folder))
        if is_exchange_file(file):
            yield from _exchange(file, name)
        else:
            yield _file(file, name)


def _file(path: Path, name: str) -> Item:
    return Item(path, name, path.absolute().as_uri())


def _exchange(path: Path, name: str) -> Iterator[Item]:
    """Yield the pictures of one ANSI/NIST-ITL file; an unreadable file is a single failure in the list."""
    address = path.absolute().as_uri()
    try:
        records = read_nist(read_file(path))
    except BadMedia as bad:
        yield Item(path, name, address, data=_raising(bad))
        return
    for record in records:
        yield Item(
            path,
            f"{name}#{record.number}",
            f"{address}#{record.number}",
            "",
            record.captured_on,
            record.provenance,
            record.picture,
        )


def _raising(bad: BadMedia) -> Callable[[], bytes]:
    def data() -> bytes:
        raise bad

    return data


def _manifest(path: Path) -> Iterator[Item]:
    for number, values in _parquet(path) if path.suffix.lower() == ".parquet" else _rows(path):
        yield _item(path, number, values)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with foreign(partial(_broken, path)), path.open(encoding="utf-8-sig", newline="") as file:
        yield from _parsed(path, file)


def rows_of(name: str, data: bytes) -> dict[str, Item]:
    """Read an uploaded manifest; return its items by path. A source that is not stated is "".

    Raises:
        Refused: manifest.bad_row.
    """
    manifest = Path(name)
    with foreign(partial(_broken, manifest)):
        rows = list(_parsed(manifest, io.StringIO(data.decode("utf-8-sig"), newline="")))
    items = {}
    for number, values in rows:
        item = _item(manifest, number, values)
        items[item.name] = item if values.get("source_url") else replace(item, source_url="")
    return items


def _parsed(path: Path, file: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(file)
        if "path" not in (reader.fieldnames or ()):
            raise _bad(path, 1, "there is no column named path")
        for values in reader:
            yield reader.line_num, values
        return
    number = 0
    while line := file.readline(_LINE):
        number += 1
        if len(line) == _LINE:
            raise _bad(path, number, f"the line is longer than {_LINE} characters")
        if not line.strip():
            continue
        parsed = json.loads(line)
        if not isinstance(parsed, dict):
            raise _bad(path, number, "the line is not a JSON object")
        yield number, parsed


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:  # the extra `parquet`: it takes half a second to load, and most manifests are text
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise Refused(
            "manifest.parquet",
            "Nothing enrolled",
            "Reading a Parquet manifest needs the extra parquet, which is not installed.",
            "Install plainview[parquet], or save the manifest as CSV or JSONL.",
        ) from error

    with foreign(lambda error: _unreadable(path, reason(error))), pyarrow.parquet.ParquetFile(path) as file:
        columns = [name for name in COLUMNS if name in file.schema_arrow.names]
        if "path" not in columns:
            raise _bad(path, 1, "there is no column named path")
        number = 0
        for batch in file.iter_batches(batch_size=_ROWS, columns=columns):
            for values in batch.to_pylist():
                number += 1
                taken = values.get("captured_on")
                if isinstance(taken, date):
                    day = taken.date() if isinstance(taken, datetime) else taken
                    values["captured_on"] = day.isoformat()
                yield number, values


def _item(manifest: Path, number: int, fields: dict[str, Any]) -> Item:
    values = {column: fields.get(column) or "" for column in COLUMNS}
    if not all(isinstance(value, str) for value in values.values()):
        raise _bad(manifest, number, "a value is not text")
    if not values["path"].strip() or "\0" in values["path"]:
        raise _bad(manifest, number, "the path is empty")
    captured = None
    if values["captured_on"].strip():
        try:
            captured = date.fromisoformat(values["captured_on"].strip())
        except ValueError:
            raise _bad(manifest, number, "captured_on is not a date YYYY-MM-DD") from None
    for column in ("source_url", "page_url"):
        if values[column] and not values[column].startswith(("http://", "https://", "file://", "urn:")):
            raise _bad(manifest, number, f"{column} is not a link (http, https, file or urn)")
    path = manifest.parent / values["path"]
    source = values["source_url"] or path.absolute().as_uri()
    return Item(path, values["path"], source, values["page_url"], captured)


def _broken(manifest: Path, error: Exception) -> Refused:
    if isinstance(error, UnicodeDecodeError):
        return _bad(manifest, 1, "the file is not UTF-8")
    if isinstance(error, OSError):
        return _unreadable(manifest, error.strerror or str(error))
    return _bad(manifest, 1, f"a row cannot be read ({reason(error)})")


def _bad(manifest: Path, number: int, why: str) -> Refused:
    return Refused(
        "manifest.bad_row",
        "Nothing enrolled",
        f"{manifest.name}, line {number}: {why}.",
        f"Correct the manifest. Its columns are {', '.join(COLUMNS)}.",
    )


def _unreadable(manifest: Path, why: str) -> Refused:
    return Refused(
        "manifest.unreadable",
        "Nothing enrolled",
        f"{manifest.name} cannot be read: {why}.",
        "Save the manifest again. Its columns are path and, where known, source_url, page_url and captured_on.",
    )
