"""A sample workspace a test, run through the real command line, each command a process of its own (tests.factories.forks)."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest
from tests.factories import forks
from tests.factories.models import collins, hopper, scaled

ADMIN, EXAMINER = "admin@agency.example", "examiner@agency.example"
ASKED = ("--case", "C-1", "--purpose", "find the rider", "--gallery", "g")
"""What a search of the sample workspace states."""


@dataclass
class Cli:
    """Runs `plainview` on one workspace."""

    home: Path

    def run(self, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = forks.run(self.home, arguments, timeout=120)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def search(self, image: Path, *extra: str, code: int = 0) -> dict[str, Any]:
        return self.json("search", image, *ASKED, "--as", EXAMINER, *extra, code=code)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample workspace with an empty gallery g and case C-1; copied for each test."""
    home = tmp_path_factory.mktemp("made") / "workspace"
    cli = Cli(home)
    cli.run("init", "--sample")
    cli.run(
        "gallery",
        "create",
        "g",
        "--basis",
        "law",
        "--source",
        "tests",
        "--expires",
        "2999-01-01",
        "--as",
        ADMIN,
    )
    cli.run("case", "open", "C-1", "--offence", "robbery", "--as", EXAMINER)
    return home


@pytest.fixture
def cli(made: Path, tmp_path: Path) -> Cli:
    home = tmp_path / "workspace"
    shutil.copytree(made, home)
    return Cli(home)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two public-domain portraits."""
    folder = tmp_path_factory.mktemp("photographs")
    cv2.imwrite(str(folder / "collins.png"), collins().pixels)
    cv2.imwrite(str(folder / "hopper.png"), hopper().pixels)
    return folder


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small, recompressed copy of the Collins portrait."""
    path = tmp_path_factory.mktemp("probe") / "probe.jpg"
    cv2.imwrite(str(path), scaled(collins(), 0.5).pixels, [cv2.IMWRITE_JPEG_QUALITY, 60])
    return path
