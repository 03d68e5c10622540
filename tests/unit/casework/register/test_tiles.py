"""The log as tiles beside the register: hashes for anyone, entries for nobody unless they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plainview.audit.checkpoint import parse
from plainview.audit.logfile import LOG_NAME
from plainview.audit.tiles import read_entries
from plainview.audit.watch_tiles import visit_tiles
from plainview.casework.log.read import newest_entry
from plainview.casework.log.reviews import heartbeat
from plainview.casework.log.rotation import rotate_key
from plainview.casework.models import LogEntry
from plainview.casework.register.tiles import publish_tiles, write_tiles
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.recheck.published import reader


def watched(
    folder: Path, state: Path, *, entries: bool = False, key: str | None = None
) -> tuple[list[str], int | None]:
    key = key or services().first_key.text
    alarms, size = visit_tiles(reader(str(folder)), state, now=datetime.now(UTC), key=key, entries=entries)
    return [alarm.kind for alarm in alarms], size


def grow(count: int) -> None:
    for _ in range(count):
        heartbeat(timedelta())


def test_anyone_follows_the_log_from_its_hashes_alone(workspace: Path, tmp_path: Path) -> None:
    folder, state = tmp_path / "log", tmp_path / "state"
    for more in (0, 3, 260, 5):
        grow(more)
        size = write_tiles(folder)
        assert size == newest_entry() + 1
        assert watched(folder, state) == ([], size)
    assert not list(folder.rglob("entries"))
    assert not (folder / "tile" / "0" / "000.p").exists(), "the partial tiles of a full one are gone"
    assert (folder / "checkpoint").stat().st_mode & 0o777 == 0o644
    published = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b'"action"' not in published


def test_a_full_tile_is_never_written_again(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    grow(256)
    write_tiles(folder)
    tile = folder / "tile" / "0" / "000"
    before = tile.stat().st_ino
    grow(1)
    write_tiles(folder)
    assert tile.stat().st_ino == before


def test_entries_are_written_for_who_asks_and_are_those_of_the_copy(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    size = write_tiles(folder, entries=True)
    assert watched(folder, tmp_path / "state", entries=True) == ([], size)
    whole = [bytes(entry) for entry in LogEntry.objects.order_by("seq").values_list("canonical", flat=True)]
    assert list(read_entries(reader(str(folder)), 0, size)) == whole
    assert all(entry in (workspace / "audit" / LOG_NAME).read_bytes() for entry in whole)
    assert all(path.stat().st_mode & 0o77 == 0 for path in folder.rglob("*") if path.is_file())


def test_after_a_change_of_key_the_new_key_is_needed_and_the_history_is_the_same(
    workspace: Path, tmp_path: Path
) -> None:
    folder, state = tmp_path / "log", tmp_path / "state"
    write_tiles(folder)
    watched(folder, state)
    _, vkey = rotate_key("the operator changes")
    grow(1)
    size = write_tiles(folder)
    assert watched(folder, state)[0] == ["damaged"]
    assert watched(folder, state, key=vkey) == ([], size)


def test_a_folder_of_other_things_or_of_more_of_the_log_is_refused(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    write_tiles(folder)
    note = (folder / "checkpoint").read_text()
    (folder / "checkpoint").write_text(services().signer.sign(10_000, bytes(32)))
    with pytest.raises(Refused, match=r"tiles\.folder"):
        write_tiles(folder)
    (folder / "checkpoint").write_text(note.replace(services().origin, "other.example/log"))
    with pytest.raises(Refused, match=r"tiles\.folder"):
        write_tiles(folder)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    with pytest.raises(Refused, match=r"tiles\.folder"):
        write_tiles(tmp_path / "photos")


def test_the_worker_brings_the_folder_of_the_setting_up_to_date(workspace: Path, tmp_path: Path) -> None:
    assert publish_tiles() is None
    settings = workspace / "workspace.toml"
    settings.write_text(f'log_folder = "{tmp_path / "site" / "log"}"\n{settings.read_text()}')
    assert publish_tiles() == newest_entry() + 1
    note = (tmp_path / "site" / "log" / "checkpoint").read_text()
    assert parse(note).size == newest_entry() + 1
