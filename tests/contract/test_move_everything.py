"""One command moves records, pictures and indexes to real servers (PostgreSQL, Swift by S3, Ray), and one brings them back."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import boto3
import pytest
from tests.factories.postgresql_server import PostgresqlServer
from tests.factories.ray_cluster import RayCluster
from tests.factories.swift_server import KEY, SECRET, SwiftServer
from tests.integration.conftest import ADMIN, EXAMINER, Cli

from plainview.cli.bench.common import varied

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra `cluster` is missing: `make test-ray` installs it"),
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

PICTURES = 50  # so that fifty lists are compared


@pytest.fixture
def servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[PostgresqlServer, SwiftServer, RayCluster]]:
    """All three, empty, with the bucket `pictures`; what a process needs to reach them is in its environment."""
    place = Path(tempfile.mkdtemp(prefix="pv"))  # where PostgreSQL's own user may go, and short: it names sockets
    place.chmod(0o755)
    postgresql, swift, ray = PostgresqlServer(place / "pg"), SwiftServer(tmp_path / "swift"), RayCluster(place / "r")
    running: list[PostgresqlServer | SwiftServer | RayCluster] = []
    try:
        for server in (postgresql, swift, ray):
            server.start()
            running.append(server)
        postgresql.sql("CREATE DATABASE plainview")
        client = boto3.client(
            "s3", endpoint_url=swift.url, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
        )
        client.create_bucket(Bucket="pictures")
        for name, value in {**ray.environment, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}.items():
            monkeypatch.setenv(name, value)
        yield postgresql, swift, ray
    finally:
        for server in reversed(running):
            server.stop()
        shutil.rmtree(place, ignore_errors=True)


def test_everything_moves_to_a_cluster_and_back_with_the_same_lists_log_and_counts(
    servers: tuple[PostgresqlServer, SwiftServer, RayCluster], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql, swift, ray = servers
    cli = Cli(tmp_path / "workspace")
    cli.run("init", "--sample")
    cli.run("gallery", "create", "g", "--basis", "law", "--source", "tests", "--expires", "2999-01-01", "--as", ADMIN)
    cli.run("case", "open", "C-1", "--offence", "robbery", "--as", EXAMINER)
    pictures = varied(tmp_path / "pictures", PICTURES)
    cli.run("enrol", "g", pictures, "--as", ADMIN)
    settings = cli.home / "workspace.toml"
    parts = f'[index]\nray = "{ray.client_address}"\nray_folder = "{ray.folder / "parts"}"\n'
    settings.write_text(f'{settings.read_text()}\n[s3]\nendpoint = "{swift.url}"\n{parts}')
    probes = sorted(pictures.iterdir())[:3]

    def lists() -> list[list[tuple[str, float]]]:
        return [[(row["reference_id"], row["score"]) for row in cli.search(probe)["candidates"]] for probe in probes]

    def stored() -> int:
        return sum(path.is_file() for path in (cli.home / "blobs").rglob("*"))

    before, files = lists(), stored()
    log = cli.json("audit", "verify")
    there = cli.json(
        "move-workspace",
        "--to",
        f"postgres={postgresql.url('plainview')}",
        "--blobs",
        "s3://pictures/here",
        "--index",
        "ray=2",
    )
    monkeypatch.setenv("DATABASE_URL", postgresql.url("plainview"))
    assert there["pictures"]["pictures"] == files
    assert (stored(), (cli.home / "plainview.sqlite3").exists()) == (0, False)
    assert there["records"]["entries"] > log["entries"]  # the entries of the index and of the pictures came before
    [moved] = there["galleries"]
    assert (moved["references"], moved["lists"], moved["agreement"]) == (PICTURES, PICTURES, 1.0)
    assert cli.json("audit", "verify")["ok"]
    assert lists() == before

    back = cli.json("move-workspace", "--to", "folder", "--blobs", "folder", "--index", "folder")
    monkeypatch.delenv("DATABASE_URL")
    # Probes that were searched there are pictures too, each stored once.
    assert back["pictures"]["pictures"] == stored() >= files
    [moved] = back["galleries"]
    assert (moved["references"], moved["lists"], moved["agreement"]) == (PICTURES, PICTURES, 1.0)
    assert back["records"]["rows"] > there["records"]["rows"]
    assert cli.json("audit", "verify")["ok"]
    assert lists() == before
