"""A lost key that can be replaced: what it sealed ends, what it marked is marked again, and the log says so."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from tests.factories.models import hopper, scaled
from tests.factories.work import entries, gallery, person, write

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.galleries.subjects import subject_of
from plainview.casework.log.rows import verify_rows
from plainview.casework.log.state import differences, fingerprints, require_keys
from plainview.casework.models import BarredPicture, Gallery
from plainview.casework.upkeep.replace import put_new, replace_key
from plainview.casework.workspace.keys import KEYS, REPLACEABLE
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused


@pytest.mark.parametrize("name", REPLACEABLE)
def test_a_lost_key_is_replaced_with_an_entry_and_the_workspace_opens_again(workspace: Path, name: str) -> None:
    before = fingerprints()
    (workspace / "keys" / name).unlink()
    with pytest.raises(Refused, match=r"workspace\.key_missing"):
        require_keys()
    done = put_new(name, "the disk broke")
    require_keys()
    (entry,) = entries("workspace.key_replaced")
    after = fingerprints()
    assert entry.seq == done.entry
    assert (entry.subject["keys"], entry.subject["previous"]) == ({name: after[name]}, before[name])
    assert {key for key in KEYS if before[key] != after[key]} == {name}
    assert not differences()
    assert (workspace / "keys" / name).stat().st_mode & 0o777 == 0o600


def test_with_secret_key_every_session_ends(workspace: Path) -> None:
    Session.objects.create(session_key="s", session_data="x", expire_date=timezone.now() + timedelta(days=1))
    assert put_new("secret.key", "it was read by others").sessions_ended == 1
    assert not Session.objects.exists()


def test_with_expunge_key_subjects_are_marked_again_and_what_is_forgotten_is_counted(
    workspace: Path, tmp_path: Path
) -> None:
    gallery(tmp_path / "pictures")
    item = Item(
        write(scaled(hopper(), 0.8), tmp_path / "again.png"),
        "again.png",
        "https://source.example/again.png",
        "",
        None,
        subject="P-7",
    )
    enrol("g", [item], acting_member=person("admin"))
    BarredPicture.objects.create(mark="m")
    into = Gallery.objects.get()
    known = subject_of(into, "P-7")
    assert known is not None
    (workspace / "keys" / "expunge.key").unlink()
    done = put_new("expunge.key", "the disk broke")
    assert (done.subjects_marked, done.pictures_forgotten) == (1, 1)
    again = subject_of(into, "P-7")
    assert again is not None
    assert (again.pk, again.mark) != (known.pk, known.mark)
    assert again.pk == known.pk
    assert not verify_rows().problems


def test_a_replacement_that_was_killed_before_its_file_is_completed_by_another(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    (workspace / "keys" / "secret.key").unlink()
    with monkeypatch.context() as patch:
        patch.setattr("plainview.casework.upkeep.replace.replace_file", killed)
        with pytest.raises(KeyboardInterrupt):
            put_new("secret.key", "the disk broke")
    with pytest.raises(Refused):
        require_keys()
    put_new("secret.key", "the disk broke")
    require_keys()


@pytest.mark.parametrize("name", ["blobs.key", "log.key", "log.first.pub", "../secret.key", ""])
def test_no_other_key_is_replaced(workspace: Path, name: str) -> None:
    with pytest.raises(Refused, match=r"keys\.not_replaceable"):
        replace_key(name, "lost")


def test_a_reason_is_needed_and_what_bars_pictures_is_not_given_up_while_it_is_there(workspace: Path) -> None:
    with pytest.raises(Refused, match=r"keys\.reason"):
        replace_key("secret.key", " ")
    with pytest.raises(Refused, match=r"keys\.in_place"):
        replace_key("expunge.key", "to be safe")
    (workspace / "keys" / "expunge.key").write_bytes(secrets.token_bytes(32))
    services.cache_clear()
    assert put_new("expunge.key", "the file was overwritten").key == "expunge.key"
