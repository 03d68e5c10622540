"""CSV: the separator is the one under which the header names known columns; quotes are read strictly.

Owns the rule for quotes: a quote in the wrong place swallows rows in other readers, so it refuses the table with the
line on which that row begins.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from plainview.tables.errors import TableError
from plainview.tables.shape import Shape, clip, fold, visible
from plainview.tables.table import Record, Table
from plainview.tables.text import Opener, encoding, lines

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_STATED = re.compile(r'"?sep=(.)"?[\s,;]*', re.IGNORECASE)
_NOTHING = re.compile(r'[\s,;|"]*')
_HEAD = 32  # lines among which the header is looked for
_LONGEST = 131_072  # characters of a cell; csv's own limit
_QUOTES = 'Write a cell that contains a quote inside quotes, with each of its own quotes doubled ("").'


def open_delimited(opened: Opener, shape: Shape) -> Table:
    """Open CSV; see plainview.tables.read.open_table."""
    codec, name = encoding(opened)
    head = list(islice(lines(opened, codec), _HEAD))
    skip = _blank(head, 0)
    stated = _STATED.fullmatch(head[skip]) if skip < len(head) else None
    if stated:
        skip = _blank(head, skip + 1)
    if skip >= len(head):
        raise TableError(
            "it is empty", f"Write a first line with the columns {', '.join(shape.columns)}.", where="line 1"
        )
    separator = stated[1] if stated else _separator(head[skip:], shape)
    number, cells = next(_records(iter(head[skip:]), separator, skip))[:2]
    columns = shape.header(cells, f"line {number}", number, later=_later(head, skip + 1, separator, shape))

    def read(notes: list[str]) -> Iterator[Record]:
        blank = 0
        text = lines(opened, codec)
        for _ in islice(text, skip):
            pass
        for at, values, raw in islice(_records(text, separator, skip), 1, None):
            if any(visible(value) for value in values):
                yield _record(at, values, raw, columns, shape, separator)
            else:
                blank += 1
        if blank:
            notes.append(f"{blank:,} blank row{'s were' if blank > 1 else ' was'} passed over.")

    usual = separator == "," and name == "UTF-8"
    how = () if usual else (f"Read as CSV with {_words(separator)} between the cells, in {name}.",)
    form = {"format": "CSV", "encoding": name, "separator": separator}
    return Table(form, tuple(column for column in columns if column), how, read)


def _blank(head: Sequence[str], start: int) -> int:
    while start < len(head) and _NOTHING.fullmatch(head[start]):
        start += 1
    return start


def _separator(head: Sequence[str], shape: Shape) -> str:
    def known(separator: str) -> tuple[int, int]:
        try:
            return shape.likeness(next(_records(iter(head), separator, 0))[1])
        except TableError:
            return -1, 0

    return max(_SEPARATORS, key=known)  # the first of equals: a comma


def _later(head: Sequence[str], start: int, separator: str, shape: Shape) -> str:
    for at in range(start, len(head)):
        for candidate in dict.fromkeys((separator, *_SEPARATORS)):
            cells = [cell.strip(' "') for cell in head[at].strip("\r\n").split(candidate)]
            if all(column in map(fold, cells) for column in shape.required or shape.columns):
                return f"line {at + 1}"
    return ""


def _words(separator: str) -> str:
    return _SEPARATORS.get(separator, repr(separator))


class _Numbered:
    """Lines with the number of the last one, and the text of the row that is being read."""

    def __init__(self, text: Iterator[str], number: int) -> None:
        self._text, self.number, self.raw = text, number, [""]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.number += 1
        self.raw.append(line)
        return line


def _records(text: Iterator[str], separator: str, before: int) -> Iterator[tuple[int, list[str], str]]:
    """Yield the first line, the cells and the text of every record; `before` lines came before the first."""
    numbered = _Numbered(text, before)
    reader = csv.reader(numbered, delimiter=separator, strict=True, skipinitialspace=True)
    well_formed = re.compile(
        rf'(?: *+"(?:[^"]++|"")*+"|[^"{re.escape(separator)}\r\n]*+)'
        rf'(?:{re.escape(separator)}(?: *+"(?:[^"]++|"")*+"|[^"{re.escape(separator)}\r\n]*+))*+[\r\n]*+'
    )
    while True:
        numbered.raw.clear()
        first = numbered.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TableError(_why(error), _QUOTES, where=f"line {first}", number=first) from None
        if cells is None:
            return
        raw = "".join(numbered.raw)
        if '"' in raw and not well_formed.fullmatch(raw):
            raise TableError("a quote is in the middle of a cell", _QUOTES, where=f"line {first}", number=first)
        yield first, cells, raw


def _why(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quote is opened in this row and never closed"
    if "limit" in str(error):
        return f"a cell of this row has more than {_LONGEST:,} characters; is a quote opened and not closed?"
    return "a quote that was opened in this row is closed in the middle of a cell, perhaps some lines further down"


def _unquoted(separator: str) -> str:
    name = {",": "comma", ";": "semicolon", "|": "bar"}.get(separator)
    return f": a cell that contains a {name} needs quotes around it" if name else ""


def _record(number: int, values: list[str], raw: str, columns: Sequence[str], shape: Shape, separator: str) -> Record:
    where = f"line {number}"
    cells = {column: visible(value) for column, value in zip(columns, values, strict=False) if column}
    trouble = ""
    stray = next((value for column, value in zip(columns, values, strict=False) if not column and visible(value)), "")
    if "\0" in raw:
        trouble = "it has a null character: the file is damaged, or is not text"
    elif any(visible(value) for value in values[len(columns) :]):
        trouble = (
            f"it has more cells than the header ({len(values)}; the header has {len(columns)}){_unquoted(separator)}"
        )
    elif shape.whole and len(values) < len(columns):
        trouble = f"it has fewer cells than the header ({len(values)}; the header has {len(columns)})"
    elif stray:
        trouble = f"{clip(stray)!r} is in a column without a name: name the column, or remove it"
    elif [fold(value) for value in values if visible(value)] == [fold(column) for column in columns if column]:
        trouble = "it repeats the header"
    else:
        broken = next(
            (name for name, cell in cells.items() if name in shape.columns and ("\n" in cell or "\r" in cell)), ""
        )
        if broken:
            last = number + len(raw.splitlines()) - 1
            trouble = f"the cell {broken} has a line break: its quote opens here and closes in line {last}"
    return Record(where, number, {name: "" for name in columns if name} | cells, trouble)
