"""The workspace of schema 0001 that is kept: what every later version must be able to upgrade.

It was made by `plainview init --sample` of that version, and a walked path: five references of two portraits in the public
domain (another expunged), a case, a search, its examination and blind verification, a lead, an alert that was raised, a
report, an invitation, a reset code and a token.
"""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

PACKED = Path(__file__).parents[1] / "data" / "workspace-0001.tar.xz"

ENTRIES, ROOT = 36, "adaa35793e314acf5d953831357cd9f97c0f25c96ffced6b567ea3b3f61a707f"
"""The size of its log, and its root."""

INVITATION = "lUAdpPXyFOUvaqznEXcB-A"
"""The code of third@agency.example, which nobody has used."""


def untar(folder: Path) -> None:
    """Unpack what is packed into a folder."""
    with tarfile.open(PACKED) as tar:
        if hasattr(tarfile, "tar_filter"):
            tar.extractall(folder, filter="tar")
        else:  # Debian 12's own Python, 3.11.2
            tar.extractall(folder)  # noqa: S202  our own file


def unpack(place: Path) -> Path:
    """Unpack it; `place` is its folder."""
    place.parent.mkdir(parents=True, exist_ok=True)
    untar(place.parent / ".unpacked")
    (place.parent / ".unpacked" / "workspace").rename(place)
    (place.parent / ".unpacked").rmdir()
    return place


def content(home: Path) -> dict[str, bytes]:
    """Return every file of a workspace, and its database as text, to see that nothing was changed."""
    files = {str(path.relative_to(home)): path for path in sorted(home.rglob("*")) if path.is_file()}
    with closing(sqlite3.connect(home / "plainview.sqlite3")) as database:
        dump = "\n".join(database.iterdump()).encode()
    # The bytes of the database's own file also say how it was opened last.
    return {name: path.read_bytes() for name, path in files.items() if "sqlite3" not in name} | {"database": dump}
