"""Folders and manifests: every row is read or refused by line; nothing else can come out."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.casework.manifest import read_items
from plainview.policy.decision import Refused


def test_a_folder_gives_its_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/c.jpg", ".hidden.jpg", ".git/x.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    items = read_items(tmp_path)
    assert [item.name for item in items] == ["a/c.jpg", "b.jpg"]
    assert items[1].source_url == (tmp_path / "b.jpg").as_uri()


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
    assert (second.source_url, second.captured_on) == ((tmp_path / "y.jpg").as_uri(), None)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("m.csv", b"file\nx.jpg\n", "line 1"),
        ("m.csv", b"path,captured_on\nx.jpg,2020-13-01\n", "line 2"),
        ("m.csv", b"path,source_url\nx.jpg,javascript:alert(1)\n", "line 2"),
        ("m.csv", b"path\n\"\"\n", "line 2"),
        ("m.csv", b"path\n\xff\xfe\n", "UTF-8"),
        ("m.jsonl", b"[1]\n", "line 1"),
        ("m.jsonl", b'{"path": 3}\n', "not text"),
        ("m.jsonl", b"{nonsense\n", "cannot be read"),
    ],
)  # fmt: skip
def test_bad_manifests_are_refused_by_line(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as caught:
        read_items(tmp_path / name)
    assert caught.value.rule_id == "manifest.bad_row"
    assert word in caught.value.why


@given(st.binary(max_size=300), st.sampled_from([".csv", ".jsonl"]))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        items = read_items(path)
    except Refused:
        return
    assert items
    assert all(item.name and item.source_url for item in items)


def test_nothing_to_enrol(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(Refused) as caught:
            read_items(path)
        assert caught.value.rule_id == "enrol.nothing"
