"""Folders and manifests: every row is read or refused by line; nothing else can come out."""

from __future__ import annotations

import csv
import json
import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.casework.enrolment.manifest import Unusable, read_items
from plainview.casework.galleries.nist_write import Exported, write_nist
from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia


def test_a_folder_gives_its_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/c.jpg", ".hidden.jpg", ".git/x.jpg", "Thumbs.db", "@eaDir/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    items = read_items(tmp_path)
    assert len(items) == 2
    assert [item.name for item in items] == [item.name for item in items] == ["a/c.jpg", "b.jpg"]
    assert list(items)[1].source_url == f"urn:plainview:file:{tmp_path.name}/b.jpg"


def test_jsonl_rows(tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    row = {"path": "x.jpg", "source_url": "https://e.example/x", "captured_on": "2020-02-29"}
    manifest.write_text(json.dumps(row) + "\n\n" + json.dumps({"path": "y.jpg"}) + "\n")
    first, second = read_items(manifest)
    assert (first.path, first.source_url, first.captured_on) == (
        tmp_path / "x.jpg",
        row["source_url"],
        date(2020, 2, 29),
    )
    assert (second.source_url, second.captured_on) == (f"urn:plainview:file:{tmp_path.name}/y.jpg", None)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("m.csv", b"file\nx.jpg\n", "line 1"),
        ("m.csv", b"path,captured_on\nx.jpg,2020-13-01\n", "line 2"),
        ("m.csv", b"path,source_url\nx.jpg,javascript:alert(1)\n", "line 2"),
        ("m.csv", b"path,captured_on\n,2020-01-01\n", "line 2"),
        ("m.csv", b"path\n\xff\xfe\n", "UTF-8"),
        ("m.jsonl", b"[1]\n", "line 1"),
        ("m.jsonl", b'{"path": 3}\n', "not text"),
        ("m.jsonl", b"{nonsense\n", "not valid JSON"),
        ("m.jsonl", b'{"path": "x.jpg", "note": "' + b"x" * 2_000_000 + b'"}', "longer than"),
    ],
)
def test_bad_manifests_are_refused_by_line(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as caught:
        read_items(tmp_path / name)
    assert caught.value.rule_id == "manifest.bad_row"
    assert word in caught.value.why


@given(st.binary(max_size=300), st.sampled_from([".csv", ".jsonl", ".parquet", ".an2"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        items = read_items(path)
    except Refused:
        return
    assert len(items) == len(list(items)) > 0
    assert all(item.name and item.source_url for item in items)


def test_parquet_rows_are_those_of_csv(tmp_path: Path) -> None:
    rows = [
        {"path": f"{i}.jpg", "source_url": f"https://e.example/{i}", "captured_on": date(2020, 1, 1 + i % 28)}
        for i in range(9000)
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "m.parquet")
    with (tmp_path / "m.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "source_url", "captured_on"])
        writer.writeheader()
        writer.writerows(rows)
    parquet, text = read_items(tmp_path / "m.parquet"), read_items(tmp_path / "m.csv")
    assert len(parquet) == len(text) == 9000
    assert [replace(item, data=None) for item in parquet] == [replace(item, data=None) for item in text]


def test_a_list_is_never_held_in_memory(tmp_path: Path) -> None:
    for name, head, row in (
        ("m.csv", "path,captured_on\n", "folder/x{:06}.jpg,2020-01-01\n"),
        ("m.jsonl", "", '{{"path": "folder/x{:06}.jpg"}}\n'),
    ):
        with (tmp_path / name).open("w") as file:
            file.write(head)
            file.writelines(row.format(i % 200) for i in range(2000))  # few names: pathlib interns each for a while
        tracemalloc.start()
        items = read_items(tmp_path / name)
        assert sum(1 for _ in items) == len(items) == 2000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 500_000  # bytes: 2,000 items take 2.4 million, one at a time 0.06 million


def test_an_exchange_file_in_a_folder_gives_one_item_a_record(tmp_path: Path) -> None:
    picture = Exported(b"\xff\xd8\xff picture", "JPEG", (2, 3), date(2001, 2, 3), {"SRC": "X1"})
    (tmp_path / "b.an2").write_bytes(write_nist([picture, picture], agency="A", number="T", software="S"))
    (tmp_path / "c.an2").write_bytes(b"no such file")
    (tmp_path / "a.jpg").write_bytes(b"x")
    first, second, third, bad = read_items(tmp_path)
    assert [i.name for i in (first, second, third, bad)] == ["a.jpg", "b.an2#1", "b.an2#2", "c.an2"]
    assert (second.captured_on, second.provenance["SRC"]) == (date(2001, 2, 3), "X1")
    assert second.read() == third.read() == picture.data
    with pytest.raises(BadMedia) as caught:
        bad.read()
    assert caught.value.code == "exchange_damaged"


def test_nothing_to_enrol(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    header = tmp_path / "header.csv"
    header.write_text("path,captured_on\n")
    for path, why in (
        (empty, "contains no picture"),
        (tmp_path / "none", "does not exist"),
        (header, "has a header and no row"),
    ):
        with pytest.raises(Refused) as caught:
            read_items(path)
        assert (caught.value.rule_id, why in caught.value.why) == ("enrol.nothing", True)
    assert caught.value.next_step == "Write a row for each picture below the header."


def test_a_path_that_is_no_file_beside_the_manifest_is_told_with_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path\nhttps://h.example/a.jpg\n/home/me/b.jpg\n")
    (tmp_path / "c.jpg").write_bytes(b"x")
    why = []
    for item in read_items(tmp_path / "m.csv"):
        with pytest.raises(Unusable) as caught:
            item.read()
        why.append(caught.value.why)
    after = "Write the name of a file in the manifest's folder, or of this upload."
    assert why == [
        f"m.csv, line 2: a link is not fetched. {after}",
        f"m.csv, line 3: there is no picture of this name. {after}",
    ]
