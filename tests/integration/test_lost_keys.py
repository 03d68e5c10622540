"""Keys that are lost, as an operator meets it: the refusal names the way, and restores find theirs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.integration.conftest import EXAMINER, Cli

from plainview.casework.workspace.keys import REPLACEABLE
from plainview.storage.aged import new_backup_key, recipient_of

pytestmark = pytest.mark.long

LIST = ("case", "list", "--as", EXAMINER)
WHY = ("--reason", "the disk with the keys broke")


def test_all_that_can_be_replaced_are_lost_and_the_refusals_lead_back(cli: Cli) -> None:
    for name in REPLACEABLE:
        (cli.home / "keys" / name).unlink()
    says = cli.run(*LIST, code=1).stderr
    assert "Command: plainview keys replace" in says
    for left in (2, 1, 0):
        name = cli.run(*LIST, code=1).stderr.partition("The key ")[2].partition(" ")[0]
        cli.run("keys", "replace", name, *WHY)
        assert cli.run(*LIST, code=bool(left)) is not None
    assert cli.json("audit", "verify")["ok"]


@pytest.mark.parametrize("name", REPLACEABLE)
def test_a_backup_from_before_a_replacement_is_restored_with_todays_keys_or_those_of_its_time(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    cli.run("backup", tmp_path / "b.age")
    shutil.copytree(cli.home / "keys", tmp_path / "earlier")
    (cli.home / "keys" / name).unlink()
    cli.run("keys", "replace", name, *WHY)
    todays = cli.run(
        "restore", tmp_path / "b.age", tmp_path / "new", "--keys", cli.home / "keys", code=int(name == "backup.age")
    )
    if name == "backup.age":
        assert "Traceback" not in todays.stderr  # what it was encrypted for is lost
    else:
        assert Cli(tmp_path / "new").json("audit", "verify")["ok"]
    cli.run("restore", tmp_path / "b.age", tmp_path / "old", "--keys", tmp_path / "earlier")
    assert Cli(tmp_path / "old").json("audit", "verify")["ok"]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("log", ["newer", "none"])
def test_keys_that_were_not_copied_after_a_replacement_restore_with_a_new_one(
    cli: Cli, tmp_path: Path, log: str, *, is_there: bool
) -> None:
    copy = shutil.copytree(cli.home / "keys", tmp_path / "copy")
    (cli.home / "keys" / "secret.key").unlink()
    cli.run("keys", "replace", "secret.key", *WHY)
    cli.run("backup", tmp_path / "b.age")
    if not is_there:
        (copy / "secret.key").unlink()
    words = ["restore", tmp_path / "b.age", tmp_path / "new", "--keys", copy]
    words += ["--without-newer-log"] if log == "none" else ["--log", cli.home / "audit"]
    refused = cli.run(*words, code=1).stderr
    assert "restore FILE FOLDER --without-key NAME" in refused
    assert not (tmp_path / "new").exists()
    assert "secret.key is a new one" in cli.run(*words, "--without-key", "secret.key").stderr
    new = Cli(tmp_path / "new")
    assert new.json("audit", "verify")["ok"]
    assert new.run(*LIST)


def test_only_what_can_be_replaced_is_left_out_of_a_restore(cli: Cli, tmp_path: Path) -> None:
    cli.run("backup", tmp_path / "b.age")
    refused = cli.run("restore", tmp_path / "b.age", tmp_path / "new", "--without-key", "blobs.key", code=1).stderr
    assert "Nothing restored [keys.not_replaceable]: blobs.key" in refused


def test_who_was_named_as_another_recipient_restores_without_the_lost_key_of_backups(cli: Cli, tmp_path: Path) -> None:
    identity = new_backup_key()
    with (cli.home / "workspace.toml").open("a") as settings:
        settings.write(f'[backup]\nrecipients = ["{recipient_of(identity)}"]\n')
    cli.run("backup", tmp_path / "b.age")
    keys = shutil.copytree(cli.home / "keys", tmp_path / "keys")
    (keys / "backup.age").write_bytes(identity)
    words = ("restore", tmp_path / "b.age", tmp_path / "new", "--keys", keys)
    assert "--without-key NAME" in cli.run(*words, code=1).stderr
    assert "backup.age is a new one" in cli.run(*words, "--without-key", "backup.age").stderr
    new = Cli(tmp_path / "new")
    new.run("backup", tmp_path / "again.age")
    assert (new.home / "keys" / "backup.age").read_bytes() != identity
