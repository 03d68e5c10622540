"""The wheel is the whole package: every file of it, and nothing of the tests, tools or papers beside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMIT = "plainview/cli/_commit.py"
"""What the build adds: the commit that `plainview --version` names."""


def test_the_wheel_holds_every_file_of_the_package_and_no_other(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("plainview-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        commit = archive.read(COMMIT).decode()
    files = (path for path in (ROOT / "src/plainview").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert packed == {path.relative_to(ROOT / "src").as_posix() for path in files} | {COMMIT}
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    assert subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip() in commit
    assert "plainview/py.typed" in packed
    for kind in ("web/templates", "web/static", "casework/migrations"):
        assert any(name.startswith(f"plainview/{kind}/") for name in packed)
