"""Errors: one line, why and what next, exit 1; a traceback only for who asks for one."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError

from plainview.cli import tree
from plainview.cli.errors import explain
from plainview.cli.main import main
from plainview.policy.decision import Refused


def run(*words: str | Path, code: int, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plainview.cli.main", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **variables}, check=False, timeout=120
    )
    assert done.returncode == code, done.stderr
    return done


def test_a_package_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    said = run("verify-package", tmp_path / "nosuch.zip", code=1).stderr
    assert f"There is no file {tmp_path / 'nosuch.zip'}." in said
    assert said.count("\n") == 1


def test_a_mistyped_key_is_refused_before_the_package_is_called_forged(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"")
    said = run("verify-package", tmp_path / "p.zip", "--key", "abc", code=2).stderr
    assert "--key" in said
    assert "whole" not in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "x", "a/b.txt"), "There is no file a/b.txt."),
        (PermissionError(errno.EACCES, "x", "b.txt"), "You may not open b.txt."),
        (IsADirectoryError(errno.EISDIR, "x", "c"), "c is a folder."),
        (FileExistsError(errno.EEXIST, "x", "d"), "d already exists."),
        (OSError(errno.ENOSPC, "x"), "The disk is full."),
        (OSError(errno.EIO, "Input/output error", "e"), "The operating system refused: Input/output error (e)."),
        (FileNotFoundError(errno.ENOENT, "gone"), "The operating system refused: gone."),
        (DatabaseError("database or disk is full"), "The disk is full."),
        (DatabaseError("attempt to write a readonly database"), "The database may not be written to"),
        (
            Refused("case.closed", "Not searched", "It is closed.", "Open it."),
            "Not searched [case.closed]: It is closed.",
        ),
        (RuntimeError("odd"), "Something went wrong: RuntimeError: odd"),
    ],
)
def test_an_error_says_why_and_what_next(error: Exception, words: str) -> None:
    why, next_step = explain(error)
    assert why.startswith(words)
    assert next_step


def test_a_file_error_of_a_command_is_one_line(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("x")
    said = run("init", target / "workspace", code=1).stderr
    assert "Traceback" not in said
    assert said.count("\n") == 1


def test_debugging_shows_where(tmp_path: Path) -> None:
    said = run("verify-package", tmp_path / "nosuch.zip", code=1, PLAINVIEW_DEBUG="1").stderr
    assert "Traceback" in said


def test_an_interruption_says_that_the_command_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(tree, "load", interrupted)
    monkeypatch.setattr(sys, "argv", ["plainview", "version"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert "run the same command again" in capsys.readouterr().err


def test_a_reader_that_has_enough_ends_us_quietly() -> None:
    command = f"{sys.executable} -m plainview.cli.main --help | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, timeout=60)  # noqa: S602
    assert done.stdout.startswith("Usage")
    assert done.stderr == ""


@pytest.mark.long
def test_a_terminal_that_is_not_utf_8_is_no_error(tmp_path: Path) -> None:
    home = {"PLAINVIEW_HOME": str(tmp_path / "w"), "PLAINVIEW_AS": "examiner@agency.example"}
    made = run("init", tmp_path / "w", "--sample", "--json", code=0)
    assert json.loads(made.stdout) == {"workspace": str(tmp_path / "w"), "sample": True}
    narrow = {**home, "PYTHONIOENCODING": "ascii"}
    run("case", "open", "Müller [1]", "--offence", "robbery", code=0, **narrow)
    listed = json.loads(run("case", "list", "--json", code=0, **narrow).stdout)
    assert listed["cases"][0]["number"] == "Müller [1]"
    assert "M\\xfcller [1]" in run("case", "list", code=0, **narrow).stdout
