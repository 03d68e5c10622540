"""The files of a folder, and reading one of them: never through a link that leads out of the folder.

Owns the walk. It must never end a run because of one entry: a link that leads elsewhere, or in a circle, is one failure.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plainview.casework.enrolment.items import Unusable
from plainview.policy.decision import Refused
from plainview.recognition.decode import read_file
from plainview.tables.names import by_itself

OUTSIDE = "outside"
"""Code of a picture that is outside the folder from which is enrolled."""


def walk(folder: Path, *, outside: bool = False, deep: bool = True) -> Iterator[tuple[Path, str]]:
    """Yield every file below the folder except those that a computer made by itself, in order of name; one folder's names are in memory.

    Args:
        folder: where to begin.
        outside: follow links that lead out of the folder, each folder once.
        deep: the folders in it too.

    Yields:
        The path, and why it cannot be enrolled, or "".

    Raises:
        Refused: enrol.unreadable.
    """
    root = Path(os.path.realpath(folder))
    visited = {_identity(root)}
    waiting: list[Iterator[Path]] = [_entries(folder)]
    while waiting:
        path = next(waiting[-1], None)
        if path is None:
            waiting.pop()
            continue
        kind, trouble = _kind(path, root, outside=outside)
        if kind == "folder":
            if not deep:
                continue
            identity = _identity(path)
            if identity not in visited:
                visited.add(identity)
                waiting.append(_entries(path))
        elif kind:
            yield path, trouble


def _entries(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if not by_itself(name))  # noqa: PTH208  a path for each costs
    except OSError as error:
        raise Refused(
            "enrol.unreadable",
            "Enrolment stopped",
            f"The folder {os.fsencode(folder).decode('utf-8', 'backslashreplace')} cannot be read: {error.strerror}.",
            "Make the folder readable and enrol again. What has been enrolled is kept.",
        ) from None
    return (folder / name for name in names)


def _kind(path: Path, root: Path, *, outside: bool) -> tuple[str, str]:
    """Return "file", "folder" or "" for what is neither, and why a file cannot be enrolled."""
    try:
        own = path.lstat()
        target = path.stat() if stat.S_ISLNK(own.st_mode) else own
    except OSError:  # gone, in a circle, or a link to nothing
        return "file", "it is a link that leads nowhere or in a circle"
    is_link = stat.S_ISLNK(own.st_mode)
    if stat.S_ISDIR(target.st_mode):
        if is_link and not outside:
            return "file", "it is a link to a folder, and links to folders are not followed"
        return "folder", ""
    if not stat.S_ISREG(target.st_mode):
        return "", ""
    if is_link and not outside and not Path(os.path.realpath(path)).is_relative_to(root):
        return "file", "it is a link that leads out of the folder"
    return "file", ""


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class Beneath:
    """Reads a file; refuses it if it is not below `root` at the moment when it is opened."""

    path: Path
    root: Path

    def __call__(self) -> bytes:
        """Return the bytes.

        Raises:
            BadMedia: the file cannot be read.
            Unusable: outside.
        """
        try:
            fd = os.open(self.path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return read_file(self.path)  # which says why
        try:
            own, root = f"/proc/self/fd/{fd}", os.path.realpath(self.root)
            if not os.path.join(os.readlink(own), "").startswith(os.path.join(root, "")):  # noqa: PTH115, PTH118  quick
                raise Unusable(
                    OUTSIDE,
                    "It is outside the folder, and nothing outside the folder is enrolled. Copy the picture into the folder.",
                )
            return read_file(Path(own))
        finally:
            os.close(fd)
