"""A full disk and a read-only one: one clear line, nothing half-written, and the same command goes on afterwards."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import ADMIN, EXAMINER, Cli


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB in memory; needs the right to mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or not _done([mount, "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]):
        pytest.skip("mounting a file system is not permitted here")
    try:
        yield place
    finally:
        _done(["umount", "--lazy", str(place)])


def _done(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def on_disk(made: Path, small_disk: Path) -> Cli:
    shutil.copytree(made, small_disk / "workspace")
    return Cli(small_disk / "workspace")


@pytest.fixture
def many(photographs: Path, tmp_path: Path) -> Path:
    """More pictures than the disk holds: bytes after the end of a PNG make another file of the same picture."""
    folder = tmp_path / "many"
    folder.mkdir()
    source = (photographs / "collins.png").read_bytes()
    for i in range(20):
        (folder / f"{i:02}.png").write_bytes(source + str(i).encode())
    return folder


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def held(cli: Cli) -> int:
    with sqlite3.connect(cli.home / "plainview.sqlite3") as database:
        (count,) = database.execute("select count(*) from reference").fetchone()
        (changes,) = database.execute("select count(*) from gallery_change").fetchone()
    database.close()
    assert count == changes
    return int(count)


@pytest.mark.long
def test_a_full_disk_is_one_clear_line_and_nothing_is_half_written(on_disk: Cli, many: Path, photographs: Path) -> None:
    full = on_disk.run("enrol", "g", many, "--as", ADMIN, code=1)
    assert len(full.stderr.strip().splitlines()) == 1
    assert "no room" in full.stderr or "disk is full" in full.stderr
    assert held(on_disk) == 0
    assert list((on_disk.home / "blobs" / "tmp").iterdir()) == []
    for blob in (on_disk.home / "blobs").glob("*/*"):
        blob.unlink()  # somebody frees space
    assert on_disk.json("audit", "verify")["ok"]
    assert on_disk.json("enrol", "g", photographs, "--as", ADMIN)["enrolled"] == 2
    filler = on_disk.home.parent / "filler"
    with pytest.raises(OSError, match="No space"):
        _fill(filler)
    refused = on_disk.run("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER, code=1)
    assert len(refused.stderr.strip().splitlines()) == 1
    filler.unlink()
    on_disk.run("case", "open", "C-2", "--offence", "robbery", "--as", EXAMINER)
    assert on_disk.json("audit", "verify")["ok"]
    assert held(on_disk) == 2


def test_a_read_only_disk_is_one_clear_line(on_disk: Cli, photographs: Path, tmp_path: Path) -> None:
    disk = str(on_disk.home.parent)
    before = sorted((path, path.stat().st_size) for path in on_disk.home.rglob("*"))
    assert _done(["mount", "-o", "remount,ro", disk])
    for command in (
        ["enrol", "g", photographs, "--as", ADMIN],
        ["expunge", "RNONE", "--reason", "by order of the court", "--as", ADMIN],
        ["backup", tmp_path / "backup"],
    ):
        refused = on_disk.run(*command, code=1)
        assert len(refused.stderr.strip().splitlines()) == 1
        assert "read-only" in refused.stderr.lower()
    assert not (tmp_path / "backup").exists()
    assert _done(["mount", "-o", "remount,rw", disk])
    assert sorted((path, path.stat().st_size) for path in on_disk.home.rglob("*")) == before
    assert on_disk.json("enrol", "g", photographs, "--as", ADMIN)["enrolled"] == 2


def test_a_backup_that_does_not_fit_leaves_no_file(cli: Cli, photographs: Path, small_disk: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", ADMIN)
    (small_disk / "filler").write_bytes(bytes(5 << 20))
    full = cli.run("backup", small_disk / "backup", code=1)
    assert "backup.space" in full.stderr
    assert "MiB free" in full.stderr
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
    assert not list(cli.home.glob(".backup-*"))
    assert cli.json("audit", "verify")["ok"]
