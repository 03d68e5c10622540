"""openpyxl's reader, reduced to what a table needs: sheets, texts and the formats of numbers.

Owns how a workbook is opened that Excel opens and openpyxl does not: an empty fill, a colour or a property that openpyxl
does not know, a part whose name differs in case or has backslashes, a part that is announced and missing. It must never
parse charts, pictures, themes, names or properties: a table has none of them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.reader.excel import ExcelReader, apply_stylesheet
from openpyxl.worksheet._reader import WorkSheetParser

from plainview.recognition.foreign import Unreadable
from plainview.tables.errors import TableError
from plainview.tables.markup import look_through

LAST_CELL = (1_048_576, 16_384)
"""Row and column of the last cell of a sheet; source: Microsoft, "Excel specifications and limits"."""

MAX_XML = 8 << 20
"""Most bytes of one part, unpacked: about 50,000 rows of a manifest, read in some seconds."""

MAX_PARTS = 24 << 20
"""Most bytes of all parts together, unpacked."""

SMALLER = "Delete empty rows and sheets that are not needed, or save the sheet as CSV in UTF-8."
AGAIN = "Correct the workbook, save it again, and use that file."

_NEEDED = {
    "workbook": ("workbookPr", "bookViews", "sheets"),
    "styleSheet": ("numFmts", "cellXfs"),
}
"""Root element of a part -> its children that are read; every other one has stopped openpyxl in somebody's file."""


def too_large() -> TableError:
    """Return the refusal of a workbook with more rows than are read."""
    return TableError("the workbook is too large: about 50,000 rows can be read", SMALLER)


class Archive(zipfile.ZipFile):
    r"""A workbook's parts, found under their names whatever their case and slashes are (`xl\SharedStrings.xml`)."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._folded = {_folded(name): name for name in reversed(self.namelist())}
        self._parts: dict[str, bytes] = {}

    def __contains__(self, name: object) -> bool:
        return _folded(str(name)) in self._folded

    def getinfo(self, name: str) -> zipfile.ZipInfo:
        """Return the entry of a part; raises KeyError."""
        return super().getinfo(self._folded.get(_folded(name), name))

    def open(self, name: Any, *_: Any, **__: Any) -> Any:
        """Open a part, whatever it is called, after looking through it.

        Raises:
            TableError: it is too large, or has what no workbook needs.
        """
        entry = self.getinfo(name)
        if entry.filename not in self._parts:
            with super().open(entry) as file:
                part = file.read(MAX_XML + 1)
            if len(part) > MAX_XML or len(part) + sum(map(len, self._parts.values())) > MAX_PARTS:
                raise too_large()
            try:
                look_through(part)
            except Unreadable as error:
                raise TableError(f"its part {entry.filename}, {error}", AGAIN) from None
            self._parts[entry.filename] = part
        return io.BytesIO(self._parts[entry.filename])

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """Return a part without the elements that are not needed."""
        return _reduced(super().read(name, pwd))


def load(data: bytes, *, computed: bool = False) -> Any:
    """Return a workbook whose sheets are read row by row.

    Args:
        data: the file.
        computed: cells have what Excel computed last instead of their formulas.

    Raises:
        Exception: of any kind, if it cannot be read.
    """
    reader = _Reader(data, computed)
    reader.read()
    return reader.wb


def cells_of(sheet: Any) -> Iterator[ReadOnlyCell]:
    """Yield the cells of a sheet that have a value, in their order.

    openpyxl's own `iter_rows` makes up every row that is missing, and leaves out one that comes too late.

    Raises:
        ValueError: a row or a cell is beyond the sheet, comes twice or out of order.
    """
    book = sheet.parent
    formats = {"date_formats": book._date_formats, "timedelta_formats": book._timedelta_formats}
    with sheet._get_source() as source:
        parser = WorkSheetParser(source, sheet._shared_strings, book.data_only, book.epoch, **formats)
        last = (0, 0)
        for number, record in parser.parse():
            for cell in record:
                place = (cell["row"], cell["column"])
                if cell["row"] != number or not last < place <= LAST_CELL:
                    raise ValueError(f"row {number} of a sheet is beyond it, or not in order")
                last = place
                if cell["value"] is not None:
                    yield ReadOnlyCell(sheet, **cell)


class _Reader(ExcelReader):  # type: ignore[misc]  # openpyxl states no types
    def __init__(self, data: bytes, computed: bool) -> None:
        super().__init__(io.BytesIO(data), read_only=True, data_only=computed, keep_links=False)
        self.archive: Any = Archive(data)
        self.valid_files: Any = self.archive  # asked only whether it has a name

    def read(self) -> None:
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        self.read_worksheets()

    def read_strings(self) -> None:
        try:
            super().read_strings()
        except KeyError:  # announced, and not there: then no cell refers to it
            self.shared_strings: list[str] = []

    def read_chartsheet(self, sheet: Any, rel: Any) -> None:
        """Leave a chart out."""


def _reduced(part: bytes) -> bytes:
    if b"<workbook" not in part and b"styleSheet" not in part and b":workbook" not in part:
        return part
    root = ElementTree.fromstring(part)  # noqa: S314  Archive.open looked through it
    needed = _NEEDED.get(_local(root))
    if needed is None:
        return part
    for child in list(root):
        if _local(child) not in needed:
            root.remove(child)
        elif _local(child) == "cellXfs":
            for style in child:
                number = style.get("numFmtId", "0")
                style.clear()
                style.set("numFmtId", number)
    return ElementTree.tostring(root)


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _folded(name: str) -> str:
    return name.replace("\\", "/").lower()
