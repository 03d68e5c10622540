"""Reading a court's list of references to erase: a CSV file; every row is checked, every bad row named by its line.

Owns the form of the list. It must never guess: one bad row rejects the whole file. `retention.rules` looks up the
references that the rows name.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date

from plainview.recognition.foreign import Unreadable, foreign

NAMING = ("reference", "source_url", "provenance")
"""Columns, of which each row fills exactly one: an id, the link from the manifest, or a field of the exchange file
that the picture came in, as `TCN=12-345`."""

COLUMNS = (*NAMING, "ordered_on", "authority")
"""Every column. `ordered_on` and one of NAMING are required; `authority` too, unless the import names one for all rows."""

MAX_BYTES = 8 << 20
"""Largest file, in bytes: enough for a hundred thousand rows of ordinary length."""

MAX_ROWS = 100_000
"""Most rows in a file: chosen, more than any court has ordered at once."""

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


def read_order(data: bytes) -> tuple[list[Ordered], list[Bad]]:
    """Read a list; never raise, whatever the bytes are.

    Returns:
        The rows that can be used, and those that cannot. A file with any of the latter is not applied.
    """
    if len(data) > MAX_BYTES:
        return [], [Bad(1, f"the file has {len(data):,} bytes; the limit is {MAX_BYTES:,}")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [Bad(1, "the file is not UTF-8")]
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    good: list[Ordered] = []
    bad: list[Bad] = []
    try:
        with foreign():
            heads = [(head or "").strip() for head in reader.fieldnames or ()]
            reader.fieldnames = heads
            wrong = _heads(heads)
            if wrong:
                return [], [Bad(1, wrong)]
            for row in reader:
                if len(good) + len(bad) >= MAX_ROWS:
                    return good, [*bad, Bad(reader.line_num, f"there are more than {MAX_ROWS:,} rows")]
                answer = _row(reader.line_num, row)
                (good if isinstance(answer, Ordered) else bad).append(answer)  # type: ignore[arg-type]
    except Unreadable as error:
        return good, [*bad, Bad(max(reader.reader.line_num, 1), f"it cannot be read ({error})")]
    if not good and not bad:
        bad.append(Bad(1, "there is no row"))
    return good, bad


def _heads(heads: list[str]) -> str:
    unknown = [head for head in heads if head not in COLUMNS]
    if unknown:
        return f"there is no column {unknown[0][:40]!r}; the columns are {', '.join(COLUMNS)}"
    if len(set(heads)) != len(heads):
        return "a column appears twice"
    if "ordered_on" not in heads or not set(heads) & set(NAMING):
        return f"the columns ordered_on and one of {', '.join(NAMING)} are needed"
    return ""


def _row(line: int, row: dict[str | None, str | list[str] | None]) -> Ordered | Bad:
    if None in row:
        return Bad(line, "it has more cells than the header")
    cells = {str(name): str(value or "").strip() for name, value in row.items()}
    if any(len(value) > _LONGEST or "\0" in value for value in cells.values()):
        return Bad(line, f"a cell has more than {_LONGEST:,} characters, or a null character")
    named = [by for by in NAMING if cells.get(by)]
    if len(named) != 1:
        return Bad(line, f"it fills {len(named)} of {', '.join(NAMING)}; exactly one is needed")
    try:
        ordered_on = date.fromisoformat(cells["ordered_on"])
    except ValueError:
        return Bad(line, "ordered_on is not a date YYYY-MM-DD")
    if named[0] == "provenance" and not _FIELD.fullmatch(cells["provenance"]):
        return Bad(line, "provenance is not FIELD=VALUE, such as TCN=12-345")
    return Ordered(line, named[0], cells[named[0]], ordered_on, cells.get("authority", ""))
