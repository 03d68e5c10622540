"""Uploads: pictures and manifests, loose or in ZIP files, unpacked in memory.

Owns the limits. A name in an archive is a label and never a path: nothing is ever unpacked to disk.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from plainview.policy.decision import Refused
from plainview.recognition.foreign import foreign, reason
from plainview.recognition.sandbox import DecodeLimits
from plainview.tables.names import by_itself, spellings
from plainview.tables.read import REFUSED_SUFFIXES, SUFFIXES

MAX_FILES = 5_000
"""Most pictures in one upload: chosen, a few minutes of enrolment; a larger set comes from a folder of the server."""

MAX_TABLES = 20
"""Most tables (manifests) in one upload, beside the pictures: chosen; an export has one, or one a folder."""

MAX_BYTES = 2 * 2**30
"""Most bytes in one upload, unpacked: chosen, 5,000 photographs of 400 kB."""

MAX_FILE_BYTES = DecodeLimits().max_bytes
"""Most bytes of one picture: the decoder's limit."""

MANIFESTS = (*SUFFIXES, *REFUSED_SUFFIXES)
"""File name endings of a table, which describes the pictures or is refused (plainview.tables)."""

_UTF8 = 0x800  # flag of a member whose name is UTF-8
_ZIP = b"PK\x03\x04"  # a picture with an archive appended begins differently and counts as a picture


_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_OTHER_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}
"""Source: APPNOTE.TXT of the ZIP format, 4.4.5. Windows writes Deflate64 where an archive is larger than 2 GB."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One uploaded file: its name, unique in the upload, its bytes, and other readings of it.

    A name that another file has too, and a name in a ZIP file that does not say how it is encoded, have other readings.
    """

    name: str
    data: bytes
    spellings: tuple[str, ...] = ()


def files(uploads: Iterable[tuple[str, BinaryIO]]) -> Iterator[Incoming]:
    """Yield every uploaded file; archives are opened, names are made unique.

    Args:
        uploads: name and open file, positioned at its beginning.

    Raises:
        Refused: upload.too_much, upload.archive.
    """
    uploads = list(uploads)
    several = sum(name.lower().endswith(".zip") for name, _ in uploads) > 1
    taken: set[str] = set()
    count = tables = total = 0
    for name, file in uploads:
        for label, data, readings in _members(name, file):
            if several and name.lower().endswith(".zip"):  # so that each manifest meets the pictures of its own archive
                label = f"{PurePosixPath(name).stem}/{label}"
            is_table = label.lower().endswith(MANIFESTS)
            count, tables, total = count + (not is_table), tables + is_table, total + len(data)
            if count > MAX_FILES or tables > MAX_TABLES or total > MAX_BYTES:
                raise _too_much(f"It contains more than {MAX_FILES:,} files or {MAX_BYTES // 2**30} GiB.")
            unique = _unique(label, taken)
            yield Incoming(unique, data, (*readings, label) if unique != label else readings)


def _members(name: str, file: BinaryIO) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    head = file.read(len(_ZIP))
    file.seek(0)
    named = name.lower().endswith(".zip")
    # A marker of parts or a program that unpacks it may come first; an Excel workbook is a ZIP file too.
    empty = head == b"PK\5\6"
    packed = head == _ZIP or (named and not empty and zipfile.is_zipfile(file))
    if not packed or name.lower().endswith(MANIFESTS):
        if named:
            raise _archive(name, "it is an empty ZIP file" if empty else "it is no ZIP file, or a part of one")
        # One byte more than the decoder accepts, so that the decoder itself reports a picture that is too large.
        yield PurePosixPath(name.replace("\\", "/")).name, file.read(MAX_FILE_BYTES + 1), ()
        return
    with foreign(partial(_broken, name)), zipfile.ZipFile(file) as archive:
        listed = [entry for entry in archive.infolist() if not entry.is_dir() and not _hidden(entry.filename)]
        # Some writers list a member twice (python/cpython#117779): at one place, under one name, it is one.
        entries = list({(entry.header_offset, entry.filename): entry for entry in reversed(listed)}.values())[::-1]
        if len(entries) > MAX_FILES + MAX_TABLES or sum(entry.file_size for entry in entries) > MAX_BYTES:
            raise _too_much(f"{name} contains more than {MAX_FILES:,} files or {MAX_BYTES // 2**30} GiB.")
        for entry in entries:
            if entry.flag_bits & 1:
                raise _archive(name, "it is protected by a password")
            if entry.compress_type not in _METHODS:
                method = _OTHER_METHODS.get(entry.compress_type, str(entry.compress_type))
                raise _archive(name, f"it is packed by the method {method}, which Plainview does not read")
            with archive.open(entry) as member:
                label, readings = _named(entry)
                yield label, member.read(MAX_FILE_BYTES + 1), readings


def _named(entry: zipfile.ZipInfo) -> tuple[str, tuple[str, ...]]:
    """Return a member's name, and its other readings if the archive does not say how it is encoded."""
    if entry.flag_bits & _UTF8 or entry.filename.isascii():
        return entry.filename.replace("\\", "/"), ()
    raw = entry.filename.encode("cp437")  # as zipfile decoded it, and as the format says
    readings = tuple(reading.replace("\\", "/") for reading in spellings(raw))
    try:
        return raw.decode("utf-8").replace("\\", "/"), readings
    except UnicodeDecodeError:
        return entry.filename.replace("\\", "/"), readings


def _hidden(name: str) -> bool:
    return any(by_itself(part) for part in PurePosixPath(name.replace("\\", "/")).parts if part != "..")


def _unique(label: str, taken: set[str]) -> str:
    path, number, name = PurePosixPath(label[-200:]), 2, label[-200:]
    while name in taken:
        name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        number += 1
    taken.add(name)
    return name


def _too_much(why: str) -> Refused:
    return Refused(
        "upload.too_much",
        "Not taken",
        why,
        "Upload less at once, or ask the operator to allow a folder of the server.",
    )


def _broken(name: str, error: Exception) -> Refused:
    return _archive(name, f"it is damaged or of another kind ({reason(error)[:200]})")


def _archive(name: str, why: str) -> Refused:
    return Refused(
        "upload.archive",
        "Not taken",
        f"{name}: {why}.",
        "Pack the pictures as one plain ZIP file: the method Deflate, no password.",
    )
