"""A workspace opens with its own keys only; a change of a key that was interrupted is completed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.factories import forks
from tests.factories.old_workspace import content
from tests.integration.conftest import ADMIN, EXAMINER, Cli

from plainview.casework.workspace.keys import KEYS

pytestmark = pytest.mark.long

LIST = ("case", "list", "--as", EXAMINER)
OPEN = ("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another workspace."""
    home = tmp_path_factory.mktemp("other") / "workspace"
    Cli(home).run("init", "--sample")
    return home


def refused(cli: Cli, words: tuple[str, ...]) -> str:
    before = content(cli.home)
    done = forks.run(cli.home, words)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert content(cli.home) == before
    return done.stderr


@pytest.mark.parametrize("name", KEYS)
def test_a_missing_or_wrong_key_is_refused_by_name_and_nothing_is_written(cli: Cli, other: Path, name: str) -> None:
    path = cli.home / "keys" / name
    own = path.read_bytes()
    path.unlink()
    assert f"[workspace.key_missing]: The key {name}" in refused(cli, OPEN)
    for words, wrong in ((OPEN, (other / "keys" / name).read_bytes()), (LIST, b"")):
        path.write_bytes(wrong)
        assert f"[workspace.key_wrong]: The key {name} is not the key of this workspace" in refused(cli, words)
    path.write_bytes(own)
    assert cli.json(*OPEN)


def test_a_database_of_another_workspace_is_named(cli: Cli, other: Path) -> None:
    for name in ("plainview.sqlite3", "plainview.sqlite3-wal", "plainview.sqlite3-shm"):
        (cli.home / name).unlink(missing_ok=True)
        if (other / name).exists():
            shutil.copyfile(other / name, cli.home / name)
    says = refused(cli, LIST)
    assert "workspace.confused" in says
    assert says.count("plainview-") >= 2


def test_keys_of_another_workspace_are_refused(cli: Cli, other: Path) -> None:
    shutil.rmtree(cli.home / "keys")
    shutil.copytree(other / "keys", cli.home / "keys")
    assert "workspace.key_wrong" in refused(cli, LIST)


@pytest.mark.parametrize("step", ["reseal.change_key", "reseal.finish_key_change", "reseal._seal_rows", "reseal._end"])
def test_a_change_of_blobs_key_that_is_killed_can_be_completed(
    cli: Cli, photographs: Path, probe: Path, step: str
) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    before = (cli.home / "keys" / "blobs.key").read_bytes()
    code = (
        "from plainview.cli.start import start_django; start_django()\n"
        "import os; from plainview.casework.upkeep import reseal\n"
        f"{step} = lambda *a, **k: os._exit(137)\n"
        "from plainview.cli.main import main; main()\n"
    )
    assert forks.run(cli.home, ["keys", "rotate", "--reason", "drill"], code=code).returncode == 137
    assert cli.search(probe)["candidates"], "it opens with what there is"
    assert cli.json("audit", "verify")["ok"]
    done = cli.json("keys", "rotate", "--reason", "drill")
    assert done["entry"]
    assert sorted(path.name for path in (cli.home / "keys").glob("blobs*")) == ["blobs.key"]
    assert (cli.home / "keys" / "blobs.key").read_bytes() != before
    assert cli.search(probe)["candidates"]
    assert cli.json("audit", "verify")["ok"]


def test_a_row_about_the_workspace_that_was_changed_is_found(cli: Cli) -> None:
    code = (
        "import django; django.setup()\n"
        "from plainview.casework.models import WorkspaceState\n"
        "WorkspaceState.objects.update(served_entry=3)\n"
    )
    assert forks.run(cli.home, [], code=code).returncode == 0
    told = cli.json("audit", "verify", code=1)
    assert "whether the workspace was served" in " ".join(told["problems"])


def test_neither_a_file_nor_a_setting_says_who_is_believed(cli: Cli) -> None:
    toml = cli.home / "workspace.toml"
    toml.write_text(toml.read_text() + "sample = false\n")
    assert "SAMPLE" in cli.run(*LIST).stdout, "the log's first entry says that it is one"
    (cli.home / "served").touch()
    assert cli.json("case", "list", "--as", EXAMINER)["cases"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('log = "x"\n', "the key version is missing"),
        ("version = 1\n", "the key log is missing"),
        ('version = 2\nlog = "x"\n', "its version is 2"),
        ('version = 1\nlog = "x"\nmails = 3\n', "the key mails is unknown"),
        ('version = 1\nlog = "x"\n[mail]\nhots = "y"\n', "the key mail.hots is unknown. Did you mean mail.host?"),
        ('version = 1\nlog = "x"\nmail = "y"\n', "mail is a table"),
        (
            'version = 1\nlog = "x"\n[backup]\nfolder = "/b"\naddress = "https://x"\n',
            "the key backup.address is unknown. Every key that follows [backup] belongs to it: write address above [backup].",
        ),
        ('version = 1\nlog = "x"\nkeep_days = 3\n', "the key keep_days is unknown. Write keep_days below [backup]."),
        ('version = 1\nlog = "x"\n[mail]\nkeep_days = 3\n', "Write keep_days below [backup]."),
        (
            'version = 1\nlog = "x"\n[mail.backup]\nfolder = "/b"\n',
            "the key mail.backup is unknown. Write it as [backup].",
        ),
        (
            'version = 1\nlog = "x"\n[mail]\n[backup]\n[mail]\n',
            "is not TOML: Cannot declare ('mail',) twice (at line 5",
        ),
        ("version = 1\nlog = 7\n", "the key log is not a text"),
        ("not toml", "is not TOML: Expected '=' after a key in a key/value pair (at line 1"),
    ],
)
def test_a_key_of_workspace_toml_that_is_missing_or_unknown_is_named(cli: Cli, text: str, says: str) -> None:
    (cli.home / "workspace.toml").write_text(text)
    done = cli.run(*LIST, code=1)
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("words", [("doctor",), ("upgrade",), ("serve",), ("backup", "x.age"), ("keys", "list")])
def test_every_kind_of_command_names_it(cli: Cli, words: tuple[str, ...]) -> None:
    (cli.home / "workspace.toml").write_text('version = 1\nlog = "x"\nmails = 3\n')
    done = cli.run(*words, code=1)
    assert "the key mails is unknown. Did you mean mail" in done.stdout + done.stderr
