"""What to enrol: a folder of pictures, or a CSV or JSONL manifest that names them with their source.

Owns the reading of these lists. It never follows a link; links are recorded, not opened.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from plainview.policy.decision import Refused

COLUMNS = ("path", "source_url", "page_url", "captured_on")
"""Columns of a manifest; `path` is required, the others may be empty or missing."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to enrol.

    Attributes:
        path: where it lies now.
        name: how it is called in lists: its path inside the folder or manifest.
        source_url: link to where the picture came from; the file's own address when nothing else is stated.
        page_url: link to the page that showed it, or empty.
        captured_on: when it was taken, if stated.
    """

    path: Path
    name: str
    source_url: str
    page_url: str = ""
    captured_on: date | None = None


def read_items(path: Path) -> list[Item]:
    """Return what `path` names: every file of a folder, a manifest's rows, or one picture.

    Raises:
        Refused: enrol.nothing (no such path, or nothing in it), manifest.bad_row.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
        items = [_file(file, str(file.relative_to(path))) for file in files]
    elif path.suffix.lower() in (".csv", ".jsonl") and path.is_file():
        items = [_row(path, number, row) for number, row in _rows(path)]
    elif path.is_file():
        items = [_file(path, path.name)]
    else:
        items = []
    if not items:
        raise Refused(
            "enrol.nothing", "Nothing enrolled", f"{path} does not exist or names no picture.",
            "Name a folder of pictures, a picture, or a manifest (.csv or .jsonl with a path column).",
        )  # fmt: skip
    return items


def _hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts)


def _file(path: Path, name: str) -> Item:
    return Item(path, name, path.absolute().as_uri())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _parsed(path, file)
    except UnicodeDecodeError:
        raise _bad(path, 1, "the file is not UTF-8") from None
    except (csv.Error, json.JSONDecodeError) as error:
        raise _bad(path, 1, f"a row cannot be read ({error})") from None


def rows_of(name: str, data: bytes) -> dict[str, Item]:
    """Read an uploaded manifest: the path in each row -> what it says; a source that is not stated is "".

    Raises:
        Refused: manifest.bad_row.
    """
    manifest = Path(name)
    try:
        file = io.StringIO(data.decode("utf-8-sig"), newline="")
        rows = [(number, row) for number, row in _parsed(manifest, file)]
    except UnicodeDecodeError:
        raise _bad(manifest, 1, "the file is not UTF-8") from None
    except (csv.Error, json.JSONDecodeError) as error:
        raise _bad(manifest, 1, f"a row cannot be read ({error})") from None
    items = {}
    for number, row in rows:
        item = _row(manifest, number, row)
        items[item.name] = item if row.get("source_url") else replace(item, source_url="")
    return items


def _parsed(path: Path, file: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(file)
        if "path" not in (reader.fieldnames or ()):
            raise _bad(path, 1, "there is no column named path")
        for row in reader:
            yield reader.line_num, row
        return
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        parsed = json.loads(line)
        if not isinstance(parsed, dict):
            raise _bad(path, number, "the line is not a JSON object")
        yield number, parsed


def _row(manifest: Path, number: int, row: dict[str, Any]) -> Item:
    values = {column: row.get(column) or "" for column in COLUMNS}
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


def _bad(manifest: Path, number: int, why: str) -> Refused:
    return Refused(
        "manifest.bad_row", "Nothing enrolled", f"{manifest.name}, line {number}: {why}.",
        f"Correct the manifest; its columns are {', '.join(COLUMNS)}.",
    )  # fmt: skip
