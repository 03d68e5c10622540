"""JSON Lines: one object a line, each key a column.

Owns that a key is never dropped: an unknown one, or one that appears twice, refuses its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from plainview.recognition.foreign import foreign, reason
from plainview.tables.errors import TableError
from plainview.tables.shape import Shape, clip, fold, visible
from plainview.tables.table import Record, Table
from plainview.tables.text import Opener, encoding, lines

_NEXT = "Write one JSON object a line. Nothing of the table was used."


def open_lines(opened: Opener, shape: Shape) -> Table:
    """Open JSON Lines; see plainview.tables.read.open_table."""
    codec, name = encoding(opened)

    def read(_: list[str]) -> Iterator[Record]:
        for number, line in enumerate(lines(opened, codec), start=1):
            if visible(line):
                yield _record(number, line, shape)

    how = () if name == "UTF-8" else (f"Read as JSON Lines in {name}.",)
    return Table({"format": "JSON Lines", "encoding": name}, shape.columns, how, read)


def _record(number: int, line: str, shape: Shape) -> Record:
    where = f"line {number}"

    def broken(error: Exception) -> TableError:
        why = f"{error.msg}, at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else reason(error)
        return TableError(f"it is not valid JSON ({why})", _NEXT, where=where, number=number)

    with foreign(broken):
        parsed = json.loads(line.strip(), object_pairs_hook=_Pairs)
    if not isinstance(parsed, _Pairs):
        raise TableError("the line is not a JSON object", _NEXT, where=where, number=number)
    names = [key for key, _ in parsed]
    columns = shape.header(names, where, number) if names else ()
    cells = dict.fromkeys(shape.columns, "")
    trouble = "" if names else "the object is empty"
    for column, (key, value) in zip(columns, parsed, strict=True):
        if value is None:
            continue
        if not isinstance(value, str):
            trouble = trouble or f"the value of {clip(key)!r} is not text"
        elif not _sound(value):
            trouble = trouble or f"the value of {clip(key)!r} has a null character or half a character"
        else:
            cells[column] = value if fold(column) == "path" else visible(value)
    return Record(where, number, cells, trouble)


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of an object, in order, a repeated key too."""


def _sound(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
