"""Backup and restore by the command line: nothing erased comes back, the log keeps one history, nothing is overwritten."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from tests.integration.conftest import ADMIN, EXAMINER, Cli

from plainview.casework.workspace.folder import Workspace
from plainview.storage.seal import Sealer

pytestmark = pytest.mark.long

REASON = ["--reason", "by order of the court", "--as", ADMIN]


@pytest.fixture(scope="module")
def once(made: Path, photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace of the two portraits and one backup of it; copied for each test."""
    folder = tmp_path_factory.mktemp("backed-up")
    shutil.copytree(made, folder / "workspace")
    cli = Cli(folder / "workspace")
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    cli.run("token", "new", "--scope", "all", "--as", ADMIN)
    assert cli.json("backup", folder / "backup")["pictures"] == 4  # two, and the face that is cut from each
    return folder


@pytest.fixture
def filled(once: Path, tmp_path: Path) -> Cli:
    """The workspace; its backup lies beside it."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    return Cli(tmp_path / "workspace")


def reference(cli: Cli, name: str) -> tuple[str, str, bytes]:
    """Id, picture digest and plain template (float32) of the reference of this file."""
    with sqlite3.connect(cli.home / "plainview.sqlite3") as database:
        public, blob, sealed = database.execute(
            "select public_id, blob, template from reference where file_name = ?", [name]
        ).fetchone()
    database.close()
    templates = Sealer(Workspace(cli.home).key("blobs.key")).derive("templates")
    return public, blob, templates.open(sealed, f"template:{public}".encode())


def everywhere(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def traces(blob: str, plain: bytes) -> list[bytes]:
    """What a template and its picture could leave: float32, float16, half of either, and the picture's hash."""
    template = np.frombuffer(plain, dtype=np.float32)
    half = template.astype(np.float16).tobytes()
    return [
        plain,
        plain[:64],
        plain[-64:],
        half,
        half[:32],
        half[-32:],
        blob.encode(),
        bytes.fromhex(blob),
    ]


def test_an_expunged_reference_stays_erased_after_an_older_backup_is_restored(
    filled: Cli, probe: Path, tmp_path: Path
) -> None:
    public, blob, plain = reference(filled, "collins.png")
    assert filled.json("expunge", public, *REASON)["journal_emptied"] is True
    restored = Cli(tmp_path / "restored")
    done = filled.json("restore", tmp_path / "backup", restored.home)
    assert (done["erased_again"], done["tokens_ended"], done["missing_pictures"]) == ([public], 1, 0)
    for home in (filled.home, restored.home):
        held = everywhere(home)
        assert not [trace for trace in traces(blob, plain) if trace in held]
        assert not [path for path in home.rglob("*") if blob in str(path)]
    sealed_archive = (tmp_path / "backup").read_bytes()
    assert not [trace for trace in traces(blob, plain) if trace in sealed_archive]
    answer = restored.search(probe)
    assert answer["gallery_size"] == 1
    assert public not in [row["reference_id"] for row in answer["candidates"]]
    assert restored.json("audit", "verify")["ok"]
    assert "reference.unknown" in restored.run("expunge", public, *REASON, code=1).stderr


def test_the_log_goes_on_where_it_was_published(filled: Cli, tmp_path: Path) -> None:
    filled.run("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER)
    filled.run("audit", "rotate", "--reason", "drill")
    filled.run("case", "open", "C-3", "--offence", "robbery", "--as", EXAMINER)
    before = filled.json("audit", "verify")
    lines = (filled.home / "audit" / "log.jsonl").read_bytes()
    kept = tmp_path / "kept"
    kept.write_text(filled.run("audit", "checkpoint").stdout)
    restored = Cli(tmp_path / "restored")
    done = filled.json("restore", tmp_path / "backup", restored.home)
    assert (done["log_known"], done["lost"]) == (True, {"case.opened": 2, "log.key_rotated": 1})
    assert (restored.home / "audit" / "log.jsonl").read_bytes().startswith(lines)
    after = restored.json("audit", "verify", "--kept", kept)
    assert (after["ok"], after["entries"]) == (True, before["entries"] + 1)
    restored.run("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER)
    assert restored.json("audit", "verify", "--kept", kept)["ok"]
    last = json.loads(lines.splitlines()[-1])["entry"]["seq"]
    entry = json.loads((restored.home / "audit" / "log.jsonl").read_bytes().splitlines()[last + 1])["entry"]
    assert entry["action"] == "workspace.restored"
    assert (entry["subject"]["taken_over"], entry["subject"]["log_known"]) == (3, True)


def test_rows_from_after_a_backup_are_counted_as_lost_and_none_is_taken_for_deleted(
    filled: Cli, probe: Path, tmp_path: Path
) -> None:
    """Also when a restore is undone by restoring a later backup."""
    filled.search(probe)
    filled.run("backup", tmp_path / "later")
    filled.search(probe)
    first, second = Cli(tmp_path / "first"), Cli(tmp_path / "second")
    filled.json("restore", tmp_path / "backup", first.home)
    rows = first.json("audit", "verify")["rows"]
    assert (rows["problems"], rows["lost"]) == ([], 6)  # of each search: its row twice, and its list
    first.search(probe)
    assert first.json("audit", "verify")["ok"]
    first.json("restore", tmp_path / "later", second.home)
    rows = second.json("audit", "verify")["rows"]
    assert (rows["problems"], rows["lost"]) == ([], 6)
    assert "not in the backup" in second.run("audit", "verify").stdout


def test_a_log_that_would_go_back_is_noticed(filled: Cli, tmp_path: Path) -> None:
    filled.run("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER)
    kept = tmp_path / "kept"
    kept.write_text(filled.run("audit", "checkpoint").stdout)
    elsewhere = Cli(tmp_path / "none")
    target, keys = tmp_path / "restored", ["--keys", filled.home / "keys"]
    plain = elsewhere.run("restore", tmp_path / "backup", target, *keys, code=1)
    assert "restore.no_log" in plain.stderr
    behind = elsewhere.run("restore", tmp_path / "backup", target, *keys, "--without-newer-log", "--kept", kept, code=1)
    assert "restore.log_behind" in behind.stderr
    assert list(tmp_path.glob("*restor*")) == []
    other = tmp_path / "other-history"
    shutil.copytree(filled.home / "audit", other)
    lines = (other / "log.jsonl").read_bytes().splitlines(keepends=True)
    (other / "log.jsonl").write_bytes(b"".join(lines[:-1]))
    unsound = elsewhere.run("restore", tmp_path / "backup", target, *keys, "--log", other, code=1)
    assert "restore.log_unsound" in unsound.stderr
    done = elsewhere.run("restore", tmp_path / "backup", target, *keys, "--without-newer-log")
    assert "Inform them first" in " ".join(done.stderr.split())
    assert Cli(target).json("audit", "verify")["ok"]


def test_two_histories_are_never_joined(filled: Cli, tmp_path: Path) -> None:
    one, two = Cli(tmp_path / "one"), Cli(tmp_path / "two")
    for place in (one, two):
        filled.run("restore", tmp_path / "backup", place.home, "--without-newer-log")
        place.json("backup", place.home.with_suffix(".backup"))
    stopped = two.run("restore", one.home.with_suffix(".backup"), tmp_path / "three", code=1)
    assert "restore.log_differs" in stopped.stderr
    assert not (tmp_path / "three").exists()


def test_a_snapshot_that_a_killed_backup_left_goes_with_the_next_expunge(filled: Cli) -> None:
    public, _, _ = reference(filled, "collins.png")
    left = filled.home / ".backup-0123.sqlite3"
    shutil.copyfile(filled.home / "plainview.sqlite3", left)
    filled.json("expunge", public, *REASON)
    assert not left.exists()


def test_nothing_is_overwritten_and_the_keys_are_not_in_the_backup(filled: Cli, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    assert backup.stat().st_mode & 0o777 == 0o600
    assert "backup.place" in filled.run("backup", backup, code=1).stderr
    assert "backup.place" in filled.run("backup", filled.home / "b", code=1).stderr
    before = everywhere(filled.home)
    assert "restore.exists" in filled.run("restore", backup, filled.home, code=1).stderr
    assert everywhere(filled.home) == before
    archive = backup.read_bytes()
    for key in (filled.home / "keys").iterdir():
        assert key.read_bytes()[:32] not in archive
