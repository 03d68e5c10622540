"""Excel workbooks (.xlsx), read by openpyxl: one visible sheet with a header, its values, dates and hyperlinks.

Owns the limits, which are checked before anything is parsed. It must never compute a formula, never read a hidden
sheet, and never open what a workbook links to or contains as a picture.
"""

from __future__ import annotations

import io
import posixpath
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import iterparse

from openpyxl.packaging.relationship import get_dependents, get_rels_path
from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from plainview.recognition.foreign import foreign, reason
from plainview.tables import excel
from plainview.tables.errors import TableError
from plainview.tables.shape import Shape, fold, visible
from plainview.tables.table import Record, Table
from plainview.tables.text import Opener

_HEAD = 32  # rows among which the header is looked for
_CELLS = 200  # columns of a row that are read; a manifest has four
_EXACT = 10**15  # Excel rounds whole numbers from here on
_PAINT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')  # parts of a number format that show no part of a date


@dataclass(frozen=True, slots=True)
class _Cell:
    value: Any
    kind: str
    format: str
    column: int


@dataclass
class _Sheet:
    """A visible sheet: its name, its path in the archive, the row of its header, and what only its XML says."""

    name: str
    path: str
    rows: dict[int, list[_Cell]]
    header: int = 0
    hidden: int = 0
    merged: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)


def open_workbook(opened: Opener, name: str, shape: Shape) -> Table:
    """Open a workbook; see plainview.tables.read.open_table."""
    with foreign(_broken), opened() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of features that a table does not need
        data = file.read(excel.MAX_PARTS + 1)
        _limits(data)
        book = excel.load(data)
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        sheets = [sheet for sheet in map(_sheet, shown) if sheet.rows]
        sheet = _chosen(sheets, shape)
        _details(data, sheet)
        cells = _texts(sheet.rows[sheet.header])
        mac = book.epoch == CALENDAR_MAC_1904
        formulas = any(cell.kind == "f" for record in sheet.rows.values() for cell in record)
        computed = _computed(data, sheet.name) if formulas else {}
    several = len(book.sheetnames) > 1
    place = f"sheet {sheet.name}, row " if several else "row "
    columns = shape.header(cells, f"{place}{sheet.header}", sheet.header, later=_later(sheet, shape, place))
    _merged(sheet, place)
    how = [f"Read as an Excel workbook{f', sheet {sheet.name}' if several else ''}."]
    others = [title for title in book.sheetnames if title != sheet.name]
    if others:
        how.append(f"Not read: the sheet{'s' if len(others) > 1 else ''} {', '.join(others[:10])}.")
    if mac:
        how.append("Its dates are counted from 1904, as older Excel for Mac does.")
    if sheet.hidden:
        how.append(f"{sheet.hidden:,} hidden row{'s were' if sheet.hidden > 1 else ' was'} read too.")

    def read(notes: list[str]) -> Iterator[Record]:
        reader = _Reader(shape, columns, sheet, computed, place)
        for number in sorted(sheet.rows):
            if number > sheet.header:
                yield reader.record(number)
        notes.extend(reader.notes())

    form = {"format": "Excel workbook", "sheet": sheet.name}
    return Table(form, tuple(column for column in columns if column), tuple(how), read)


def _limits(data: bytes) -> None:
    """Refuse a workbook that states more than the limits, or that is of a form that openpyxl reads as an empty one."""
    if len(data) > excel.MAX_PARTS:
        raise TableError(f"the workbook has more than {excel.MAX_PARTS >> 20} MiB", excel.SMALLER)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [entry for entry in archive.infolist() if entry.filename.lower().endswith((".xml", ".rels"))]
        largest, total = max((part.file_size for part in parts), default=0), sum(part.file_size for part in parts)
        if largest > excel.MAX_XML or total > excel.MAX_PARTS or len(parts) > 2000:
            raise excel.too_large()
        books = [archive.read(part) for part in parts if part.filename.lower().endswith("workbook.xml")]
    if any(b"purl.oclc.org/ooxml" in book[:2048] for book in books):
        why = "the workbook is a Strict Open XML Spreadsheet"
        raise TableError(why, "In Excel, save it as an Excel workbook (.xlsx), the first form of the list.")


def _sheet(sheet: Any) -> _Sheet:
    """Read the cells of a sheet that have a value."""
    rows: dict[int, list[_Cell]] = {}
    for cell in excel.cells_of(sheet):
        value = cell.value
        if cell.column <= _CELLS and (not isinstance(value, str) or visible(value)):
            number_format = str(cell.number_format or "") if isinstance(value, date) else ""
            rows.setdefault(cell.row, []).append(_Cell(value, cell.data_type, number_format, cell.column))
    return _Sheet(sheet.title, sheet._worksheet_path, rows)


def _chosen(sheets: Sequence[_Sheet], shape: Shape) -> _Sheet:
    """Return the one visible sheet that has the header."""
    if not sheets:
        raise TableError(
            "no visible sheet has a value; hidden sheets are not read", "Show the sheet with the table and save."
        )
    headed = []
    for sheet in sheets:
        head = sorted(sheet.rows)[:_HEAD]
        sheet.header = head[0]
        if {fold(text) for text in _texts(sheet.rows[head[0]])} & set(shape.required or shape.columns):
            headed.append(sheet)
    if len(headed) > 1:
        names = ", ".join(sheet.name for sheet in headed[:5])
        raise TableError(f"more than one sheet has the columns: {names}", "Save the one that is meant as its own file.")
    return headed[0] if headed else sheets[0]


def _later(sheet: _Sheet, shape: Shape, place: str) -> str:
    for number in sorted(sheet.rows)[1:_HEAD]:
        if set(map(fold, _texts(sheet.rows[number]))) >= set(shape.required or shape.columns):
            return f"{place}{number}"
    return ""


def _texts(cells: Sequence[_Cell]) -> list[str]:
    texts = [""] * max(cell.column for cell in cells)
    for cell in cells:
        texts[cell.column - 1] = str(cell.value)
    return texts


def _details(data: bytes, sheet: _Sheet) -> None:
    """Read from the sheet's XML what openpyxl leaves out when it streams: hidden rows, merged cells, hyperlinks, pictures."""
    with excel.Archive(data) as archive:
        targets = {}
        path = sheet.path.lstrip("/")
        relations = get_rels_path(path)
        if relations in archive:
            targets = {relation.id: relation.Target for relation in get_dependents(archive, relations)}
        with archive.open(posixpath.normpath(path)) as file:
            for _, element in iterparse(file):  # noqa: S314  Archive.open looked through it
                tag = element.tag.rpartition("}")[2]
                if tag == "row" and element.get("hidden") in ("1", "true") and int(element.get("r", "0")) in sheet.rows:
                    sheet.hidden += 1
                elif tag == "c" and element.get("vm"):  # a value that is no text: Excel's picture in a cell
                    sheet.pictures.add(element.get("r", ""))
                elif tag == "mergeCell":
                    sheet.merged.append(element.get("ref", ""))
                elif tag == "hyperlink":
                    relation = next((value for key, value in element.items() if key.endswith("}id")), "")
                    sheet.links[element.get("ref", "").partition(":")[0]] = targets.get(relation, "")
                if tag in ("row", "mergeCell", "hyperlink"):
                    element.clear()


def _merged(sheet: _Sheet, place: str) -> None:
    for merged in sheet.merged:
        _, top, _, bottom = range_boundaries(merged)
        if (bottom or 0) >= sheet.header:
            number = max(top or 1, sheet.header)
            raise TableError(
                f"the cells {merged} are merged, so it cannot be known which rows their value is for",
                f"Unmerge them and fill in every row. {excel.AGAIN}",
                where=f"{place}{number}",
                number=number,
            )


def _computed(data: bytes, name: str) -> dict[tuple[int, int], Any]:
    """Return what Excel last computed for the cells of a sheet, by row and column."""
    book = excel.load(data, computed=True)
    return {(cell.row, cell.column): cell.value for cell in excel.cells_of(book[name])}


class _Reader:
    """The cells of a sheet as text, and what there is to say about them."""

    def __init__(
        self,
        shape: Shape,
        columns: Sequence[str],
        sheet: _Sheet,
        computed: dict[tuple[int, int], Any],
        place: str,
    ) -> None:
        self._shape, self._columns, self._sheet = shape, columns, sheet
        self._computed, self._place = computed, place
        self._formulas = self._months = self._linked = 0

    def record(self, number: int) -> Record:
        """Return one row."""
        cells, trouble = {name: "" for name in self._columns if name}, ""
        values = self._sheet.rows[number]
        for cell in values:
            column = self._columns[cell.column - 1] if cell.column <= len(self._columns) else ""
            at = f"{get_column_letter(cell.column)}{number}"
            if not column:
                trouble = (
                    trouble or f"the cell {at} has a value, and its column has no name: name the column, or remove it"
                )
                continue
            try:
                cells[column] = self._text(cell, column, number, at)
            except ValueError as error:
                trouble = trouble or f"the cell {at} ({column}) {error}"
        if not trouble and [fold(str(cell.value)) for cell in values] == [fold(name) for name in self._columns if name]:
            trouble = "it repeats the header"
        return Record(f"{self._place}{number}", number, cells, trouble)

    def notes(self) -> list[str]:
        """Return sentences about what was read otherwise than it is shown."""
        sentences = (
            (self._formulas, "formula{s}: the value that Excel computed last was read"),
            (self._months, "date{s} that the sheet shows without a day: read as a month or a year"),
            (self._linked, "link{s} read from the hyperlink behind the text of the cell"),
        )
        return [f"{number:,} {text.format(s='s' if number > 1 else '')}." for number, text in sentences if number]

    def _text(self, cell: _Cell, column: str, number: int, at: str) -> str:
        value, known = cell.value, column in self._shape.columns
        if cell.kind == "f":
            value = self._computed.get((number, cell.column))
            if value is None:
                raise ValueError("is a formula without a computed value: open the workbook in Excel and save it")
            self._formulas += 1
        if at in self._sheet.pictures or str(value).startswith("=DISPIMG("):  # of Excel, of WPS
            raise ValueError("has a picture in it, which is not read: write the name of the picture's file")
        if cell.kind == "e" or (isinstance(value, str) and value.startswith("#") and value.rstrip("!?").isupper()):
            raise ValueError(f"has the error {value}")
        if isinstance(value, datetime | date):
            if known and column not in self._shape.dates:
                raise ValueError("is a date in Excel: format the column as text and write the value again")
            return self._date(value, cell.format)
        if isinstance(value, time | timedelta):
            raise ValueError("is a time in Excel: format the column as text and write the value again")
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return _number(value, dates=column in self._shape.dates)
        text = visible(str(value))
        if any(character < " " and character not in "\t\n\r" for character in text):
            raise ValueError("has a control character")
        if known and ("\n" in text or "\r" in text):
            raise ValueError("has a line break")
        link = self._sheet.links.get(at, "")
        if column in self._shape.links and "://" not in text and "://" in link:
            self._linked += 1
            return link
        return text

    def _date(self, value: date, number_format: str) -> str:
        shown = _PAINT.sub("", number_format.partition(";")[0].lower())
        text = f"{value:%Y-%m-%d}" if value.year >= 1000 else value.isoformat()[:10]
        if "y" not in shown or "d" in shown or value.day != 1:
            return text
        self._months += 1
        if "m" in shown:
            return text[:7]
        return text[:4] if value.month == 1 else text


def _number(value: float, *, dates: bool) -> str:
    if value != value or abs(value) >= _EXACT:  # not a number, or rounded
        raise ValueError("is a number with more than 15 digits, which Excel rounds: format the column as text")
    if not float(value).is_integer():
        return repr(value)
    if dates and value >= 10_000:
        raise ValueError(f"is the number {int(value)}, perhaps Excel's own number of a day: format the cell as a date")
    return str(int(value))


def _broken(error: Exception) -> TableError:
    return TableError(
        f"it is not a readable Excel workbook ({reason(error)[:200]})",
        f"Save it again in Excel as .xlsx. {excel.AGAIN}",
    )
