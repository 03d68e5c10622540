"""JSON Lines and Excel workbooks as strangers write them, and what only looks like a table."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from tests.factories.tables import MANIFEST, cells_of, refusal_of, workbook

from plainview.tables.read import open_table

HEAD = ["path", "source_url", "captured_on"]


def filled(sheet: Any) -> None:
    sheet.append(["Path", "Source URL", "Captured on"])
    sheet.append(["a.jpg", "https://e.example/1", date(2024, 11, 5)])
    sheet.append(["b.jpg", "https://e.example/2", 2023])


def change(cell: str, value: Any, **attributes: Any) -> Callable[[Any], None]:
    def fill(sheet: Any) -> None:
        filled(sheet)
        sheet[cell] = value
        for name, attribute in attributes.items():
            setattr(sheet[cell], name, attribute)

    return fill


def test_a_workbook_is_read_as_it_is_shown() -> None:
    table = open_table(workbook(filled), "m.xlsx", MANIFEST)
    assert [row.cells for row in table.rows()] == [
        {"path": "a.jpg", "source_url": "https://e.example/1", "captured_on": "2024-11-05"},
        {"path": "b.jpg", "source_url": "https://e.example/2", "captured_on": "2023"},
    ]
    assert table.how == ("Read as an Excel workbook.",)
    assert cells_of(workbook(filled), "m.csv") == cells_of(workbook(filled), "m.xlsx")


def test_dates_of_old_macs_and_months_are_what_the_sheet_shows() -> None:
    def mac(sheet: Any) -> None:
        sheet.parent.epoch = CALENDAR_MAC_1904
        change("C3", datetime(2024, 11, 1), number_format="mmm-yy")(sheet)  # noqa: DTZ001  Excel has no time zone

    table = open_table(workbook(mac), "m.xlsx", MANIFEST)
    assert [row.cells["captured_on"] for row in table.rows()] == ["2024-11-05", "2024-11"]
    assert "counted from 1904" in table.how[1]
    assert table.notes == ["1 date that the sheet shows without a day: read as a month or a year."]


def test_a_link_behind_a_text_is_read_and_said() -> None:
    table = open_table(workbook(change("B2", "Open", hyperlink="https://e.example/9")), "m.xlsx", MANIFEST)
    assert next(iter(table.rows())).cells["source_url"] in ("https://e.example/9", "Open")
    rows = list(table.rows())
    assert (rows[0].cells["source_url"], table.notes) == (
        "https://e.example/9",
        ["1 link read from the hyperlink behind the text of the cell."],
    )


def test_hidden_sheets_are_not_read_and_hidden_rows_are_said() -> None:
    def hide(sheet: Any) -> None:
        filled(sheet)
        sheet.row_dimensions[3].hidden = True
        sheet.parent.create_sheet("Notes")["A1"] = "hello"
        other = sheet.parent.create_sheet("Old")
        other.append(HEAD)
        other.sheet_state = "hidden"

    table = open_table(workbook(hide), "m.xlsx", MANIFEST)
    assert [row.where for row in table.rows()] == ["sheet Sheet, row 2", "sheet Sheet, row 3"]
    assert table.how[1:] == ("Not read: the sheets Notes, Old.", "1 hidden row was read too.")


def test_thousands_of_formatted_blank_rows_and_a_wrong_dimension_are_no_trouble() -> None:
    def blank(sheet: Any) -> None:
        filled(sheet)
        for number in range(4, 3_000):
            sheet.cell(number, 1).font = Font(bold=True)
        sheet.cell(3_000, 1).value = "c.jpg"

    packed = workbook(blank)
    lying = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(lying, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry).replace(b'ref="A1:C3000"', b'ref="A1"'))
    for data in (packed, lying.getvalue()):
        assert [row["path"] for row in cells_of(data, "m.xlsx")] == ["a.jpg", "b.jpg", "c.jpg"]


def changed(change_of: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    """The workbook of `filled` with other names or contents of its parts; a part without a name is left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(filled))) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            name, data = change_of(entry.filename, old.read(entry))
            if name:
                new.writestr(name, data)
    return out.getvalue()


def replaced(part: str, old: bytes, new: bytes) -> Callable[[str, bytes], tuple[str, bytes]]:
    def change_of(name: str, data: bytes) -> tuple[str, bytes]:
        assert name != part or old in data
        return name, data.replace(old, new) if name == part else data

    return change_of


@pytest.mark.parametrize(
    "change_of",
    [
        # pandas#40499, dify#2172: a fill without a pattern; colabtools#5002: an element that openpyxl does not know
        replaced("xl/styles.xml", b"</fills>", b"<fill/></fills>"),
        replaced("xl/styles.xml", b"</fills>", b"<fill><patternFill><extLst/></patternFill></fill></fills>"),
        # openpyxl's own tracker: properties and names that Excel writes otherwise
        replaced("docProps/core.xml", b"</cp:coreProperties>", b"<dc:date>yesterday</dc:date></cp:coreProperties>"),
        replaced(
            "xl/workbook.xml", b"</sheets>", b"</sheets><definedNames><definedName x='y'>#</definedName></definedNames>"
        ),
        # xlrd#169 and #150: names in another case; exports that write backslashes
        lambda name, data: (name.replace("sharedStrings", "SharedStrings"), data),
        lambda name, data: (name.replace("sheet1", "Sheet1"), data),
        lambda name, data: (name.replace("/", "\\"), data),
    ],
)
def test_a_workbook_that_excel_opens_is_read(change_of: Callable[[str, bytes], tuple[str, bytes]]) -> None:
    data = changed(change_of)
    assert cells_of(data, "m.xlsx") == cells_of(workbook(filled), "m.xlsx")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'<row r="2"', b'<row r="0"', "row 0 of a sheet"),
        (b'<row r="2"', b'<row r="99999999999"', "row 99999999999 of a sheet"),
        (b'"A2"', b'"A1"', "row 2 of a sheet"),
        (b'"B2"', b'"A2"', "row 2 of a sheet"),
        (b'<row r="1"', b'<row r="7"', "row 7 of a sheet"),
    ],
)
def test_rows_and_cells_out_of_order_are_refused_instead_of_left_out(old: bytes, new: bytes, why: str) -> None:
    data = changed(replaced("xl/worksheets/sheet1.xml", old, new))
    assert why in refusal_of(data, "m.xlsx").why


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="A2" t="e" vm="1"><v>#VALUE!</v></c>',
        b'<c r="A2" t="str"><f>_xlfn.DISPIMG("ID_5",1)</f><v>=DISPIMG("ID_5",1)</v></c>',
    ],
)
def test_a_picture_in_a_cell_is_named(cell: bytes) -> None:
    def change_of(name: str, data: bytes) -> tuple[str, bytes]:
        return name, re.sub(rb'<c r="A2".*?</c>', cell, data) if name == "xl/worksheets/sheet1.xml" else data

    assert "the cell A2 (path) has a picture in it" in refusal_of(changed(change_of), "m.xlsx").why


def test_a_sheet_of_its_own_for_a_chart_is_left_out() -> None:
    def fill(sheet: Any) -> None:
        filled(sheet)
        sheet.parent.create_chartsheet("Chart")

    table = open_table(workbook(fill), "m.xlsx", MANIFEST)
    assert len(list(table.rows())) == 2


def test_texts_in_the_cells_need_no_part_of_their_own() -> None:
    """A workbook that announces shared strings which it does not have (xlsx2csv's formatted_inline_string.xlsx)."""
    inline = b'<row r="2"><c r="A2" t="inlineStr"><is><t>a.jpg</t></is></c></row>'
    head = b'<row r="1"><c r="A1" t="inlineStr"><is><t>path</t></is></c></row>'

    def change_of(name: str, data: bytes) -> tuple[str, bytes]:
        if name == "xl/worksheets/sheet1.xml":
            begin, end = data.index(b"<sheetData>"), data.index(b"</sheetData>")
            data = data[:begin] + b"<sheetData>" + head + inline + data[end:]
        return "" if "sharedStrings" in name else name, data

    assert cells_of(changed(change_of), "m.xlsx") == [{"path": "a.jpg"}]


def two_sheets(sheet: Any) -> None:
    filled(sheet)
    sheet.parent.create_sheet("Second").append(HEAD)


def only_hidden(sheet: Any) -> None:
    filled(sheet)
    sheet.sheet_state = "hidden"
    sheet.parent.create_sheet("Empty")


def titled(sheet: Any) -> None:
    sheet.append(["Custody export"])
    sheet.append([])
    sheet.append(HEAD)


def merged(sheet: Any) -> None:
    filled(sheet)
    sheet.merge_cells("B2:B3")


@pytest.mark.parametrize(
    ("fill", "where", "why"),
    [
        (two_sheets, "", "more than one sheet has the columns: Sheet, Second"),
        (only_hidden, "", "hidden sheets are not read"),
        (titled, "row 1", "not the header"),
        (merged, "row 2", "B2:B3 are merged"),
        (change("B2", '=HYPERLINK("https://e.example","x")'), "row 2", "a formula without a computed value"),
        (change("C2", 45_600, number_format="General"), "row 2", "perhaps Excel's own number of a day"),
        (change("A2", date(2024, 1, 2)), "row 2", "a date in Excel"),
        (change("C2", time(1, 2)), "row 2", "a time in Excel"),
        (change("A2", 12345678901234567890), "row 2", "more than 15 digits"),
        (change("B3", "#REF!"), "row 3", "the error #REF!"),
        (change("A3", "two\nlines"), "row 3", "a line break"),
        (change("E3", "more"), "row 3", "the cell E3 has a value, and its column has no name"),
        (change("B1", "sourceurl"), "row 1", "did you mean source_url?"),
    ],
)
def test_what_is_not_certain_in_a_workbook_is_refused_with_its_cell(
    fill: Callable[[Any], None], where: str, why: str
) -> None:
    error = refusal_of(workbook(fill), "m.xlsx")
    assert (error.where, why in error.why) == (where, True), error.why


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (packed(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "m.ods", "LibreOffice"),
        (packed(Index__Tables_dot_iwa=b"x"), "m.numbers", "Numbers"),
        (packed(xl__workbook_dot_bin=b"x"), "m.xlsb", "old Excel workbook"),
        (packed(a_dot_jpg=b"x"), "m.csv", "a ZIP file, not a table"),
        (b"path\na\n", "m.xls", "ends in .xls, and it is not an Excel workbook"),
        (b"<html><table>", "m.xls", "a web page"),
        (b'[{"path": "a"}]', "m.json", "JSON list"),
    ],
)
def test_other_programs_tables_are_refused_with_the_way_to_save_them(data: bytes, name: str, why: str) -> None:
    error = refusal_of(data, name)
    assert why in error.why
    assert "ave" in error.next_step


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_parsed() -> None:
    bomb = packed(
        xl__workbook_dot_xml=b"<a/>",
        xl__worksheets__sheet1_dot_xml=b" " * (9 << 20),
        **{"[Content_Types]_dot_xml": b""},
    )
    assert "too large" in refusal_of(bomb, "m.xlsx").why
    strict = b'<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"/>'
    assert "Strict" in refusal_of(packed(xl__workbook_dot_xml=strict, **{"[Content_Types]_dot_xml": b""}), "m.xlsx").why


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"path": "e"', "not valid JSON (Expecting ',' delimiter, at character 13)"),
        ('{"path": "e", "path": "f"}', "the column path appears twice"),
        ('{"path": "e", "sourceurl": "f"}', "did you mean source_url?"),
        ('{"path": 3}', "the value of 'path' is not text"),
        (r'{"path": "\ud800.jpg"}', "half a character"),
        (r'{"path": "a\u0000"}', "a null character"),
        ("[" * 100_000, "not valid JSON"),
        ("3", "not a JSON object"),
        ("{}", "the object is empty"),
        ('{"source_url": "https://e.example"}', "no column named path"),
    ],
)
def test_a_broken_line_of_json_is_named_by_its_number(line: str, why: str) -> None:
    text = "\n".join([json.dumps({"path": f"{name}.jpg"}) for name in "abc"] + ["", line, json.dumps({"path": "g"})])
    error = refusal_of(text.encode(), "m.jsonl")
    assert (error.where, why in error.why) == ("line 5", True), error.why


def test_json_lines_may_be_utf_16_too() -> None:
    assert cells_of('{"path": "ä"}\n'.encode("utf-16"), "m.jsonl")[0]["path"] == "ä"
