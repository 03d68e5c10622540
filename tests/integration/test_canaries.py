"""Canaries from the command line: a healthy workspace is quiet, a swapped model and an altered database are not."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import cv2
import pytest
from tests.factories.models import hopper, scaled
from tests.integration.conftest import ADMIN, Cli

from plainview.recognition.install import default_models_dir
from plainview.recognition.packs import YUNET_SFACE

pytestmark = pytest.mark.long


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "kept.png", tmp_path / "asked.jpg"
    for path, factor in zip(paths, (0.7, 0.5), strict=True):
        cv2.imwrite(str(path), scaled(hopper(), factor).pixels)
    return paths


def test_a_workspace_without_canaries_says_so_and_is_fine(cli: Cli) -> None:
    told = cli.json("doctor")
    assert told["ok"] is True
    assert told["canaries"] == {"galleries": 1, "without": ["g"], "overdue": [], "alarms": []}
    assert "no canary: g" in cli.run("doctor").stdout
    assert cli.json("canary", "run") == {"ok": True, "galleries": []}


def test_the_whole_way(
    cli: Cli, photographs: Path, pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    made = cli.json("canary", "add", "g", *pair, "--basis", "consent of a colleague", "--as", ADMIN)
    run = cli.json("canary", "run")
    assert run["galleries"] == [{"gallery": "g", "canaries": 1, "sampled": 2, "faults": [], "raised": []}]
    assert cli.json("canary", "run", "--due")["galleries"] == []
    assert cli.json("doctor")["canaries"] == {"galleries": 1, "without": [], "overdue": [], "alarms": []}
    found = cli.search(pair[1])
    assert (len(found["candidates"]), found["gallery_size"]) == (2, 2)
    assert not [row for row in found["warnings"] if row["id"] == "canary_alarm"]

    models = tmp_path / "models"
    shutil.copytree(default_models_dir() / YUNET_SFACE.folder_name, models / YUNET_SFACE.folder_name)
    file = models / YUNET_SFACE.folder_name / YUNET_SFACE.recogniser.name
    file.chmod(0o600)
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(b"swapped")
    with monkeypatch.context() as patch:
        patch.setenv("PLAINVIEW_MODELS", str(models))
        told = cli.json("canary", "run", code=1)
    assert [fault["fault"] for fault in told["galleries"][0]["faults"]] == ["model"]

    database = sqlite3.connect(cli.home / "plainview.sqlite3")
    with database:
        database.execute("UPDATE reference SET template = zeroblob(length(template)) WHERE NOT is_canary")
    database.close()
    told = cli.json("canary", "run", code=1)
    assert [fault["fault"] for fault in told["galleries"][0]["faults"]] == ["index", "template"]

    alarms = cli.json("canary", "alarms", "--open", "--as", "auditor@agency.example")["alarms"]
    assert sorted(row["fault"] for row in alarms) == ["index", "model", "template"]
    assert len(list((cli.home / "outbox").iterdir())) == 4
    named = cli.json("doctor", code=1)["canaries"]["alarms"]
    assert sorted(named) == sorted(row["alarm"] for row in alarms)
    assert cli.run("doctor", code=1).stdout.count("ALARM") == 3
    for row in alarms:
        cli.run("canary", "acknowledge", row["alarm"], "--reason", "test of the alarm", "--as", ADMIN)
    cli.run("canary", "retire", made["canary"], "--reason", "consent was taken back", "--as", ADMIN)
    assert cli.json("doctor")["canaries"]["without"] == ["g"]
    problems = cli.json("audit", "verify", code=1)["problems"]  # the templates that were altered above
    assert problems
    assert all(problem.startswith("table reference") for problem in problems)
