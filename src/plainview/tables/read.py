"""Opening a table: its form is known from its first bytes and its name, then it is read row by row.

Owns the forms and what is said about them. A table is read again on every iteration and is never completely in memory,
except an Excel workbook, whose size is limited.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePath
from typing import BinaryIO

from plainview.recognition.foreign import foreign
from plainview.tables.delimited import open_delimited
from plainview.tables.errors import TableError, unreadable
from plainview.tables.jsonlines import open_lines
from plainview.tables.shape import Shape
from plainview.tables.table import Table
from plainview.tables.text import SAVE, Opener

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".parquet")
"""File name endings of tables that can be read."""

REFUSED_SUFFIXES = (".xls", ".xlsb", ".ods", ".numbers")
"""File name endings of tables that are refused with the way to save them."""

_LINES = (".jsonl", ".ndjson")
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"
_OTHER = (
    (b"%pdf-", "a PDF document"),
    (b"{\\rtf", "a text with formatting (RTF)"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
)


def open_table(source: Path | bytes, name: str, shape: Shape) -> Table:
    """Open a table and read its header.

    Args:
        source: the file, or its bytes.
        name: its file name.
        shape: the columns that it may have.

    Raises:
        TableError: it has none of the forms, its header is wrong, or it cannot be read.
    """
    opened = _opener(source)
    suffix = PurePath(name).suffix.lower()
    with foreign(unreadable):
        with opened() as file:
            head = file.read(512)
        if head.startswith(_PARQUET) or suffix == ".parquet":
            from plainview.tables.parquet import open_parquet  # the extra `parquet`

            return open_parquet(opened, shape)
        if head.startswith(_ZIP):
            return _zipped(opened, name, shape)
        _refuse(head, suffix)
        if suffix in _LINES:
            return open_lines(opened, shape)
        return open_delimited(opened, shape)


def _opener(source: Path | bytes) -> Opener:
    def opened() -> BinaryIO:
        return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")

    return opened


def _refuse(head: bytes, suffix: str) -> None:
    if head.startswith(_OLE):
        why = "it is an old Excel workbook (.xls, .xlsb), or one with a password"
        raise TableError(why, "Open it in Excel and save it as an Excel workbook (.xlsx) without a password.")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, kind in _OTHER:
        if start.startswith(mark):
            raise TableError(f"it is {kind}, not a table", SAVE)
    if suffix in (".xls", ".xlsb"):  # many programs give a text this name, so that Excel opens it
        why = f"its name ends in {suffix}, and it is not an Excel workbook"
        raise TableError(why, "Open it in Excel and save it as an Excel workbook (.xlsx); if it is CSV, name it .csv.")
    if suffix == ".json" or (suffix in _LINES and start.startswith(b"[")):
        why = "it is a JSON list or document; a table has one JSON object a line"
        raise TableError(
            why, "Save it as JSON Lines (.jsonl): every object on a line of its own, without [ and ].", where="line 1"
        )
    if suffix in _LINES and not start:
        return
    if suffix not in _LINES and start.startswith(b'{"'):
        raise TableError("it begins as JSON does", "If it has one JSON object a line, name it .jsonl.")


def _zipped(opened: Opener, name: str, shape: Shape) -> Table:
    with opened() as file, zipfile.ZipFile(file) as archive:
        members = {member.replace("\\", "/").lower() for member in archive.namelist()}
        kind = archive.read("mimetype")[:100] if "mimetype" in members else b""
    if "xl/workbook.bin" in members:
        _refuse(_OLE, "")
    if b"opendocument" in kind or any(member.endswith(".iwa") for member in members):
        why = "it is a workbook of LibreOffice or Numbers"
        raise TableError(why, "Save it as an Excel workbook (.xlsx), or export it as CSV in UTF-8.")
    if "[content_types].xml" not in members or not any(member.startswith("xl/") for member in members):
        raise TableError("it is a ZIP file, not a table", SAVE)
    from plainview.tables.workbook import open_workbook  # it takes a fifth of a second to load

    return open_workbook(opened, name, shape)
