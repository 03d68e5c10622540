"""A parser that raises what nobody thought of: a stranger's file is refused, and nothing else escapes."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from plainview.casework.enrolment import feedlist, incoming, manifest
from plainview.casework.galleries import nist
from plainview.casework.galleries.nist import Exported, read_nist, write_nist
from plainview.casework.retention.court_orders import Bad, read_order
from plainview.evaluation.dataset import DatasetError, parse_csv
from plainview.policy.decision import Refused
from plainview.recheck.package import verify_package
from plainview.recognition.errors import BadMedia


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


def rows(path: Path) -> None:
    (path / "list.csv").write_text("path\na.png\n")
    list(manifest.read_items(path / "list.csv"))


READERS: dict[str, tuple[tuple[Any, str], Callable[[Path], Any], type[Exception], str]] = {
    "ZIP of pictures": ((zipfile.ZipFile, "infolist"), lambda _: upload(), Refused, "upload.archive"),
    "disclosure package": ((zipfile.ZipFile, "infolist"), disclosed, Refused, "package.unreadable"),
    "manifest file, CSV": ((csv, "DictReader"), rows, Refused, "manifest.bad_row"),
    "manifest, CSV": (
        (csv, "DictReader"),
        lambda _: manifest.rows_of("m.csv", b"path\na"),
        Refused,
        "manifest.bad_row",
    ),
    "manifest, JSON": ((json, "loads"), lambda _: manifest.rows_of("m.jsonl", b"{}"), Refused, "manifest.bad_row"),
    "manifest, Parquet": ((pyarrow.parquet, "nothing"), parquet, Refused, "manifest.unreadable"),
    "list of a feed, JSON": ((json, "loads"), lambda _: feedlist.read_list(b"[]"), manifest.Unusable, "feed.list"),
    "list of a feed, CSV": ((csv, "DictReader"), lambda _: feedlist.read_list(b"a"), manifest.Unusable, "feed.list"),
    "ANSI/NIST-ITL": ((nist, "_fields"), exchanged, BadMedia, "exchange_damaged"),
    "labels of a data set": ((csv, "reader"), lambda _: parse_csv("path\na", "labels.csv"), DatasetError, "is not CSV"),
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
    real = csv.DictReader.__next__
    monkeypatch.setattr(csv.DictReader, "__next__", lambda self: breaks() if self.line_num > 1 else real(self))
    good, bad = read_order(b"ordered_on,reference\n2026-01-02,R1\n2026-01-02,R2\n")
    assert len(good) == 1
    assert bad == [Bad(2, "it cannot be read (Odd)")]


def test_a_member_of_an_archive_without_a_name_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        upload("")
    assert caught.value.rule_id == "upload.archive"
