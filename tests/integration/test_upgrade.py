"""A workspace of every older version is upgraded, proves that it is the same, and is served by nothing before that."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.factories import forks
from tests.factories.first_archives import first_archive
from tests.factories.old_workspace import ENTRIES, INVITATION, ROOT, content, unpack
from tests.integration.conftest import ADMIN, EXAMINER, Cli

from plainview.casework.upkeep.unpacking import ABOUT, DATABASE, PICTURES, sealer_of
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import Sealer

pytestmark = pytest.mark.long

LATER = {"incomplete_lists": "false"}
"""Fields of a policy that came after the kept workspace's version, with their strictest values."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of schema 0001."""
    return unpack(tmp_path_factory.mktemp("old") / "workspace")


@pytest.fixture
def old(kept: Path, tmp_path: Path) -> Cli:
    shutil.copytree(kept, tmp_path / "workspace")
    return Cli(tmp_path / "workspace")


@pytest.fixture(scope="module")
def upgraded(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Cli, dict[str, object]]:
    home = tmp_path_factory.mktemp("upgraded") / "workspace"
    shutil.copytree(kept, home)
    cli = Cli(home)
    return cli, cli.json("upgrade")


def change(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "plainview.sqlite3")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def refused(cli: Cli, *words: str | Path) -> str:
    """Run a command that must be refused and change nothing; return what it says."""
    before = content(cli.home)
    says = cli.run(*words, code=1).stderr
    after = content(cli.home)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() <= {".backup.lock", "keys/backup.age"}
    return says


@pytest.mark.parametrize(
    "words",
    [
        ("case", "list", "--as", EXAMINER),
        ("audit", "verify"),
        ("case", "open", "X", "--offence", "robbery", "--as", EXAMINER),
        ("backup", "elsewhere.age"),
        ("serve",),
        ("worker",),
    ],
)
def test_every_command_refuses_an_older_workspace_and_names_the_command(old: Cli, words: tuple[str, ...]) -> None:
    says = refused(old, *words)
    assert "workspace.older" in says
    assert "schema 0001" in says
    assert "plainview upgrade" in says


def test_log_and_tables_are_the_same_before_and_after(upgraded: tuple[Cli, dict[str, object]]) -> None:
    cli, done = upgraded
    assert (done["upgraded"], done["before"], done["entries"], done["root"]) == (True, "0001", ENTRIES, ROOT)
    assert [policy["fields"] for policy in done["policies"]] == [LATER]
    verified = cli.json("audit", "verify")
    assert verified["ok"]
    lines = [json.loads(line)["entry"] for line in (cli.home / "audit" / "log.jsonl").read_bytes().splitlines()]
    assert [entry["action"] for entry in lines[ENTRIES : ENTRIES + 2]] == [
        "workspace.keys_recorded",
        "workspace.upgraded",
    ]
    assert lines[ENTRIES + 1]["subject"]["root"] == ROOT
    assert not [path.name for path in cli.home.iterdir() if path.name.startswith(".backup-")]
    assert "Nothing was changed" in cli.run("upgrade").stdout


def test_what_an_older_version_left_is_committed_to_as_it_is_and_said_to_be(
    upgraded: tuple[Cli, dict[str, object]],
) -> None:
    cli, _ = upgraded
    rows = cli.json("audit", "verify")["rows"]
    with closing(sqlite3.connect(cli.home / "plainview.sqlite3")) as database:
        (adopted,) = database.execute(
            "SELECT count(*) FROM row_commitment c JOIN log_entry e ON e.seq = c.entry "
            'WHERE instr(e.canonical, cast(\'"action":"rows.adopted"\' as blob))'
        ).fetchone()
    assert rows["problems"] == []
    assert (rows["adopted"], rows["lost"], rows["erased"]) == (adopted, 0, 0)
    assert 20 < adopted <= rows["checked"]
    assert "of an older version: as at the upgrade; not committed to before" in cli.run("audit", "verify").stdout


def test_what_somebody_altered_before_the_upgrade_is_named_where_older_entries_say_otherwise(old: Cli) -> None:
    change(
        old.home,
        """UPDATE member SET roles = '["auditor"]' WHERE email = 'examiner@agency.example'""",
        "UPDATE search SET purpose = 'another' WHERE alert_id IS NULL",
        "UPDATE candidate SET score = 0.999 WHERE search_id IN (SELECT id FROM search WHERE alert_id IS NOT NULL)",
        "UPDATE examination SET conclusion = 'not a potential candidate'",
        "UPDATE verification_item SET conclusion = 'inconclusive' WHERE is_candidate",
        "DELETE FROM lead",
    )
    old.json("upgrade")
    problems = old.json("audit", "verify", code=1)["rows"]["problems"]
    assert sorted(
        (problem["table"], problem["says"].partition(",")[0].partition(" is not")[0]) for problem in problems
    ) == [
        ("examination", "altered before the upgrade: conclusion"),
        ("lead", "deleted before the upgrade"),
        ("member", "altered before the upgrade: roles"),
        ("search", "altered before the upgrade: candidates"),
        ("search", "altered before the upgrade: purpose"),
        ("verification", "altered before the upgrade: conclusions"),
    ]


def test_what_was_there_can_be_used(upgraded: tuple[Cli, dict[str, object]]) -> None:
    cli, _ = upgraded
    (alert,) = cli.json("alert", "list", "--as", EXAMINER)["alerts"]
    assert len(alert["candidates"]) == 1
    (lead,) = cli.json("lead", "list", "--as", "supervisor@agency.example")["leads"]
    assert (lead["case"], lead["line_up"]) == ("26-0100", "locked")
    assert "third" in cli.run("member", "join", INVITATION, "--name", "The third", "--without-sign-in").stdout


def test_the_backup_that_an_upgrade_makes_is_the_workspace_as_it_was(
    upgraded: tuple[Cli, dict[str, object]], tmp_path: Path
) -> None:
    cli, done = upgraded
    restored = Cli(tmp_path / "restored")
    told = cli.json("restore", str(done["backup"]), restored.home)
    assert (told["entries"], told["missing_pictures"]) == (ENTRIES, 0)
    assert restored.json("audit", "verify")["ok"]


def test_a_workspace_of_a_newer_version_is_refused_and_names_it(
    upgraded: tuple[Cli, dict[str, object]], tmp_path: Path
) -> None:
    shutil.copytree(upgraded[0].home, tmp_path / "newer")
    newer = Cli(tmp_path / "newer")
    change(
        newer.home,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('casework', '9001_later', '2030-01-01')",
        "UPDATE workspace_state SET version = '7.0'",
    )
    for words in (("case", "list", "--as", EXAMINER), ("upgrade",)):
        says = refused(newer, *words)
        assert "workspace.newer" in says
        assert "Plainview 7.0" in says
        assert "9001" in says


def test_a_backup_of_a_newer_version_is_refused_and_names_it(
    upgraded: tuple[Cli, dict[str, object]], tmp_path: Path
) -> None:
    shutil.copytree(upgraded[0].home, tmp_path / "newer")
    code = (
        "from plainview.cli.start import open_workspace; open_workspace()\n"
        "from django.db import connection\n"
        'connection.cursor().execute("INSERT INTO django_migrations (app, name, applied) "\n'
        "    \"VALUES ('casework', '9001_later', '2030-01-01')\")\n"
        "from plainview.casework.upkeep.backup import back_up; from pathlib import Path; import sys\n"
        "back_up(Path(sys.argv[1]))\n"
    )
    done = forks.run(tmp_path / "newer", [str(tmp_path / "later.age")], code=code)
    assert done.returncode == 0, done.stderr
    says = upgraded[0].run("restore", tmp_path / "later.age", tmp_path / "restored", code=1).stderr
    assert "workspace.newer" in says
    assert not (tmp_path / "restored").exists()


def test_nothing_is_upgraded_while_another_process_has_it_open(old: Cli) -> None:
    with closing(sqlite3.connect(old.home / "plainview.sqlite3")) as server:
        server.execute("SELECT count(*) FROM log_entry").fetchone()
        assert "workspace.in_use" in refused(old, "upgrade")
    assert old.json("upgrade")["root"] == ROOT


def test_an_older_process_that_waited_finds_no_log(old: Cli) -> None:
    database = old.home / "plainview.sqlite3"
    before = database.open("rb")
    with before:
        old.run("upgrade")
        (database.parent / "orphan.sqlite3").write_bytes(before.read())
    with closing(sqlite3.connect(database.parent / "orphan.sqlite3")) as orphan:
        names = {name for (name,) in orphan.execute("SELECT name FROM sqlite_master")}
    assert "log_entry" not in names


def test_a_log_that_is_not_whole_is_not_upgraded(old: Cli) -> None:
    log = old.home / "audit" / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b"robbery", b"larceny"))
    assert "upgrade.log_unsound" in refused(old, "upgrade")


def test_a_key_that_opens_nothing_is_not_taken_over(old: Cli) -> None:
    (old.home / "keys" / "blobs.key").write_bytes(b"k" * 32)
    assert "The key blobs.key does not open" in refused(old, "upgrade")


def test_rows_that_a_migration_changed_stop_the_upgrade(old: Cli) -> None:
    code = (
        "from plainview.cli.start import start_django; start_django()\n"
        "from plainview.casework.upkeep import upgrade\n"
        "real = upgrade.bring_tables_up\n"
        "def wrong():\n"
        "    real()\n"
        "    from plainview.casework.models import Case\n"
        "    Case.objects.update(offence='larceny')\n"
        "upgrade.bring_tables_up = wrong\n"
        "from plainview.cli.main import main; main()\n"
    )
    before = content(old.home)
    done = forks.run(old.home, ["upgrade"], code=code)
    assert done.returncode == 1
    assert "upgrade.differs" in done.stderr
    assert "casefile" in done.stderr
    after = content(old.home)
    assert {name: after[name] for name in before} == before


def test_a_workspace_that_was_served_still_is(old: Cli) -> None:
    (old.home / "served").touch()
    old.run("upgrade")
    assert not (old.home / "served").exists()
    with closing(sqlite3.connect(old.home / "plainview.sqlite3")) as database:
        ((entry,),) = database.execute("SELECT served_entry FROM workspace_state").fetchall()
    assert entry == ENTRIES + 1


def test_a_policy_without_a_new_field_has_its_strictest_value_until_it_is_decided(old: Cli, tmp_path: Path) -> None:
    change(old.home, "UPDATE policy_version SET text = replace(text, 'canary_hours = 24', '# none = 24')")
    (policy,) = old.json("upgrade")["policies"]
    assert policy["fields"] == {"canary_hours": "1", **LATER}
    assert old.json("policy", "show", "--as", ADMIN)["undecided"] == policy["fields"]
    text = old.run("policy", "show", "--file", "--as", ADMIN).stdout
    (tmp_path / "policy.toml").write_text(text.replace("canary_hours = 1", "canary_hours = 12"))
    proposed = old.json("policy", "set", tmp_path / "policy.toml", "--reason", "decided", "--as", ADMIN)
    old.run("proposal", "approve", proposed["proposal"], "--as", "supervisor@agency.example")
    assert old.json("policy", "show", "--as", ADMIN)["undecided"] == {}


def test_a_nearly_full_disk_is_said_before_anything_is_written(old: Cli) -> None:
    code = (
        "import shutil; from collections import namedtuple\n"
        "shutil.disk_usage = lambda path: namedtuple('U', 'total used free')(9, 8, 1 << 20)\n"
        "from plainview.cli.main import main; main()\n"
    )
    done = forks.run(old.home, ["upgrade"], code=code)
    assert done.returncode == 1
    assert "backup.space" in done.stderr
    assert "1 MiB free" in done.stderr
    assert not list(old.home.parent.glob("*.age*"))


@pytest.mark.parametrize("served", [False, True])
def test_a_backup_of_the_first_form_is_restored_and_brought_up(old: Cli, tmp_path: Path, *, served: bool) -> None:
    key = (old.home / "keys" / "blobs.key").read_bytes()
    store = LocalBlobStore(old.home / "blobs", Sealer(key).derive("blobs"))
    members = {
        ABOUT: json.dumps({"format": 1, "backup": "b", "made_at": "2026-11-30T10:15:04+00:00"}).encode(),
        "workspace.toml": (old.home / "workspace.toml").read_bytes(),
        **({"served": b""} if served else {}),
        **{f"audit/{path.name}": path.read_bytes() for path in (old.home / "audit").iterdir()},
        DATABASE: (old.home / "plainview.sqlite3").read_bytes(),
        **{PICTURES + digest: store.get(digest) for digest in store.digests()},
    }
    (tmp_path / "monday.backup").write_bytes(first_archive(members, sealer_of(key)))
    restored = Cli(tmp_path / "restored")
    done = old.json("restore", tmp_path / "monday.backup", restored.home)
    assert (done["entries"], done["missing_pictures"]) == (ENTRIES, 0)
    ended = done["ended"]
    assert (ended["tokens"], ended["invitations"], ended["resets"]) == (1, 1, 1)
    assert restored.json("audit", "verify")["ok"]
    assert (restored.home / "keys" / "backup.age").is_file()
    assert (
        "invitation.invalid"
        in restored.run("member", "join", INVITATION, "--name", "N", "--without-sign-in", code=1).stderr
    )
