"""The site is built without a warning, and a page of it loads nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
_LOADED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?([^"'\s>]+)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    outside = {
        address
        for page in pages
        for address in _LOADED.findall(page.read_text("utf-8"))
        if "//" in address.split("?")[0]
    }
    assert outside == set()


def test_the_style_sheets_load_nothing_from_elsewhere(site: Path) -> None:
    sheets = sorted(site.rglob("*.css"))
    assert sheets
    assert [sheet.name for sheet in sheets if re.search(r"url\(\s*[\"']?(https?:)?//", sheet.read_text("utf-8"))] == []


def test_the_pictures_are_light() -> None:
    pictures = sorted((ROOT / "docs").rglob("*.webp"))
    assert len(pictures) == 6
    assert sum(picture.stat().st_size for picture in pictures) < 600_000
    assert [path for path in (ROOT / "docs").rglob("*") if path.suffix in {".png", ".jpg"}] == []
