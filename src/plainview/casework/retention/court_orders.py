"""Reading a court's list of references to erase: a table; every row is checked, every bad row named by its line.

Owns the form of the list. It must never guess: one bad row rejects the whole file. `retention.rules` looks up the
references that the rows name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from plainview.tables.dates import read_date
from plainview.tables.errors import TableError
from plainview.tables.parquet import NoParquet
from plainview.tables.read import open_table
from plainview.tables.shape import Shape
from plainview.tables.table import Record

NAMING = ("reference", "source_url", "provenance")
"""Columns, of which each row fills exactly one: an id, the link from the manifest, or a field of the exchange file
that the picture came in, as `TCN=12-345`."""

COLUMNS = (*NAMING, "ordered_on", "authority")
"""Every column. `ordered_on` and one of NAMING are required; `authority` too, unless the import names one for all rows."""

MAX_BYTES = 8 << 20
"""Largest file, in bytes: enough for a hundred thousand rows of ordinary length."""

MAX_ROWS = 100_000
"""Most rows in a file: chosen, more than any court has ordered at once."""

_SHAPE = Shape("court order", COLUMNS, required=("ordered_on",), dates=("ordered_on",), links=("source_url",))
_FIELD = re.compile(r"([A-Z]{3})=(.{1,200})")
_LONGEST = 2000  # characters of a cell


@dataclass(frozen=True, slots=True)
class Ordered:
    """One row: its line in the file, the reference that it names, the day of the order and, if stated, its authority."""

    line: int
    by: str
    name: str
    ordered_on: date
    authority: str


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be used: its line, and the reason in one clause."""

    line: int
    why: str


def read_order(data: bytes, name: str = "order.csv") -> tuple[list[Ordered], list[Bad], tuple[str, ...]]:
    """Read a list; never raise, whatever the bytes are.

    Args:
        data: the file.
        name: its name, whose ending may be that of another kind of table.

    Returns:
        The rows that can be used, those that cannot, and sentences about how the file was read. A file with any row
        that cannot be used is not applied.
    """
    if len(data) > MAX_BYTES:
        return [], [Bad(1, f"the file has {len(data):,} bytes; the limit is {MAX_BYTES:,}")], ()
    good: list[Ordered] = []
    bad: list[Bad] = []
    try:
        table = open_table(data, name, _SHAPE)
        if not set(table.columns) & set(NAMING):
            return [], [Bad(1, f"the columns ordered_on and one of {', '.join(NAMING)} are needed")], ()
        for record in table:
            if len(good) + len(bad) >= MAX_ROWS:
                return good, [*bad, Bad(record.number, f"there are more than {MAX_ROWS:,} rows")], ()
            answer = _record(record)
            (good if isinstance(answer, Ordered) else bad).append(answer)  # type: ignore[arg-type]
    except NoParquet:
        return [], [Bad(1, "a Parquet file cannot be read here; save it as CSV")], ()
    except TableError as error:
        return good, [*bad, Bad(error.number, f"{error.why}. {error.next_step}".rstrip("."))], ()
    if not good and not bad:
        bad.append(Bad(1, "there is no row"))
    return good, bad, (*table.how, *table.notes)


def _record(record: Record) -> Ordered | Bad:
    line, cells = record.number, record.cells
    if record.trouble:
        return Bad(line, record.trouble)
    if any(len(value) > _LONGEST for value in cells.values()):
        return Bad(line, f"a cell has more than {_LONGEST:,} characters")
    named = [by for by in NAMING if cells.get(by)]
    if len(named) != 1:
        return Bad(line, f"it fills {len(named)} of {', '.join(NAMING)}; exactly one is needed")
    try:
        ordered_on, precision = read_date(cells["ordered_on"])
    except ValueError as error:
        return Bad(line, f"ordered_on {error}")
    if precision != "day":
        return Bad(line, "ordered_on has no day; an order has one, YYYY-MM-DD")
    if named[0] == "provenance" and not _FIELD.fullmatch(cells["provenance"]):
        return Bad(line, "provenance is not FIELD=VALUE, such as TCN=12-345")
    return Ordered(line, named[0], cells[named[0]], ordered_on, cells.get("authority", ""))
