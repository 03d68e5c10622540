"""Files that a person asked for: whole under their name, or not there at all, and readable by their owner alone.

Owns how every command writes a file or a folder, and the words when it cannot. It must never leave half of one behind, and
never write over a file that the person did not say may be replaced.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from plainview.storage.base import StorageError

PRIVATE, PRIVATE_FOLDER = 0o600, 0o700

_WORDS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or choose a place on another disk."),
    errno.EDQUOT: ("the quota of the disk is used up", "Free some space, or choose a place on another disk."),
    errno.EFBIG: ("the file is larger than the disk allows", "Choose a place on another disk."),
    errno.EROFS: ("the disk is mounted read-only", "Choose a place that can be written to."),
    errno.EACCES: (
        "you may not write there",
        "Check who owns the folder and its permissions, or choose another place.",
    ),
    errno.EPERM: ("you may not write there", "Check who owns the folder and its permissions, or choose another place."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name."),
    errno.EIO: ("the disk reports an error", "Choose a place on another disk."),
}


class OutputError(StorageError):
    """A file that could not be written; nothing of it is left."""


@contextmanager
def output(path: Path, *, replace: bool = False, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Open a file beside `path` for writing and reading; when the block ends well, it becomes `path`.

    An act that records that it wrote the file calls `settle` before its transaction ends, so that a full disk shows first.

    Args:
        path: where the file goes; a device or pipe is written to directly.
        replace: a file that is there may be replaced.
        mode: permissions of the file.

    Raises:
        OutputError: it exists, its folder does not, or the disk refuses; nothing is left behind.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with _explained(path), path.open("wb") as device:
            yield device
        return
    _require_place(path, replace=replace)
    with _explained(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
    part = Path(name)
    try:
        with _explained(path, writing=True), os.fdopen(descriptor, "w+b") as file:
            yield file
            settle(file)
        with _explained(path):
            part.chmod(mode)
            _take_the_name(part, path, replace=replace)
    finally:
        part.unlink(missing_ok=True)
    _sync(path.parent)


def settle(file: BinaryIO) -> None:
    """Bring what was written to the disk.

    Raises:
        OSError: the disk refused; `output` gives the words.
    """
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a pipe or a device has no disk
            raise


def put(file: BinaryIO, data: bytes) -> None:
    """Write the whole content of a file, on the disk before this returns."""
    file.write(data)
    settle(file)


def write_file(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a file; see `output`."""
    with output(path, replace=replace) as file:
        file.write(data)


@contextmanager
def output_folder(path: Path, *, mode: int = PRIVATE_FOLDER) -> Iterator[Path]:
    """Yield an empty folder beside `path`; when the block ends well, it becomes `path`.

    Raises:
        OutputError: it exists, the folder above it does not, or the disk refuses; nothing is left behind.
    """
    _require_place(path, replace=False)
    with _explained(path):
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part"))
    try:
        with _explained(path, writing=True):
            yield part
            settle_folder(part)
            part.chmod(mode)
            part.rename(path)
    except OutputError as error:  # of a file in it: nobody knows the folder that is beside
        raise OutputError(error.why.replace(str(part), str(path)), error.next_step) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _sync(path.parent)


def settle_folder(part: Path) -> None:
    """Bring every file of a folder that is being written to the disk."""
    for written in part.rglob("*"):
        if written.is_file():
            with written.open("rb") as file:
                settle(file)


def replace_files(folder: Path, files: Mapping[str, bytes], *, mode: int) -> None:
    """Write files into a folder, which is made if missing: all are on the disk before the first takes its name.

    Args:
        folder: an earlier version may be in it.
        files: path in the folder -> content; they take their names in this order.
        mode: permissions of the files.

    Raises:
        OutputError: the disk refuses; the earlier version is still there.
    """
    parts: list[tuple[Path, Path]] = []
    try:
        with _explained(folder):
            for name, data in files.items():
                path = folder / name
                path.parent.mkdir(PRIVATE_FOLDER if mode == PRIVATE else 0o755, parents=True, exist_ok=True)
                descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
                parts.append((Path(part), path))
                with os.fdopen(descriptor, "wb") as file:
                    put(file, data)
                Path(part).chmod(mode)
            for written, path in parts:
                written.replace(path)
    finally:
        for written, _ in parts:
            written.unlink(missing_ok=True)
    _sync(folder)


def _require_place(path: Path, *, replace: bool) -> None:
    folder = path.parent
    if path.is_dir():
        raise OutputError(f"{path} is a folder.", "Name a new file or folder.")
    if os.path.lexists(path) and not replace:
        raise OutputError(f"{path} already exists.", "Name a new one.")
    if not folder.is_dir():
        kind = "is not a folder" if folder.exists() else "does not exist"
        raise OutputError(
            f"{path} cannot be written: the folder {folder} {kind}.", "Create it, or choose another place."
        )


def _take_the_name(part: Path, path: Path, *, replace: bool) -> None:
    if replace:
        part.replace(path)
        return
    try:
        os.link(part, path)  # fails if somebody has made a file of that name meanwhile
    except FileExistsError:
        raise OutputError(f"{path} already exists.", "Name a new one.") from None
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise OutputError(f"{path} already exists.", "Name a new one.") from None
        part.rename(path)


@contextmanager
def _explained(path: Path, *, writing: bool = False) -> Iterator[None]:
    """Give the words for what the operating system refuses about this file; other errors pass.

    Args:
        path: the file.
        writing: it is open; a permission that is missing is that of something else.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno not in _WORDS or (writing and error.errno in (errno.EACCES, errno.EPERM)):
            raise
        why, next_step = _WORDS[error.errno]
        raise OutputError(f"{path} was not written: {why}.", next_step) from error


def _sync(path: Path) -> None:
    """Bring a file's content or a folder's listing to the disk, where the file system knows that."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
