"""Writes the commit that a wheel or a source archive is built from into it: an installed Plainview can then say it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACE = "plainview/cli/_commit.py"


class CommitHook(BuildHookInterface):  # type: ignore[misc]
    """Adds one file; does nothing for an editable install, or where the sources have the file or no git."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file to the build."""
        root = Path(self.root)
        if version == "editable" or (root / "src" / PLACE).exists() or not (root / ".git").exists():
            return
        asked = ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  git's own
        if done.returncode != 0:
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name, "_commit.py")
        text = '"""The commit that this Plainview was built from."""\n\n'
        file.write_text(f'{text}COMMIT = "{done.stdout.strip()}"\n', "utf-8")
        build_data["force_include"][str(file)] = f"src/{PLACE}" if self.target_name == "sdist" else PLACE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written beside the sources."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
