"""A file that pretends to be a package ends in a refusal or a named problem, and never unfolds, recurses or lies."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.recheck.test_package import contents, found, package, packed, resigned  # noqa: F401  fixtures

from plainview.policy.decision import Refused
from plainview.recheck.package import MANIFEST, verify_package
from plainview.recheck.rerun import array, saved


def unreadable(path: Path) -> str:
    with pytest.raises(Refused, match=r"package\.unreadable") as caught:
        verify_package(path)
    return caught.value.why


def test_what_would_unfold_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(MANIFEST, b"{" + b" " * 50_000_000)
    assert "compressed" in unreadable(tmp_path / "bomb.zip")
    # The same items named three times over: more in sum than the file is long.
    first = packed({MANIFEST: b"{}", "a": b"x" * 5_000}, tmp_path / "x").read_bytes()
    start, end = first.index(b"PK\x01\x02"), first.rindex(b"PK\x05\x06")
    rows, tail = first[start:end] * 3, bytearray(first[end:])
    tail[8:12] = struct.pack("<HH", 6, 6)
    tail[12:16] = struct.pack("<I", len(rows))
    many = first[:start] + rows + tail
    (tmp_path / "over.zip").write_bytes(many)
    assert "overlap" in unreadable(tmp_path / "over.zip").lower()
    (tmp_path / "deep.zip").write_bytes(b"")
    assert unreadable(tmp_path / "deep.zip")
    assert "another format" in unreadable(packed({MANIFEST: b"[" * 100_000}, tmp_path / "deep.zip"))


def test_an_array_is_no_longer_than_its_bytes() -> None:
    good = saved(np.eye(3, dtype=np.float32))
    assert (array(good, 2) == np.eye(3)).all()
    huge = good.replace(b"(3, 3), }" + b" " * 18, b"(9999999999, 9999999999), }")
    assert len(huge) == len(good)
    for bad in (
        good[:-1],
        good + b"x",
        b"",
        b"\x93NUMPY\x01\x00",
        huge,
        good.replace(b"<f4", b"|O8"),
        good.replace(b"<f4", b"<f8"),
    ):
        with pytest.raises(ValueError, match=r"."):
            array(bad, 2)
    with pytest.raises(ValueError, match="another kind"):
        array(good, 1)


def test_a_keyholder_who_writes_nonsense_is_told_so(package: Path, tmp_path: Path) -> None:  # noqa: F811
    items = contents(package)
    described = json.loads(items["search.json"])
    rows = json.loads(items["rerun/references.json"])

    def told(name: str, value: Any) -> list[str]:
        def change(held: dict[str, bytes]) -> None:
            held[name] = value if isinstance(value, bytes) else json.dumps(value).encode()

        return verify_package(resigned(items, tmp_path / "x", change)).problems

    for name, value, problem in (
        ("search.json", described | {"top": 10**9}, "a list of 1000000000"),
        ("search.json", described | {"request_entry": []}, "cannot be compared with the log"),
        ("search.json", described | {"candidates": 5}, "its candidates cannot be read"),
        (
            "search.json",
            described | {"probe_still": "x", "probe_frames": [1]},
            "cannot be compared with the log",
        ),
        ("search.json", b"[" * 100_000, "it is not JSON"),
        ("rerun/references.json", [row | {"key": 2**80} for row in rows], "could not be run again"),
        ("rerun/references.json", rows[:1], "its references are not those of its templates"),
        ("rerun/order.json", 7, "could not be run again"),
        ("rerun/probe.npy", saved(np.full(128, np.nan, np.float32)), "could not be run again"),
        ("candidates/01", items["candidates/02"], "it is not the picture that its row names"),
    ):
        assert any(problem in row for row in told(name, value)), (name, problem, told(name, value))
    # A template that was put in the place of another.
    templates = array(items["rerun/templates.npy"], 2)
    assert any("is not its own" in row for row in told("rerun/templates.npy", saved(templates[::-1])))


def test_it_runs_again_where_there_is_no_workspace(package: Path, tmp_path: Path) -> None:  # noqa: F811
    """A process of its own with an empty home: the same candidates, the same scores, both lists printed."""
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    (alone / "p.zip").write_bytes(package.read_bytes())
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(alone),
        "PLAINVIEW_HOME": str(alone / "none"),
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "plainview.cli.main", "verify-package", "p.zip", "--list", "--json"]
    done = subprocess.run(command, cwd=alone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["ok"], told["rerun_identical"], told["problems"]) == (True, True, [])
    assert told["recorded"] == told["again"]
    listed = json.loads(contents(package)["search.json"])["candidates"]
    assert [(row["reference"], row["score"], row["adjusted"]) for row in told["again"]] == [
        (row["reference"], row["score"], row["adjusted"]) for row in listed
    ]
    assert not (alone / "none").exists()
