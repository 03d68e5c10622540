"""The state of the deployment: each part is well until it is not, and one that breaks stops no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from tests.factories.certificates import make_certificates
from tests.factories.work import at

from plainview.casework.models import BackupRecord, CanaryAlarm, LogEntry
from plainview.casework.upkeep import life, read, work
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.lock import as_server


def test_a_new_sample_is_well_and_what_it_never_had_is_not_set_up(workspace: Path) -> None:
    state = read.status()
    assert state["ok"], state
    not_set_up = {name for name in read.PARTS if state[name]["ok"] is None}
    assert not_set_up == {"worker", "backup", "rehearsal", "witness", "certificate", "rows"}


def _backed_up() -> None:
    now = timezone.now()
    BackupRecord.objects.create(backup="B", path="/b.age", made_at=now, rehearsed_at=now, rehearsal_ok=True)


@pytest.mark.parametrize(
    ("part", "beat", "old"),
    [
        ("worker", work.begin_life, life.SILENCE),
        ("backup", _backed_up, read.BACKUP_OLD),
        ("rehearsal", _backed_up, read.REHEARSAL_OLD),
    ],
)
def test_a_part_that_falls_silent_is_reported(
    workspace: Path, part: str, beat: Callable[[], object], old: timedelta
) -> None:
    beat()
    assert read.status()[part]["ok"] is True
    with at(timezone.now() + old + timedelta(seconds=1)):
        state = read.status()
    assert (state["ok"], state[part]["ok"]) == (False, False)


def test_a_backup_or_a_rehearsal_that_failed_is_reported(workspace: Path) -> None:
    _backed_up()
    BackupRecord.objects.update(rehearsal_ok=False)
    assert read.status()["rehearsal"]["ok"] is False
    BackupRecord.objects.update(failure="no space")
    assert read.status()["backup"]["ok"] is False


def test_what_a_real_workspace_never_had_is_missing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "is_sample", lambda: False)
    state = read.status()
    assert {name for name in read.PARTS if state[name]["ok"] is False} == {"worker", "backup", "rehearsal"}


def test_a_log_that_is_ahead_of_the_clock_is_reported(workspace: Path) -> None:
    with at(timezone.now() - timedelta(hours=1)):
        state = read.status()
    assert state["clock"]["ok"] is False
    assert "seconds ahead" in state["clock"]["says"]
    assert state["clock"]["log_entries"] == LogEntry.objects.count()


def test_the_certificate_is_reported_before_it_ends(workspace: Path, tmp_path: Path) -> None:
    made = make_certificates(tmp_path / "tls", days=30)
    with as_server(current(), "https://localhost/", str(made.chain)):
        assert read.status()["certificate"]["ok"] is True
        with at(timezone.now() + timedelta(days=17)):
            assert read.status()["certificate"]["ok"] is False
        made.chain.unlink()
        state = read.status()
    assert state["certificate"] == {"ok": False, "says": "The certificate cannot be read.", "until": None}


def test_a_database_of_another_version_is_not_ready(workspace: Path) -> None:
    assert read.ready() == []
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('casework', '9999_x', '2030-01-01')")
    assert read.ready() == ["The database is of a newer version: 9999_x."]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'casework' AND name >= '0002'")
    assert "older version, 0001_initial" in read.ready()[0]


def test_a_part_that_cannot_be_read_is_a_finding_and_names_nobody(workspace: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE letter RENAME TO gone")
    state = read.status()
    assert state["mail"]["ok"] is False
    assert state["mail"]["says"].startswith("It cannot be read: ")
    assert state["disk"]["ok"] is True
    assert not CanaryAlarm.objects.exists()
    assert "agency.example" not in json.dumps(state)
