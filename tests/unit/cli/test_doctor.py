"""The doctor: every check, with a workspace or without one, and not only the first fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.factories.commands import invoke

from plainview.casework.workspace import disks
from plainview.casework.workspace.disks import network_disk
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


MOUNTS = r"""21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
583 21 0:51 / /srv/plain\040view rw,relatime shared:300 - nfs4 192.0.2.5:/export rw,vers=4.2,hard,local_lock=none
584 21 0:52 / /media/share rw,nosuid - cifs //nas/share rw,vers=3.1.1,nobrl
585 583 8:2 / /srv/plain\040view/local rw - xfs /dev/sdb1 rw
586 21 0:53 / /mnt/twice rw - nfs server:/a rw
587 586 8:3 / /mnt/twice rw - ext4 /dev/sdc1 rw
"""
"""In the form of proc(5)."""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/srv/plain view/workspace", "nfs4"),
        ("/media/share", "cifs"),
        ("/srv/plain view/local/workspace", ""),
        ("/mnt/twice/workspace", ""),
        ("/srv/plainview", ""),
    ],
)
def test_a_network_disk_is_known_by_the_innermost_mount(place: str, kind: str) -> None:
    assert network_disk(Path(place), MOUNTS) == kind


def test_a_workspace_on_a_network_disk_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINVIEW_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(disks, "_MOUNTS", mounts)
    mounts.write_text(f"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:51 / {tmp_path} rw - nfs4 nas:/export rw\n")
    assert any("nfs4" in check["says"] for check in checks(code=1)["disk"])
    mounts.write_text("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    assert [check["state"] for check in checks(code=1)["disk"]] == ["ok"]
