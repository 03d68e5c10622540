"""CSV as strangers write it: read after a plain statement of how, or refused with the line; never guessed."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.factories.tables import MANIFEST, cells_of, refusal_of

from plainview.tables.read import open_table

ROWS = [{"path": "Müller.jpg", "source_url": "https://e.example/1"}, {"path": "b.jpg", "source_url": ""}]
PLAIN = "path,source_url\nMüller.jpg,https://e.example/1\nb.jpg,\n"
SEMICOLONS = PLAIN.replace(",", ";")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (PLAIN.encode(), ""),
        (codecs.BOM_UTF8 + PLAIN.encode(), ""),
        (codecs.BOM_UTF8 * 2 + PLAIN.encode(), ""),
        (PLAIN.replace("\n", "\r\n").encode(), ""),
        (PLAIN.replace("\n", "\r").encode(), ""),
        (b"\n\r\n,,\n" + PLAIN.encode(), ""),
        (PLAIN.replace("path,source_url", '" Path ", "Source URL"').encode(), ""),
        (PLAIN.replace("path,source_url", "PATH,source-url").encode(), ""),
        (SEMICOLONS.encode(), "semicolons"),
        (PLAIN.replace(",", "\t").encode(), "tabs"),
        (PLAIN.replace(",", "|").encode(), "bars"),
        (b"sep=;\r\n" + SEMICOLONS.encode(), "semicolons"),
        (b'"sep=;"\r\n' + SEMICOLONS.encode(), "semicolons"),
        (codecs.BOM_UTF8 + b"SEP=^\n" + PLAIN.replace(",", "^").encode(), "'^'"),
        (PLAIN.replace(",", "\t").encode("utf-16"), "UTF-16"),
        (PLAIN.encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (PLAIN.encode("utf-16-be"), "UTF-16 without a byte order mark"),
        (codecs.BOM_UTF16_LE + ("\ufeff" + PLAIN).encode("utf-16-le"), "UTF-16"),
        (codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"), "UTF-16"),
        (PLAIN.encode("utf-32"), "UTF-32"),
    ],
)
def test_every_form_that_is_certain_is_read_and_said(data: bytes, said: str) -> None:
    table = open_table(data, "m.csv", MANIFEST)
    assert [row.cells for row in table.rows()] == ROWS
    assert said in " ".join(table.how)
    assert bool(table.how) == bool(said)


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        (b"", "line 1", "empty"),
        (b"\n\n,,\n", "line 1", "empty"),
        (b'path\na\n"b\nc\nd\n', "line 3", "never closed"),
        (b'path,source_url\na,b\nc,"d\ne,f\ng,"h\n', "line 3", "closed in the middle of a cell"),
        (b'path,source_url\na,b"c\n', "line 2", "in the middle of a cell"),
        (b'path,source_url\n"a","b"c"\n', "line 2", "closed in the middle"),
        (b'path,source_url\na"b"c,"x"\n', "line 2", "in the middle of a cell"),
        (b'path,source_url\na,"b\nc,d"\n', "line 2", "a line break: its quote opens here and closes in line 3"),
        (b'path\n"' + b"x" * 200_000, "line 2", "more than 131,072 characters"),
        (b"path\n" + b"x" * 1_100_000, "line 2", "longer than"),
        (b"path,captured\na,b\n", "line 1", "no column 'captured'; did you mean captured_on?"),
        (b"path,sourceurl\na,b\n", "line 1", "no column 'sourceurl'; did you mean source_url?"),
        (b"path,name of officer\na,b\n", "line 1", "no column 'name of officer'"),
        (b"File,source_url\na,b\n", "line 1", "no column 'File'; did you mean path?"),
        (b"file;url\na;b\n", "line 1", "is 'file' the column path?"),
        (b"photos/a.jpg,https://e.example/1\n", "line 1", "not the header of a manifest"),
        (b"Custody export of 3 May\n\npath,source_url\na,b\n", "line 1", "not the header"),
        (b"path,PATH\na,b\n", "line 1", "the column path appears twice"),
        (b"source_url\nhttps://e.example\n", "line 1", "no column named path"),
        (b"path,source_url\na,b\npath,source_url\n", "line 3", "repeats the header"),
        (b"path,source_url\na,b\n\xef\xbb\xbfpath,source_url\nc,d\n", "line 3", "repeats the header"),
        (b"path,source_url\na,b,c\n", "line 2", "the header has 2): a cell that contains a comma needs quotes"),
        (b"path;source_url\na;b;c\n", "line 2", "the header has 2): a cell that contains a semicolon needs quotes"),
        (b"path\tsource_url\na\tb\tc\n", "line 2", "the header has 2)"),
        (b"path,name\na,b\n", "line 1", "there is no column 'name'. The header is"),
        (b"name\na\n", "line 1", "is 'name' the column path?"),
        (b"path,source_url,\na,b,\nc,d,e\n", "line 3", "'e' is in a column without a name"),
        (b"path\na\0b\n", "line 2", "null character"),
        (
            b"path\na\n\nM\xfcller.jpg\n",
            "line 4",
            "not UTF-8 (in Windows-1252, which older Excel files have, it would read 'Müller.jpg')",
        ),
        (b"path\ra\rM\xfcller.jpg\r", "line 3", "not UTF-8"),
        (b"path\r\n" + b"a.jpg\r\n" * 20_000 + b"M\xfcller.jpg\r\n", "line 20002", "not UTF-8"),
        ("path\na\n".encode("utf-16")[:-1], "line 2", "damaged UTF-16"),
        (b"<html><table>", "", "a web page"),
        (b"%PDF-1.7", "", "a PDF document"),
        (b'{"path": "a"}\n', "", "begins as JSON does"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "an old Excel workbook"),
        (b"PK\x03\x04", "", "cannot be read"),
    ],
)
def test_what_is_not_certain_is_refused_with_its_line(data: bytes, where: str, why: str) -> None:
    error = refusal_of(data)
    assert error.where == where
    assert why in error.why
    assert error.next_step


def test_a_refused_header_is_shown() -> None:
    assert "The header is: path | sourceurl | (empty) | " in refusal_of(b"path,sourceurl,," + b"x" * 99 + b"\n").why
    assert "The header is in line 3" in refusal_of(b"Export\n\npath,source_url\na,b\n").next_step
    powershell = b'#TYPE System.Management.Automation.PSCustomObject\r\n"path","source_url"\r\n"a","b"\r\n'
    assert "The header is in line 2" in refusal_of(powershell).next_step


def test_empty_columns_and_blank_rows_of_excel_are_no_trouble() -> None:
    data = b"path;source_url;;;\r\na.jpg;;;;\r\nb.jpg\r\n" + b";;;;\r\n" * 5_000 + b"c.jpg;;;;\r\n"
    table = open_table(data, "m.csv", MANIFEST)
    assert [(row.number, row.cells["path"]) for row in table.rows()] == [(2, "a.jpg"), (3, "b.jpg"), (5004, "c.jpg")]
    assert table.notes == ["5,000 blank rows were passed over."]
    assert cells_of(b"path\r\na.jpg\r\n\x1a") == [{"path": "a.jpg"}]  # the end of a file of DOS


def test_a_separator_inside_a_cell_stays_there() -> None:
    """Reports name readers that count separators and are misled by a note with commas."""
    data = b"path;source_url\na,b,c.jpg;https://e.example/x,y\n"
    assert cells_of(data) == [{"path": "a,b,c.jpg", "source_url": "https://e.example/x,y"}]
    assert cells_of(b'path,source_url\n"a;b;c.jpg",x\n') == [{"path": "a;b;c.jpg", "source_url": "x"}]


def test_other_columns_keep_their_names_where_they_are_allowed() -> None:
    from plainview.evaluation.dataset import LABELS

    table = open_table(b'Path,Skin Type,note\na.jpg,II,"two\nlines"\n', "labels.csv", LABELS)
    assert [row.cells for row in table.rows()] == [{"path": "a.jpg", "Skin Type": "II", "note": "two\nlines"}]


def test_a_table_is_never_in_memory(tmp_path: Path) -> None:
    read: list[int] = []

    def lines() -> Iterator[str]:
        yield "path\n"
        for number in range(100_000):
            yield f"{number}.jpg\n"

    (tmp_path / "m.csv").write_text("".join(lines()))
    for row in open_table(tmp_path / "m.csv", "m.csv", MANIFEST).rows():
        read.append(row.number)
        if len(read) == 3:
            break
    assert read == [2, 3, 4]
