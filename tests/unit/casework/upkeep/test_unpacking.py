"""A backup file is unpacked whole or refused, whatever bytes it has; no name in it leads out of the new folder."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.factories.first_archives import first_archive

from plainview.casework.upkeep.unpacking import ABOUT, FORMAT, PICTURES, sealer_of, staging, unpack
from plainview.policy.decision import Refused
from plainview.storage.aged import ArchiveDamaged, new_backup_key, recipient_of, small, write_archive
from plainview.storage.base import digest_of
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import Sealer

KEY, BACKUP_KEY = b"k" * 32, new_backup_key()
Archive = Callable[[Path, dict[str, bytes]], Path]
PICTURE = b"picture" * 100
WHOLE = {
    ABOUT: json.dumps({"format": FORMAT, "backup": "b", "made_at": "t"}).encode(),
    "workspace.toml": b"version = 1\n",
    "served": b"",
    "audit/log.jsonl": b"{}\n",
    "database": b"database" * 1000,
    PICTURES + digest_of(PICTURE): PICTURE,
}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "blobs.key").write_bytes(KEY)
    (folder / "backup.age").write_bytes(BACKUP_KEY)
    return folder


def _aged(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    write_archive(file, (small(name, data) for name, data in members.items()), [recipient_of(BACKUP_KEY)])
    return file.getvalue()


@pytest.fixture(params=["age", "first"])
def archive(request: pytest.FixtureRequest) -> Archive:
    """How a backup of these members is written: as today, or as the first version did."""
    pack = _aged if request.param == "age" else lambda members: first_archive(members, sealer_of(KEY))

    def write(path: Path, members: dict[str, bytes]) -> Path:
        path.write_bytes(pack(members))
        return path

    return write


def test_everything_lands_in_its_place_sealed_and_private(archive: Archive, keys: Path, tmp_path: Path) -> None:
    beside = staging(tmp_path / "new")
    seen: list[int] = []
    about = unpack(archive(tmp_path / "b", WHOLE), keys, beside, progress=seen.append)
    assert about["backup"] == "b"
    assert seen == [1]
    assert (beside / "plainview.sqlite3").read_bytes() == WHOLE["database"]
    assert (beside / "audit" / "log.jsonl").read_bytes() == b"{}\n"
    store = LocalBlobStore(beside / "blobs", Sealer(KEY).derive("blobs"))
    assert store.get(digest_of(PICTURE)) == PICTURE
    for path in beside.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/passwd",
        "keys/blobs.key",
        "audit/../../outside",
        "audit/verify.py",
        "pictures/../x",
        "pictures/" + "0" * 63,
        "expunged.jsonl",
        "plainview.sqlite3",
        "",
    ],
)
def test_no_other_name_is_unpacked(archive: Archive, keys: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveDamaged):
        unpack(archive(tmp_path / "b", {**WHOLE, name: b"x"}), keys, tmp_path / "new")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("missing", [ABOUT, "database", "workspace.toml"])
def test_what_is_no_workspace_is_refused(archive: Archive, keys: Path, tmp_path: Path, missing: str) -> None:
    members = {name: data for name, data in WHOLE.items() if name != missing}
    with pytest.raises(ArchiveDamaged):
        unpack(archive(tmp_path / "b", members), keys, tmp_path / "new")


def test_a_picture_under_another_name_is_refused(archive: Archive, keys: Path, tmp_path: Path) -> None:
    members = {**WHOLE, PICTURES + "0" * 64: b"another"}
    with pytest.raises(ArchiveDamaged):
        unpack(archive(tmp_path / "b", members), keys, tmp_path / "new")


def test_another_format_is_refused(archive: Archive, keys: Path, tmp_path: Path) -> None:
    members = {**WHOLE, ABOUT: json.dumps({"format": FORMAT + 1}).encode()}
    with pytest.raises(ArchiveDamaged):
        unpack(archive(tmp_path / "b", members), keys, tmp_path / "new")


def test_any_cut_is_refused(archive: Archive, keys: Path, tmp_path: Path) -> None:
    whole = archive(tmp_path / "b", WHOLE).read_bytes()
    for i, end in enumerate((0, 20, 53, len(whole) // 2, len(whole) - 1)):
        (tmp_path / "b").write_bytes(whole[:end])
        with pytest.raises(ArchiveDamaged):
            unpack(tmp_path / "b", keys, tmp_path / f"new{i}")


def test_places_and_keys_that_are_not_there(keys: Path, tmp_path: Path) -> None:
    for run, rule in (
        (lambda: unpack(tmp_path / "none", keys, tmp_path / "new"), "restore.file"),
        (lambda: unpack(tmp_path / "none", tmp_path / "none", tmp_path / "new2"), "restore.keys"),
        (lambda: staging(keys), "restore.exists"),
    ):
        with pytest.raises(Refused) as caught:
            run()
        assert caught.value.rule_id == rule
    (tmp_path / "empty").mkdir()
    staging(tmp_path / "empty")
