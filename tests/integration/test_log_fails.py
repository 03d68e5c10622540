"""When the log cannot be written, nothing is searched, the member is told in one line, and nothing is lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.factories import forks
from tests.integration.conftest import ADMIN, EXAMINER, Cli

pytestmark = pytest.mark.long

SEARCH = ["--case", "C-1", "--purpose", "p", "--gallery", "g", "--as", EXAMINER, "--json"]


def rows(cli: Cli, sql: str) -> int:
    with sqlite3.connect(cli.home / "plainview.sqlite3") as database:
        return int(database.execute(sql).fetchone()[0])


def test_an_audit_folder_that_takes_no_writing_stops_a_search(
    cli: Cli, photographs: Path, probe: Path, tmp_path: Path
) -> None:
    """A folder in the file's place refuses the write whoever asks, the superuser of a container too."""
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    log, aside = cli.home / "audit" / "log.jsonl", tmp_path / "aside"
    shutil.move(log, aside)
    log.mkdir()
    done = cli.run("search", probe, *SEARCH, code=1)
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be written" in done.stderr
    assert rows(cli, "select count(*) from candidate") == 0
    log.rmdir()
    shutil.move(aside, log)
    assert cli.search(probe)["candidates"]
    assert cli.json("audit", "verify")["ok"]


def test_a_clock_that_ran_ahead_stops_no_search(cli: Cli, photographs: Path, probe: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    ahead = (
        "from django.utils import timezone; from datetime import timedelta; real = timezone.now\n"
        "timezone.now = lambda: real() + timedelta(days=1100)\n"
        "from plainview.cli.main import main; main()\n"
    )
    words = ["case", "open", "C-ahead", "--offence", "robbery", "--as", EXAMINER]
    assert forks.run(cli.home, words, code=ahead).returncode == 0
    assert cli.search(probe)["candidates"]
    assert cli.json("audit", "verify")["ok"]
    (fault,) = cli.json("clock", "list")["faults"]
    assert fault["newest_entry_was_of"][:4] > fault["clock_said"][:4]


def test_an_outside_witness_and_monitor_by_the_commands_of_the_guide(cli: Cli, tmp_path: Path) -> None:
    outside, folder, copy = Cli(tmp_path / "no workspace"), tmp_path / "w", tmp_path / "copy"
    key = outside.run("audit", "witness", "init", folder, "--name", "university.example/w1").stdout
    (cli.home / "witnesses").write_text(key)
    (tmp_path / "note").write_text("")
    for _ in range(2):
        shutil.rmtree(copy, ignore_errors=True)
        cli.run("audit", "export", copy)
        note = outside.run("audit", "witness", "cosign", folder, copy).stdout
        (tmp_path / "note").write_text(note)
        cli.run("audit", "cosignature", "add", tmp_path / "note")
        entries = cli.json("audit", "verify")["entries"]
        assert cli.json("audit", "verify")["cosigned"] == (f"cosigned by 1 of 1 witnesses up to entry {entries - 1}")
        assert outside.json("audit", "monitor", copy, "--state", tmp_path / "state")["ok"]
        cli.run("audit", "rotate", "--reason", "drill")
    cli.run("case", "open", "C-2", "--offence", "theft", "--as", EXAMINER)
    shutil.copytree(cli.home / "audit", tmp_path / "newer")
    lines = (tmp_path / "newer" / "log.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "newer" / "log.jsonl").write_bytes(b"".join(lines[:-1]))
    stopped = outside.run("audit", "witness", "cosign", folder, tmp_path / "newer", code=1)
    assert "[witness.log_unsound]" in stopped.stderr
    alarm = outside.run("audit", "monitor", tmp_path / "newer", "--state", tmp_path / "state", code=1)
    assert "ALARM damaged" in alarm.stderr
    proof = tmp_path / "proof"
    for made in (["consistency", "--from", "3"], ["inclusion", "--entry", "2"]):
        proof.write_text(json.dumps(cli.json("audit", *made)))
        assert outside.json("audit", made[0], "--check", proof)["ok"]
        proof.write_text(proof.read_text().replace('"root": "', '"root": "00', 1))
        outside.run("audit", made[0], "--check", proof, code=1)


@pytest.mark.parametrize("name", ["log.key", "blobs.key"])
def test_a_missing_key_stops_everything_with_a_line_and_loses_nothing(cli: Cli, name: str) -> None:
    before = (cli.home / "audit" / "log.jsonl").read_bytes()
    kept = (cli.home / "keys" / name).read_bytes()
    (cli.home / "keys" / name).unlink()
    done = cli.run("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER, code=1)
    assert "workspace.key_missing" in done.stderr
    assert (cli.home / "audit" / "log.jsonl").read_bytes() == before
    (cli.home / "keys" / name).write_bytes(kept)
    cli.run("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER)
