"""A sample workspace whose gallery g has one canary."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.canaries import BASIS
from tests.factories.models import hopper, scaled
from tests.factories.work import case, gallery, person, write

from plainview.casework.canaries.manage import add_canary
from plainview.casework.models import Canary


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two renderings of Grace Hopper, neither of them the gallery's."""
    return write(scaled(hopper(), 0.7), tmp_path / "kept.png"), write(scaled(hopper(), 0.5), tmp_path / "asked.png")


@pytest.fixture
def canary(workspace: Path, tmp_path: Path, pair: tuple[Path, Path]) -> Canary:
    gallery(tmp_path / "pictures")
    case()
    return add_canary("g", *pair, basis=BASIS, acting_member=person("admin"))
