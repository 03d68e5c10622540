"""Through time, on real processes: killed at any moment, on a read-only disk, found by the worker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories.old_workspace import unpack

KILLS = Path(__file__).parents[2] / "benchmarks" / "time_kills.py"
NOBODY = 65534


def plainview(home: Path, *words: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLAINVIEW_HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-W", "error", "-m", "plainview.cli.main", *words]
    return subprocess.run(
        command, env=environment, user=user, capture_output=True, text=True, timeout=120, check=False, cwd="/"
    )


@pytest.mark.slow
def test_after_a_kill_at_any_moment_the_same_command_completes() -> None:
    command = [sys.executable, str(KILLS), "--rounds", "5", "--seed", "3", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["rounds"], told["problems"]) == (5, [])


@pytest.fixture
def read_only(tmp_path: Path) -> tuple[Path, int | None]:
    """An upgraded workspace in which nothing can be written, and the user who owns it: root could write everywhere."""
    home = unpack(tmp_path / "workspace")
    assert plainview(home, "upgrade").returncode == 0
    log = home / "audit" / "log.jsonl"
    # As a crash between a commit and its publication leaves it.
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]))
    notes = (home / "audit" / "checkpoints").read_text().rstrip("\n").rsplit("\n\n", 2)
    (home / "audit" / "checkpoints").write_text("\n\n".join(notes[:-2]) + "\n\n")
    user = NOBODY if os.geteuid() == 0 else None
    for path in [home, *home.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
        if user is not None:
            os.chown(path, user, -1)
    if user is not None:
        for parent in (tmp_path, *tmp_path.parents):
            if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001 and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    return home, user


def test_a_workspace_on_a_read_only_disk_is_verified_and_what_a_crash_left_is_no_damage(
    read_only: tuple[Path, int | None],
) -> None:
    home, user = read_only
    verified = plainview(home, "audit", "verify", "--json", user=user)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["ok"]
    looked = json.loads(plainview(home, "doctor", "--json", user=user).stdout)
    assert [check["state"] for check in looked["checks"] if check["name"] == "log"] == ["ok"]


@pytest.mark.parametrize(
    "words",
    [
        ("case", "open", "X", "--offence", "robbery", "--as", "examiner@agency.example"),
        ("backup", "never.age"),
        ("backups", "rehearse"),
        ("keys", "rotate", "--reason", "drill"),
        ("audit", "heartbeat"),
    ],
)
def test_on_a_read_only_disk_every_act_is_one_line(read_only: tuple[Path, int | None], words: tuple[str, ...]) -> None:
    home, user = read_only
    done = plainview(home, *words, user=user)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not Path("/never.age").exists()


def test_opening_publishes_what_a_crash_left(tmp_path: Path) -> None:
    home = unpack(tmp_path / "workspace")
    assert plainview(home, "upgrade").returncode == 0
    shutil.copytree(home / "audit", tmp_path / "whole")
    log = home / "audit" / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    for words in (("audit", "verify"), ("doctor",)):
        assert plainview(home, *words).returncode == 0
    assert log.read_bytes() == (tmp_path / "whole" / "log.jsonl").read_bytes()
