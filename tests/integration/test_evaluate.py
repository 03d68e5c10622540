"""`plainview evaluate` and `evaluate-labels` through the real command line, without a workspace."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.factories.evaluation import portraits
from tests.integration.conftest import Cli

pytestmark = pytest.mark.long


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return portraits(tmp_path / "set")


@pytest.fixture
def alone(tmp_path: Path) -> Cli:
    """A command line whose workspace does not exist."""
    return Cli(tmp_path / "nowhere")


def test_evaluate_writes_json_and_a_report_and_opens_no_workspace(alone: Cli, data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    out, report = tmp_path / "out.json", tmp_path / "report"
    done = alone.run("evaluate", data, "--json", out, "--report", report, "--cache", cache)
    assert "insufficient data" in done.stdout
    result = json.loads(out.read_text("utf-8"))
    assert (result["n_people"], result["n_images"]) == (2, 8)
    assert {path.name for path in report.iterdir()} == {"report.html", "report.pdf"}
    both = ("--beside", "yunet-sface", "--protocol", "verification", "--cache", cache)
    result = json.loads(alone.run("evaluate", data, "--json", "-", *both).stdout)
    assert result["masked"] is None
    assert result["beside"]["verification"] == result["verification"]
    assert alone.run("evaluate", data, *both).stdout.count("yunet-sface ") >= 2
    assert not alone.home.exists()


def test_suspicious_pairs_are_listed_ruled_on_and_taken(alone: Cli, data: Path, tmp_path: Path) -> None:
    cache, pages = tmp_path / "cache", tmp_path / "pages"
    alone.run("evaluate-labels", data, "--out", pages, "--top", "1", "--cache", cache)
    assert {path.name for path in pages.iterdir()} == {"pairs.html", "pairs-1.png", "rulings.csv"}
    path = pages / "rulings.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert [row["names"] for row in rows] == ["same", "different"]
    rows[0] |= {"ruling": "different", "wrong": "a"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    again = alone.run("evaluate-labels", data, "--out", pages, "--cache", cache, code=1)
    assert "may contain rulings" in again.stderr
    command = (
        "evaluate",
        data,
        "--protocol",
        "verification",
        "--rulings",
        path,
        "--json",
        "-",
        "--cache",
        cache,
    )
    result = json.loads(alone.run(*command).stdout)
    assert result["rulings"]["left_out"] == [rows[0]["image_a"]]
    assert result["without_rulings"]["verification"]["mated_pairs"] == 12
    assert result["verification"]["mated_pairs"] == 9


def test_what_cannot_be_measured_is_one_line_and_exit_1(alone: Cli, data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"path,sex\nhopper/0.png,\xff\n")
    for line in (
        ("evaluate", tmp_path / "none"),
        ("evaluate", data, "--labels", bad),
        ("evaluate", data, "--rulings", bad),
        ("evaluate", data, "--json", tmp_path / "no" / "out.json"),
        ("evaluate", data, "--json", data),
        ("evaluate", data, "--report", bad),
        ("evaluate", data, "--cache", bad),
        ("evaluate", data, "--pack", "none"),
        ("evaluate-labels", tmp_path / "none", "--out", tmp_path / "x"),
    ):
        done = alone.run(*line, code=1)
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
