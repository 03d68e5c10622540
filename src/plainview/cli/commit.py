"""The version with its commit: of a checkout from git, of a wheel from the file that its build wrote.

Owns finding the commit. It must never fail, nor ask anything but this checkout.
"""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path

from plainview import __version__

UNKNOWN = "unknown"


def commit() -> str:
    """Return the commit that this Plainview was made from, short; "unknown" if nothing says."""
    try:
        return str(import_module("plainview.cli._commit").COMMIT)
    except ImportError:
        return _of_checkout(Path(__file__).parents[3])


def _of_checkout(root: Path) -> str:
    if not (root / ".git").exists():
        return UNKNOWN
    try:
        asked = ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603  git's own
    except (OSError, subprocess.TimeoutExpired):
        return UNKNOWN
    return done.stdout.strip() if done.returncode == 0 else UNKNOWN


def full() -> str:
    """Return the version and the commit, such as "0.1.0 (commit 1a2b3c4d5e6f)"."""
    return f"{__version__} (commit {commit()})"
