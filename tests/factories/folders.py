"""Folders of tests, copied and removed: shutil asks for each file's times, owner and attributes, which takes most of the time.

Only what these folders have is copied: plain files, and folders, each with its permissions.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def copy_tree(source: Path, target: Path, *, without: Path | None = None) -> None:
    """Copy what is in a folder into another one, which may exist; leave out the folder `without`.

    A link, or anything else that is no file and no folder, is copied as `shutil.copytree` does it.
    """
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.mkdir(target)  # noqa: PTH102  these run for 300 folders a test: a Path for each would cost more than the copy
        os.chmod(target, source.stat().st_mode & 0o7777)  # noqa: PTH101
    _copy(str(source), str(target), None if without is None else str(without))


def _copy(source: str, target: str, without: str | None) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            place = f"{target}/{entry.name}"
            if entry.is_symlink():
                shutil.copy2(entry.path, place, follow_symlinks=True)
            elif entry.is_dir():
                if entry.path != without:
                    mode = entry.stat().st_mode & 0o7777
                    try:
                        os.mkdir(place, mode)  # noqa: PTH102
                    except FileExistsError:
                        os.chmod(place, mode)  # noqa: PTH101
                    _copy(entry.path, place, without)
            else:
                _copy_file(entry, place)


def _copy_file(entry: os.DirEntry[str], place: str) -> None:
    status = entry.stat()
    old = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        new = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            left = status.st_size
            while left and (sent := os.sendfile(new, old, None, left)):
                left -= sent
            os.fchmod(new, status.st_mode & 0o7777)
            os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(new)
    finally:
        os.close(old)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all that is in it."""
    _remove(str(folder))


def _remove(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)  # noqa: PTH108
    os.rmdir(folder)  # noqa: PTH106


def written_files(folder: Path | str) -> Iterator[tuple[str, int, int]]:
    """Yield the path of each file, its size in bytes, and when it was written, in nanoseconds."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from written_files(entry.path)
            else:
                status = entry.stat(follow_symlinks=False)
                yield entry.path, status.st_size, status.st_mtime_ns
