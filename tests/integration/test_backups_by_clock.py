"""Backups that the worker makes: when due, kept by the rule, rehearsed; and what a restore leaves dead."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.utils import timezone
from tests.factories import forks
from tests.factories.power import invite_member, reset_sign_in
from tests.factories.work import entries, person
from tests.integration.conftest import ADMIN, ASKED, EXAMINER, Cli

from plainview.audit.record import parse_line
from plainview.casework.models import BackupRecord, Invitation, LogEntry, Member, SignInReset, Token
from plainview.casework.people.members import deactivate, join
from plainview.casework.people.sign_in import record_session, set_password, use_reset
from plainview.casework.people.tokens import make_token
from plainview.casework.upkeep import schedule
from plainview.casework.upkeep.spent import end_spent
from plainview.policy.decision import Refused

pytestmark = pytest.mark.long

RULE = schedule.Rule(Path("nowhere"), time(2, 0), 14, 3, 7)
NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def record(made_at: datetime, path: Path | str = "x", **fields: object) -> BackupRecord:
    number = BackupRecord.objects.count()
    return BackupRecord.objects.create(
        backup=f"{number:032}", path=str(path), made_at=made_at, **({"scheduled": True} | fields)
    )


@pytest.mark.parametrize(
    ("newest", "due"),
    [
        (None, True),
        (NOON - timedelta(hours=9), False),
        (NOON - timedelta(hours=11), True),
        (NOON - timedelta(days=3), True),
        (NOON + timedelta(days=1000), True),  # made while the clock ran ahead
    ],
)
def test_a_backup_is_due_when_that_of_the_last_time_of_day_is_missing(
    workspace: Path, newest: datetime | None, *, due: bool
) -> None:
    if newest is not None:
        record(newest)
    record(NOON - timedelta(minutes=1), scheduled=False)
    assert schedule.due(RULE, NOON) is due


def test_a_backup_that_failed_is_tried_again_after_an_hour(workspace: Path) -> None:
    record(NOON, failure="The disk is full.")
    assert not schedule.due(RULE, NOON + timedelta(minutes=59))
    assert schedule.due(RULE, NOON + timedelta(minutes=60))


def test_a_rehearsal_is_due_after_its_days_and_sooner_after_one_that_failed(workspace: Path) -> None:
    assert schedule.rehearsal_due(RULE, NOON) is None
    row = record(NOON - timedelta(days=10))
    assert schedule.rehearsal_due(RULE, NOON) == row
    for ok, wait in ((True, timedelta(days=7)), (False, timedelta(days=1))):
        row.rehearsed_at, row.rehearsal_ok = NOON, ok
        row.save()
        assert schedule.rehearsal_due(RULE, NOON + wait - timedelta(seconds=1)) is None
        assert schedule.rehearsal_due(RULE, NOON + wait) == row


def test_the_rule_keeps_days_and_the_first_of_each_month_and_what_a_rehearsal_opened(
    workspace: Path, tmp_path: Path
) -> None:
    days = [NOON - timedelta(days=back) for back in range(200)]
    for moment in days:
        path = tmp_path / f"{moment:%Y-%m-%d}.age"
        path.touch()
        record(moment, path)
    by_hand = tmp_path / "by-hand.age"
    by_hand.touch()
    record(NOON - timedelta(days=150), by_hand, scheduled=False)
    BackupRecord.objects.filter(path=str(tmp_path / "2026-07-20.age")).update(rehearsal_ok=True)
    schedule.remove_old(RULE, NOON)
    left = sorted(path.stem for path in tmp_path.glob("*.age"))
    recent = [f"{moment:%Y-%m-%d}" for moment in days[:14]]
    assert left == sorted([*recent, "2026-09-01", "2026-10-01", "2026-11-01", "2026-07-20", "by-hand"])
    assert schedule.remove_old(RULE, NOON) == []
    schedule.remove_old(RULE, NOON + timedelta(days=1000))
    assert sorted(path.stem for path in tmp_path.glob("*.age")) == ["2026-07-20", "2026-11-30", "by-hand"]


@pytest.mark.parametrize(
    "section", ['at = "25:00"', 'at = "noon"', "keep_days = -1", 'keep_days = "x"', "rehearse_days = true"]
)
def test_settings_that_make_no_sense_are_named(workspace: Path, section: str) -> None:
    with (workspace / "workspace.toml").open("a") as file:
        file.write(f'\n[backup]\nfolder = "/b"\n{section}\n')
    with pytest.raises(Refused, match=section.split(" ")[0]):
        schedule.rule()


@pytest.fixture
def spent(workspace: Path) -> Path:
    """What was outstanding when the backup was made."""
    make_token(acting_member=person("admin"))
    invite_member("new@agency.example", ["verifier"], acting_member=person("admin"))
    reset_sign_in("verifier@agency.example", acting_member=person("admin"))
    for name in ("examiner", "supervisor"):
        RecoveryCodes.activate(person(name))
    return workspace


def outstanding() -> list[int]:
    now = timezone.now()
    return [
        Token.objects.filter(revoked_at=None).count(),
        Invitation.objects.filter(member=None, expires_at__gt=now).count(),
        SignInReset.objects.filter(used_at=None, expires_at__gt=now).count(),
        Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES).count(),
    ]


def test_without_a_newer_log_every_secret_that_can_be_used_once_ends(spent: Path) -> None:
    assert outstanding() == [1, 1, 1, 2]
    ended = end_spent([], log_known=False)
    assert (ended.tokens, ended.invitations, ended.resets, ended.recovery_codes) == (1, 1, 1, 2)
    assert outstanding() == [0, 0, 0, 0]


def test_with_the_log_recovery_codes_end_of_those_who_signed_in_since(spent: Path) -> None:
    record_session("session.began", person("examiner"))
    assert end_spent(entries("session.began"), log_known=True).recovery_codes == 1
    assert Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).user == person("supervisor")


def test_a_password_or_factor_that_was_changed_since_does_not_come_back(workspace: Path) -> None:
    supervisor, examiner = person("supervisor"), person("examiner")
    set_password(supervisor, "an-old-password-of-theirs")
    set_password(examiner, "another-password-of-theirs")
    totp.TOTP.activate(supervisor, totp.generate_totp_secret())
    first = LogEntry.objects.count()
    record_session("password.changed", supervisor)
    since = [parse_line(bytes(row.canonical)) for row in LogEntry.objects.filter(seq__gte=first)]
    ended = end_spent(since, log_known=True)
    assert list(ended.codes) == ["supervisor@agency.example"]
    again = Member.objects.get(pk=supervisor.pk)
    assert not again.has_usable_password()
    assert not Authenticator.objects.filter(user=again).exists()
    assert Member.objects.get(pk=examiner.pk).check_password("another-password-of-theirs")
    assert use_reset(ended.codes["supervisor@agency.example"], "a-new-password-of-theirs").pk == again.pk


def test_a_member_who_was_deactivated_since_is_again(workspace: Path) -> None:
    member = join(invite_member("gone@agency.example", ["verifier"], acting_member=person("admin")).code, "G")
    deactivate("gone@agency.example", reason="left", acting_member=person("admin"))
    Member.objects.filter(pk=member.pk).update(is_active=True)  # as the backup has it
    assert end_spent(entries("member.deactivated"), log_known=True).deactivated == ("gone@agency.example",)
    assert not Member.objects.get(pk=member.pk).is_active


def test_a_one_time_code_of_this_moment_does_not_count_after_a_restore(workspace: Path) -> None:
    secret = totp.generate_totp_secret()
    factor = totp.TOTP.activate(person("examiner"), secret)
    import time as clock

    code = totp.format_hotp_value(totp.hotp_value(secret, int(clock.time()) // 30))
    end_spent([], log_known=True)
    assert not factor.validate_code(code)


@pytest.fixture
def scheduled(cli: Cli, photographs: Path, tmp_path: Path) -> Cli:
    """A workspace with two references and a schedule, in a folder with a name that an address could not have."""
    home = tmp_path / "we#1 ?x=1 %41 Ж"
    cli.home.rename(home)
    moved = Cli(home)
    moved.run("enrol", "g", photographs, "--as", ADMIN)
    (tmp_path / "kept #1").mkdir()
    with (home / "workspace.toml").open("a") as file:
        file.write(f"\n[backup]\nfolder = {json.dumps(str(tmp_path / 'kept #1'))}\n")
    return moved


def test_the_worker_makes_it_and_it_is_rehearsed(scheduled: Cli, tmp_path: Path) -> None:
    reference = scheduled.json("search", *_search(scheduled, tmp_path))["candidates"][0]["reference_id"]
    done = scheduled.json("backups", "run")
    assert (done["made"]["pictures"], done["rehearsed"]["ok"]) == (5, True)  # two faces are cut
    scheduled.run("expunge", reference, "--reason", "by order of the court", "--as", ADMIN)
    again = scheduled.json("backups", "rehearse")
    assert (again["ok"], again["erased_again"], again["missing_pictures"]) == (True, 1, 0)
    (row,) = scheduled.json("backups", "list")["backups"]
    assert (row["state"], row["rehearsal"]) == ("made", again["says"])
    assert scheduled.json("backups", "run")["made"] is None
    looked = scheduled.json("doctor")
    assert looked["backup"]["rehearsal_ok"] is True
    assert not [path.name for path in scheduled.home.iterdir() if "rehearsal" in path.name and path.is_dir()]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept #1", "probe.png", scheduled.home.name]
    assert scheduled.json("audit", "verify")["ok"]


def _search(cli: Cli, folder: Path) -> tuple[str | Path, ...]:
    import cv2
    from tests.factories.models import collins, scaled

    cv2.imwrite(str(folder / "probe.png"), scaled(collins(), 0.6).pixels)
    return (folder / "probe.png", *ASKED, "--as", EXAMINER)


def test_a_rehearsal_of_a_damaged_backup_fails_and_is_recorded(scheduled: Cli) -> None:
    scheduled.run("backups", "run")
    (row,) = scheduled.json("backups", "list")["backups"]
    with Path(row["path"]).open("r+b") as file:
        file.seek(5000)
        file.write(b"?")
    done = scheduled.json("backups", "rehearse", code=1)
    assert not done["ok"]
    assert "The backup cannot be read" in done["says"]
    assert "fail backups: The rehearsal" in scheduled.run("doctor", code=1).stdout


def test_a_scheduled_backup_that_fails_is_recorded_and_said(scheduled: Cli, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "kept #1")
    failed = scheduled.run("backups", "run", code=1)
    assert len(failed.stderr.strip().splitlines()) == 1
    (row,) = scheduled.json("backups", "list")["backups"]
    assert row["state"] == "failed"
    assert "fail backups: The scheduled backup failed" in scheduled.run("doctor", code=1).stdout


def test_a_nearly_full_disk_is_said_before_anything_is_written(scheduled: Cli, tmp_path: Path) -> None:
    size = json.loads(scheduled.run("audit", "verify", "--json").stdout)["entries"]
    full = (
        "import shutil; from collections import namedtuple\n"
        "shutil.disk_usage = lambda path: namedtuple('U', 'total used free')(9, 8, 3 << 20)\n"
        "from plainview.cli.main import main; main()\n"
    )
    done = forks.run(scheduled.home, ["backup", str(tmp_path / "a.age")], code=full)
    assert done.returncode == 1
    assert "backup.space" in done.stderr
    assert "3 MiB free" in done.stderr
    assert not list(tmp_path.glob("a.age*"))
    assert json.loads(scheduled.run("audit", "verify", "--json").stdout)["entries"] == size
    scheduled.run("backup", tmp_path / "b.age")
    done = forks.run(scheduled.home, ["restore", str(tmp_path / "b.age"), str(tmp_path / "r")], code=full)
    assert done.returncode == 1
    assert "restore.space" in done.stderr
    assert not list(tmp_path.glob("*r.restoring"))


def test_a_disk_that_fills_while_a_backup_is_written_leaves_no_file(scheduled: Cli, tmp_path: Path) -> None:
    code = (
        "from plainview.storage import aged\n"
        "def full(self, data):\n    self.error = OSError(28, 'No space left on device')\n    raise self.error\n"
        "aged._Remembering.write = full\n"
        "from plainview.cli.main import main; main()\n"
    )
    done = forks.run(scheduled.home, ["backup", str(tmp_path / "a.age")], code=code)
    assert done.returncode == 1
    assert f"{tmp_path / 'a.age'} was not written: the disk is full. Free some space" in done.stderr
    assert not list(tmp_path.glob("a.age*"))
    assert not list(scheduled.home.glob(".backup-*"))


def test_more_recipients_can_open_a_backup_and_a_wrong_one_is_refused(scheduled: Cli, tmp_path: Path) -> None:
    from plainview.storage.aged import new_backup_key, read_archive, recipient_of

    key, toml = new_backup_key(), scheduled.home / "workspace.toml"
    text = toml.read_text()
    toml.write_text(f'{text}recipients = ["{recipient_of(key)}"]\n')
    scheduled.run("backup", tmp_path / "a.age")
    for mine in (key, (scheduled.home / "keys" / "backup.age").read_bytes()):
        with (tmp_path / "a.age").open("rb") as file:
            assert "database" in [name for name, _ in read_archive(file, mine)]
    for wrong in ('["age1xyz"]', '["ssh-ed25519 A"]', '"age1"'):
        toml.write_text(f"{text}recipients = {wrong}\n")
        assert "recipient" in scheduled.run("backup", tmp_path / "b.age", code=1).stderr
        assert not list(tmp_path.glob("b.age*"))


def test_a_backup_of_a_clock_that_ran_ahead_is_restored_and_the_log_goes_on(scheduled: Cli, tmp_path: Path) -> None:
    late = (
        "from django.utils import timezone; from datetime import timedelta; real = timezone.now\n"
        "timezone.now = lambda: real() + timedelta(days=1100)\n"
        "from plainview.cli.main import main; main()\n"
    )
    scheduled.run("backup", tmp_path / "a.age")
    words = ["case", "open", "C-ahead", "--offence", "robbery", "--as", EXAMINER]
    assert forks.run(scheduled.home, words, code=late).returncode == 0
    restored = Cli(tmp_path / "restored")
    done = scheduled.json("restore", tmp_path / "a.age", restored.home)
    assert done["taken_over"] == {"case.opened": 1}
    restored.run("case", "open", "C-now", "--offence", "robbery", "--as", EXAMINER)
    assert restored.json("audit", "verify")["ok"]
    (fault,) = restored.json("clock", "list")["faults"]
    assert fault["newest_entry_was_of"] > fault["clock_said"]
