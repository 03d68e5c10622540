"""Records in a real PostgreSQL server: made there, moved there and back, backed up, written by several at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import pytest
from tests.factories.models import collins
from tests.factories.postgresql_server import PostgresqlServer
from tests.integration.conftest import ADMIN, EXAMINER, Cli
from tests.integration.test_rates import counted

from plainview.api.rates import PER_MINUTE, PORTIONS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    folder = Path(tempfile.mkdtemp(prefix="plainview-postgresql-"))  # where its own user may go
    server = PostgresqlServer(folder, durable=True)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def url(server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, which DATABASE_URL names."""
    server.sql("DROP DATABASE IF EXISTS plainview WITH (FORCE)")
    server.sql("CREATE DATABASE plainview")
    address = server.url("plainview")
    monkeypatch.setenv("DATABASE_URL", address)
    return address


def gallery(cli: Cli, tmp_path: Path) -> Path:
    image = tmp_path / "collins.png"
    cv2.imwrite(str(image), collins().pixels)
    cli.run("enrol", "g", image, "--as", ADMIN)
    return image


def listed(cli: Cli, image: Path) -> list[tuple[str, float]]:
    return [(row["reference_id"], row["score"]) for row in cli.search(image)["candidates"]]


def test_a_workspace_moves_there_and_back_with_the_same_log_rows_and_lists(cli: Cli, tmp_path: Path, url: str) -> None:
    image = gallery(cli, tmp_path)
    before = listed(cli, image)
    there = cli.json("move-workspace", "--to", "postgresql")["records"]
    assert not (cli.home / "plainview.sqlite3").exists()
    assert listed(cli, image) == before
    assert cli.json("audit", "verify")["ok"]
    assert cli.json("move-workspace", "--to", "postgresql") == {"moved": False, "records": None}
    back = cli.json("move-workspace", "--to", "folder")["records"]
    assert back["rows"] > there["rows"]
    assert (cli.home / "plainview.sqlite3").stat().st_mode & 0o077 == 0
    assert listed(cli, image) == before
    assert cli.json("audit", "verify")["ok"]


def test_without_its_address_nothing_opens_and_nothing_empty_is_made(
    cli: Cli, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.run("move-workspace", "--to", "postgresql")
    monkeypatch.delenv("DATABASE_URL")
    assert "DATABASE_URL does not say where it is" in cli.run("case", "list", "--as", EXAMINER, code=1).stderr
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere/else")
    assert "Only PostgreSQL" in cli.run("case", "list", "--as", EXAMINER, code=1).stderr
    assert not (cli.home / "plainview.sqlite3").exists()


def test_a_database_that_has_something_else_is_left_alone(cli: Cli, server: PostgresqlServer, url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as other:
        other.execute("CREATE TABLE payroll (name text)")
    assert "has tables already" in cli.run("move-workspace", "--to", "postgresql", code=1).stderr
    assert cli.json("audit", "verify")["ok"]


@pytest.mark.parametrize("killed_in", ["upkeep.move.replace_file", "upkeep.move._retire", "upkeep.move._remove_old"])
@pytest.mark.parametrize("to", ["postgresql", "folder"])
def test_killed_anywhere_it_is_here_or_there_and_the_next_run_completes_it(
    cli: Cli, tmp_path: Path, url: str, to: str, killed_in: str
) -> None:
    image = gallery(cli, tmp_path)
    before = listed(cli, image)
    if to == "folder":
        cli.run("move-workspace", "--to", "postgresql")
    kill = (
        f"import os, sys; sys.argv = ['plainview', '--workspace', {str(cli.home)!r}, 'move-workspace', '--to', {to!r}]\n"
        "from plainview.cli.start import start_django\n"
        f"os.environ['PLAINVIEW_HOME'] = {str(cli.home)!r}\n"
        "start_django()\n"
        "from unittest import mock\n"
        "import plainview.casework.upkeep.move\n"
        f"mock.patch('plainview.casework.{killed_in}', lambda *a, **k: os._exit(9)).start()\n"
        "from plainview.cli.main import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", kill], capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    cli.run("move-workspace", "--to", to)
    assert cli.json("audit", "verify")["ok"]
    assert listed(cli, image) == before
    assert (cli.home / "plainview.sqlite3").exists() == (to == "folder")


def test_a_backup_of_a_server_is_restored_into_a_folder_and_rehearsed(cli: Cli, tmp_path: Path, url: str) -> None:
    image = gallery(cli, tmp_path)
    before = listed(cli, image)
    cli.run("move-workspace", "--to", "postgresql")
    backup = tmp_path / "backup.age"
    cli.run("backup", backup)
    assert cli.json("backups", "rehearse", backup)["ok"]
    cli.run("restore", backup, tmp_path / "restored", "--keys", cli.home / "keys", "--log", cli.home / "audit")
    restored = Cli(tmp_path / "restored")
    assert "database" not in (restored.home / "workspace.toml").read_text()
    assert listed(restored, image) == before
    assert restored.json("audit", "verify")["ok"]


def test_several_write_at_once_and_the_log_has_one_order(cli: Cli, tmp_path: Path, url: str) -> None:
    cli.run("move-workspace", "--to", "postgresql")

    def opens(number: int) -> None:
        cli.run("case", "open", f"N-{number}", "--offence", "burglary", "--as", EXAMINER)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(opens, range(12)))
    report = cli.json("audit", "verify")
    assert report["ok"], report
    assert len(json.loads(cli.run("case", "list", "--as", EXAMINER, "--json").stdout)["cases"]) == 13


def test_nothing_is_moved_while_another_process_has_it_open(cli: Cli, url: str) -> None:
    import psycopg

    cli.run("move-workspace", "--to", "postgresql")
    with psycopg.connect(url):
        assert "Another process has this workspace open" in cli.run("move-workspace", "--to", "folder", code=1).stderr
    cli.run("move-workspace", "--to", "folder")


def test_a_new_workspace_is_made_in_the_server_and_a_server_that_is_gone_is_one_line(
    tmp_path: Path, server: PostgresqlServer, url: str
) -> None:
    cli = Cli(tmp_path / "new")
    cli.run("init", "--sample")
    cli.run("case", "open", "C-1", "--offence", "robbery", "--as", EXAMINER)
    assert cli.json("status")["schema"]["ok"]
    server.stop()
    try:
        line = cli.run("case", "list", "--as", EXAMINER, code=1).stderr
        assert len(line.strip().splitlines()) <= 3, line
    finally:
        server.start()
    cli.run("case", "list", "--as", EXAMINER)


def test_the_requests_of_a_token_are_counted_over_processes(cli: Cli, url: str) -> None:
    cli.run("move-workspace", "--to", "postgresql")
    answered = counted(cli, 2, PER_MINUTE * 2 // 3)
    assert all(answered)
    assert PER_MINUTE - 2 * PER_MINUTE // PORTIONS <= sum(answered) <= PER_MINUTE
