"""A change of the log's key, cut short at every point: the log still publishes and verifies."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from plainview.audit.logfile import LogFolder
from plainview.casework.log import rotation
from plainview.casework.log.read import keys_of_log, verify_log
from plainview.casework.log.write import publish, write_entry
from plainview.casework.models import LogKey
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


def write_one() -> None:
    with transaction.atomic():
        write_entry("test.done", {}, acting_member=None)


def fresh_process() -> None:
    services.cache_clear()


def sound() -> bool:
    report = verify_log()
    assert report.ok, report.problems
    return True


def test_a_new_key_signs_and_the_old_one_is_gone(workspace: Path) -> None:
    old = (workspace / "keys" / "log.key").read_bytes()
    first = services().signer.verifier.text
    for _ in range(2):
        _, vkey = rotation.rotate_key("left the service")
        write_one()
        fresh_process()
        write_one()
        assert services().signer.verifier.text == vkey
        assert sound()
    assert keys_of_log()[0].text == first
    assert len(keys_of_log()) == 3
    assert (workspace / "audit" / "key.pub").read_text() == first + "\n"
    assert all(old not in file.read_bytes() for file in workspace.rglob("*") if file.is_file())
    assert not (workspace / "keys" / "log.key.next").exists()


def test_a_reason_is_needed(workspace: Path) -> None:
    with pytest.raises(Refused, match=r"log\.reason_missing"):
        rotation.rotate_key(" ")


POINTS = {
    "before the first key is kept": (rotation, "replace_file", 0, False),
    "before the new key is durable": (rotation, "replace_file", 1, False),
    "before the entry": (rotation, "write_entry", 0, False),
    "after the entry, before the commit": (LogKey.objects, "create", 0, False),
    "after the commit, before it is published": (LogFolder, "publish", 0, True),
    "after it is published": (LogFolder, "sync", 0, True),
    "before the new key is in place": (rotation, "finish_rotation", 1, True),
    "after the new key is in place": (rotation, "sync_folder", 0, True),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_leaves_a_log_that_publishes_and_verifies(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    where, name, calls, rotated = POINTS[point]
    real = getattr(where, name)
    count = iter(range(100))

    def killed(*args: Any, **kwargs: Any) -> Any:
        if next(count) == calls:
            raise Killed
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(where, name, killed)
        with pytest.raises(Killed):
            rotation.rotate_key("drill")
    assert LogKey.objects.count() == int(rotated)
    fresh_process()
    write_one()
    assert sound()
    rotation.rotate_key("again")
    write_one()
    fresh_process()
    write_one()
    assert sound()
    assert LogKey.objects.count() == 1 + int(rotated)


def test_a_process_that_still_holds_the_old_key_signs_with_the_new_one(workspace: Path) -> None:
    held = services().signer
    rotation.rotate_key("drill")
    services().signer = held
    write_one()
    assert sound()


def test_the_public_copy_can_be_made_again_without_the_old_key(workspace: Path) -> None:
    rotation.rotate_key("drill")
    write_one()
    fresh_process()
    shutil.rmtree(workspace / "audit")
    publish()
    assert sound()


def test_without_the_key_in_force_nothing_is_published_unsigned(workspace: Path) -> None:
    from plainview.audit.logfile import LogFolderError

    old = (workspace / "keys" / "log.key").read_bytes()
    rotation.rotate_key("drill")
    (workspace / "keys" / "log.key").write_bytes(old)
    fresh_process()
    with pytest.raises(LogFolderError, match="not in the workspace"):
        write_one()


def test_a_full_disk_is_one_clear_refusal_and_mended_later(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from plainview.audit import logfile
    from plainview.audit.logfile import LogFolderError

    def full(file: int, data: bytes) -> None:
        if data:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(logfile, "_write", full)
        with pytest.raises(LogFolderError, match="No space left on device"):
            write_one()
    write_one()
    assert sound()
