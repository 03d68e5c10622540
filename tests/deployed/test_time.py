"""Through time, on real processes: killed at any moment, on a read-only disk, found by the worker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories import forks
from tests.factories.old_workspace import unpack

from plainview.audit.logfile import read_notes

KILLS = Path(__file__).parents[2] / "benchmarks" / "time_kills.py"
NOBODY = 65534


def plainview(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLAINVIEW_HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-W", "error", "-m", "plainview.cli.main", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_after_a_kill_at_any_moment_the_same_command_completes() -> None:
    command = [sys.executable, str(KILLS), "--rounds", "3", "--seed", "3", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["rounds"], told["problems"]) == (3, [])


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """An upgraded workspace in which its owner cannot write, as a crash between commit and publication left it."""
    home = unpack(tmp_path / "workspace")
    assert plainview(home, "upgrade").returncode == 0
    log, notes = home / "audit" / "log.jsonl", home / "audit" / "checkpoints"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    notes.write_bytes(b"".join(list(read_notes(notes, notes.stat().st_size))[:-1]))
    for path in [home, *home.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
        if os.geteuid() == 0:  # who could write everywhere
            os.chown(path, NOBODY, -1)
    if os.geteuid() == 0:
        for parent in tmp_path.parents[:-1]:
            parent.chmod(parent.stat().st_mode | 0o011)
        tmp_path.chmod(0o711)
    return home


def as_owner(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the owner, in a fork that has imported what only root may read."""
    # What is loaded late must be there before: an interpreter may be where only root can read.
    code = "import os\n'x'.encode('utf-16be')\nos.setuid(NOBODY)\n" if os.geteuid() == 0 else ""
    code = code.replace("NOBODY", str(NOBODY)) + "from plainview.cli.main import main\nmain()\n"
    return forks.run(home, words, code=code)


def test_a_workspace_on_a_read_only_disk_is_verified_and_what_a_crash_left_is_no_damage(read_only: Path) -> None:
    verified = as_owner(read_only, "audit", "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["ok"]
    looked = json.loads(as_owner(read_only, "doctor", "--json").stdout)
    assert [check["state"] for check in looked["checks"] if check["name"] == "log"] == ["ok"]


@pytest.mark.parametrize(
    "words",
    [
        ("case", "open", "X", "--offence", "robbery", "--as", "examiner@agency.example"),
        ("backup", "never.age"),
        ("backups", "rehearse"),
        ("keys", "rotate", "--reason", "drill"),
    ],
)
def test_on_a_read_only_disk_every_act_is_one_line(read_only: Path, words: tuple[str, ...]) -> None:
    done = as_owner(read_only, *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not Path("never.age").exists()


def test_opening_publishes_what_a_crash_left(tmp_path: Path) -> None:
    home = unpack(tmp_path / "workspace")
    assert plainview(home, "upgrade").returncode == 0
    shutil.copytree(home / "audit", tmp_path / "whole")
    log = home / "audit" / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    for words in (("audit", "verify"), ("doctor",)):
        assert plainview(home, *words).returncode == 0
    assert log.read_bytes() == (tmp_path / "whole" / "log.jsonl").read_bytes()
