"""Unpacking a backup file into the folder of an unused workspace, under another name that is then changed.

Owns which names of an archive go where; any other name is refused. It must never overwrite anything, nor leave a
half-restored folder under the final name. No Django here: the database is only opened once it is in place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from plainview.casework.workspace.folder import BACKUP_KEY, Workspace
from plainview.policy.decision import Refused
from plainview.recognition.foreign import foreign, reason
from plainview.storage import aged, first_archive
from plainview.storage.aged import ArchiveDamaged
from plainview.storage.base import digest_of
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import Sealer

if TYPE_CHECKING:
    from _typeshed import SupportsRead

FORMAT = 1
ABOUT, DATABASE, PICTURES = "backup.json", "database", "pictures/"
PLAIN_FILES = ("workspace.toml", "witnesses", "served")
"""Files of the workspace that are neither keys nor data; `served` is of versions before the log said it."""
LOG_FILES = ("key.pub", "log.jsonl", "checkpoints", "cosignatures")

_PICTURE = re.compile(rf"{PICTURES}([0-9a-f]{{64}})")
_SPARE = 64 << 20  # bytes that a restore leaves free
_AT_ONCE = 64 << 20  # bytes of pictures that are written together


def sealer_of(key: bytes) -> Sealer:
    """Return the sealer of the first version's backups, from the content of `blobs.key`."""
    return Sealer(key).derive("backups")


def staging(place: Path) -> Path:
    """Return the folder where a workspace is assembled before it gets its name.

    Raises:
        Refused: restore.exists.
    """
    beside = place.with_name(f".{place.name}.restoring")
    for path in (place, beside):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise Refused(
                "restore.exists",
                "Nothing restored",
                f"{path} exists and is not an empty folder.",
                "Choose a new folder: a restore never overwrites one. You may remove what an interrupted restore left.",
            )
    return beside


def unpack(
    archive: Path, keys: Path, beside: Path, *, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Unpack a backup and its keys into `beside`; return the backup's own description.

    Raises:
        Refused: restore.keys, restore.file.
        ArchiveDamaged: altered, truncated, or made with other keys.
        StorageError: the disk is full.
    """
    workspace = Workspace(beside)
    _require_room(archive, beside.parent)
    beside.mkdir(mode=0o700, parents=True, exist_ok=True)
    _copy_keys(keys, beside / "keys")
    master = workspace.key("blobs.key")
    (beside / "audit").mkdir(mode=0o700)
    about: dict[str, Any] = {}
    try:
        with archive.open("rb") as file:
            blobs = LocalBlobStore(workspace.blobs, Sealer(master).derive("blobs"))
            pictures: list[bytes] = []
            count = 0
            for name, stream in _members(_opened(file, workspace)):
                picture = _PICTURE.fullmatch(name)
                if picture:
                    data = b"".join(_parts(stream))
                    if digest_of(data) != picture[1]:
                        raise ArchiveDamaged("a picture in it does not match its name")
                    pictures.append(data)
                    count += 1
                    progress(count)
                    if sum(map(len, pictures)) >= _AT_ONCE:
                        blobs.put_many(pictures)
                        pictures = []
                elif name == ABOUT:
                    about = _about(b"".join(_parts(stream)))
                else:
                    _write(_place(workspace, name), stream)
            blobs.put_many(pictures)
    except FileNotFoundError:
        raise Refused(
            "restore.file", "Nothing restored", f"There is no file {archive}.", "Choose a backup file."
        ) from None
    if not about or not workspace.database.is_file() or not workspace.settings_file.is_file():
        raise ArchiveDamaged("it contains no workspace")
    return about


def _require_room(archive: Path, place: Path) -> None:
    if not archive.is_file():
        return
    folder = next(path for path in (place, *place.parents) if path.exists())
    free, needed = shutil.disk_usage(folder).free, archive.stat().st_size + _SPARE
    if free < needed:
        raise Refused(
            "restore.space",
            "Nothing restored",
            f"{folder} has {free >> 20} MiB free, and {needed >> 20} MiB are needed.",
            "Free some space, or choose a folder on another disk.",
        )


def _copy_keys(keys: Path, place: Path) -> None:
    try:
        shutil.copytree(keys, place)
        place.chmod(0o700)
        for path in place.iterdir():
            path.chmod(0o600)
    except (OSError, shutil.Error) as error:
        raise Refused(
            "restore.keys",
            "Nothing restored",
            f"The keys cannot be read from {keys} ({error}).",
            "Name the folder that contains the keys. Without the keys nobody can open the backup.",
        ) from None


def _opened(file: BinaryIO, workspace: Workspace) -> Iterator[tuple[str, SupportsRead[bytes]]]:
    """Open an archive of either form: an age file, or what the first version wrote."""
    head = file.read(max(len(aged.HEAD), len(first_archive.HEAD)))
    file.seek(0)
    if head.startswith(first_archive.HEAD):
        return first_archive.read_first_archive(file, sealer_of(workspace.key("blobs.key")))
    if not head.startswith(aged.HEAD):
        raise ArchiveDamaged("it is not a Plainview backup")
    return aged.read_archive(file, workspace.key(BACKUP_KEY))


def _members(members: Iterator[tuple[str, SupportsRead[bytes]]]) -> Iterator[tuple[str, SupportsRead[bytes]]]:
    """Yield the members of an archive; what the reader of archives raises over it is damage."""
    while True:
        with foreign(_damaged):
            member = next(members, None)
        if member is None:
            return
        yield member


def _damaged(error: Exception) -> ArchiveDamaged:
    return ArchiveDamaged(reason(error))


def _about(data: bytes) -> dict[str, Any]:
    with foreign(_damaged):
        about = json.loads(data)
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ArchiveDamaged("it was made by another version of Plainview")
    return about


def _place(workspace: Workspace, name: str) -> Path:
    folder, _, rest = name.rpartition("/")
    if name == DATABASE:
        return workspace.database
    if name in PLAIN_FILES:
        return workspace.root / name
    if folder == "audit" and rest in LOG_FILES:
        return workspace.audit / rest
    raise ArchiveDamaged("it contains a file that does not belong in a backup")


def _write(path: Path, source: SupportsRead[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for part in _parts(source):
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _parts(source: SupportsRead[bytes]) -> Iterator[bytes]:
    while True:
        with foreign(_damaged):
            part = source.read(1 << 20)
        if not part:
            return
        yield part
