"""Pictures in a bucket of a real server: moved there and back, enrolled, searched, erased, backed up, sealed with a new key."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contract.test_storage_contract import LOOPBACK, S3Harness, swift
from tests.factories.swift_server import KEY, SECRET, SwiftServer
from tests.integration.conftest import ADMIN, Cli
from tests.integration.test_postgresql import gallery, listed

__all__ = ["swift"]
pytestmark = [pytest.mark.slow, *LOOPBACK]


@pytest.fixture
def bucket(cli: Cli, swift: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> S3Harness:
    """An empty bucket that the workspace's settings can name."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    settings = cli.home / "workspace.toml"
    settings.write_text(settings.read_text() + f'\n[s3]\nendpoint = "{swift.url}"\n')
    return S3Harness(cli.home)


def test_pictures_move_and_everything_that_uses_them_works_there(
    cli: Cli, tmp_path: Path, bucket: S3Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = gallery(cli, tmp_path)
    before = listed(cli, image)
    where = f"s3://{bucket.bucket.name}/agency"
    moved = cli.json("move-workspace", "--blobs", where)["pictures"]
    assert moved["pictures"] == len(bucket.kept()) > 0
    assert not [path for path in (cli.home / "blobs").rglob("*") if path.is_file()]
    assert listed(cli, image) == before
    assert len(bucket.kept()) >= moved["pictures"]
    cli.run("keys", "rotate", "--reason", "a test of the rotation of keys")
    assert listed(cli, image) == before
    backup = tmp_path / "backup.age"
    cli.run("backup", backup)
    assert cli.json("backups", "rehearse", backup)["ok"]
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "is not set" in cli.run("doctor", code=1).stdout
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    cli.run("expunge", before[0][0], "--reason", "the person was found innocent", "--as", ADMIN)
    cli.run("move-workspace", "--blobs", "folder")
    assert bucket.kept() == {}
    assert cli.json("audit", "verify")["ok"]
    assert "blobs =" not in (cli.home / "workspace.toml").read_text()
