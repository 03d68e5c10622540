"""A parser that raises what nobody thought of: a stranger's file is refused, and nothing else escapes."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import feedparser
import jmespath
import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from plainview.casework.enrolment import incoming, manifest
from plainview.casework.feeds import mapping, reading
from plainview.casework.galleries import nist
from plainview.casework.galleries.nist import read_nist
from plainview.casework.galleries.nist_write import Exported, write_nist
from plainview.casework.retention.court_orders import read_order
from plainview.evaluation.dataset import DatasetError, read_dataset
from plainview.policy.decision import Refused
from plainview.recheck.package import verify_package
from plainview.recognition.errors import BadMedia
from plainview.tables import delimited


class Odd(Exception):
    """What the next version of a library raises."""


def breaks(*_: Any, **__: Any) -> Any:
    raise Odd


def archive(name: str = "a.png") -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as pack:
        member = zipfile.ZipInfo("a")
        member.filename = name
        with pack.open(member, "w") as opened:
            opened.write(b"x")
    file.seek(0)
    return file


def upload(name: str = "a.png") -> None:
    list(incoming.files([("z.zip", archive(name))]))


def parquet(folder: Path) -> None:
    path = folder / "list.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"path": ["a.png"]}), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyarrow.parquet.ParquetFile, "iter_batches", breaks)
        list(manifest.read_items(path))


def disclosed(folder: Path) -> None:
    path = folder / "package.zip"
    path.write_bytes(archive().getvalue())
    verify_package(path)


def exchanged(_: Path) -> None:
    picture = Exported(b"x", "JPEG", (10, 20), None, {})
    read_nist(write_nist([picture], agency="A", number="T", software="S"))


def listed(folder: Path, name: str = "list.csv", text: str = "path\na.png\n") -> None:
    (folder / name).write_text(text)
    list(manifest.read_items(folder / name))


def workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["path"])
    book.save(folder / "list.xlsx")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plainview.tables.excel.load", breaks)
        list(manifest.read_items(folder / "list.xlsx"))


def labelled(folder: Path) -> None:
    (folder / "ada.png").write_bytes(b"x")
    (folder / "labels.csv").write_text("path,sex\nada.png,f\n")
    read_dataset(folder)


def feed(data: bytes) -> None:
    reading.read_page(data, mapping.OWN)


READERS: dict[str, tuple[tuple[Any, str], Callable[[Path], Any], type[Exception], str]] = {
    "ZIP of pictures": ((zipfile.ZipFile, "infolist"), lambda _: upload(), Refused, "upload.archive"),
    "disclosure package": ((zipfile.ZipFile, "infolist"), disclosed, Refused, "package.unreadable"),
    "manifest, CSV": ((csv, "reader"), listed, Refused, "manifest.unreadable"),
    "manifest, JSON": (
        (json, "loads"),
        lambda folder: listed(folder, "list.jsonl", "{}"),
        Refused,
        "manifest.bad_row",
    ),
    "manifest, Excel": ((openpyxl, "nothing"), workbook, Refused, "manifest.unreadable"),
    "manifest, Parquet": ((pyarrow.parquet, "nothing"), parquet, Refused, "manifest.unreadable"),
    "list of a feed, JSON": ((json, "loads"), lambda _: feed(b"[]"), manifest.Unusable, "feed.list"),
    "list of a feed, CSV": ((csv, "reader"), lambda _: feed(b"a"), manifest.Unusable, "feed.list"),
    "list of a feed, RSS": ((feedparser, "parse"), lambda _: feed(b"<rss/>"), manifest.Unusable, "feed.list"),
    "mapping of a feed": ((jmespath, "search"), lambda _: feed(b"[]"), manifest.Unusable, "feed.shape"),
    "ANSI/NIST-ITL": ((nist, "_fields"), exchanged, BadMedia, "exchange_damaged"),
    "labels of a data set": ((csv, "reader"), labelled, DatasetError, "cannot be read"),
}


@pytest.mark.parametrize("name", READERS)
def test_whatever_its_parser_raises_the_file_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place, attribute), read, refusal, told = READERS[name]
    monkeypatch.setattr(place, attribute, breaks, raising=False)
    with pytest.raises(refusal) as caught:
        read(tmp_path)
    error: Any = caught.value
    assert told in (getattr(error, "rule_id", ""), getattr(error, "code", "")) or told in str(error)


def test_a_court_order_that_breaks_half_way_keeps_its_rows_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = delimited._record
    monkeypatch.setattr(delimited, "_record", lambda number, *rest: breaks() if number > 2 else real(number, *rest))
    good, bad, _ = read_order(b"ordered_on,reference\n2026-01-02,R1\n2026-01-02,R2\n")
    assert len(good) == 1
    assert [(row.line, row.why.partition(" (")[0]) for row in bad] == [(1, "it cannot be read")]


def test_a_member_of_an_archive_without_a_name_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        upload("")
    assert caught.value.rule_id == "upload.archive"
