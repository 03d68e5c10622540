"""The doctor: every check, with a workspace or without one, and not only the first fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.factories.commands import invoke

from plainview.cli import doctor
from plainview.recognition.engine import Engine
from plainview.recognition.errors import PackError


def checks(*, code: int) -> dict[str, list[dict[str, str]]]:
    result = invoke(["doctor", "--json"])
    assert result.exit_code == code, result.output
    report = json.loads(result.stdout)
    assert report["ok"] is (code == 0)
    found: dict[str, list[dict[str, str]]] = {}
    for check in report["checks"]:
        found.setdefault(check["name"], []).append(check)
    return found


def test_it_works_without_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLAINVIEW_HOME")
    monkeypatch.chdir(tmp_path)
    found = checks(code=0)
    assert found["workspace"][0]["state"] == "warn"
    assert found["model pack"][0]["state"] == found["decoder"][0]["state"] == "ok"


def test_a_workspace_that_was_named_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINVIEW_HOME", str(tmp_path / "none"))
    found = checks(code=1)
    assert "[workspace.missing]" in found["workspace"][0]["says"]
    assert found["decoder"][0]["state"] == "ok"


def test_it_reports_every_fault_not_only_the_first(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PackError("The pack is altered.", "Install it again.")

    monkeypatch.setattr(Engine, "load", broken)
    monkeypatch.setattr(doctor, "_LEAST_FREE", 1 << 60)
    log = workspace / "audit" / "log.jsonl"
    (workspace / "workspace.toml").read_text()
    log.write_text(log.read_text().replace("agency", "Agency", 1))
    found = checks(code=1)
    assert found["model pack"][0] == {
        "name": "model pack",
        "state": "fail",
        "says": "The pack is altered.",
        "next_step": "Install it again.",
    }
    assert found["declared use"][0]["state"] == "fail"
    assert found["disk"][0]["state"] == "warn"
    assert found["log"][0]["state"] == "fail"
    assert found["canaries"][0]["state"] == "ok"
    shown = invoke(["doctor"])
    assert shown.exit_code == 1
    assert shown.stdout.count("fail ") >= 3


def test_a_whole_workspace_passes(workspace: Path) -> None:
    found = checks(code=0)
    assert {check["state"] for rows in found.values() for check in rows} == {"ok"}
