"""Lists of pictures to enrol: a folder, a table of pictures (a manifest), or an ANSI/NIST-ITL file.

Owns what a row of a manifest says. A manifest is read twice, once to check, count and pair it with its pictures and once
to enrol from it, one picture at a time, never as a whole.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from plainview.casework.enrolment.exchange_files import is_exchange_file, numbered
from plainview.casework.enrolment.files import Beneath, walk
from plainview.casework.enrolment.items import Item, Items, Unusable, failing
from plainview.casework.enrolment.pairing import (
    COLUMNS,
    SHAPE,
    Described,
    Pairs,
    contradiction,
    described,
    paired,
    refused,
    unmet,
)
from plainview.casework.galleries.nist import SUFFIXES as NIST_SUFFIXES
from plainview.casework.galleries.nist import read_nist
from plainview.casework.galleries.subjects import normal
from plainview.policy import rules
from plainview.policy.decision import Decision, Refused
from plainview.policy.subjects import few_enough, usable_number
from plainview.recognition.decode import read_file
from plainview.recognition.errors import BadMedia
from plainview.tables.errors import TableError
from plainview.tables.links import own_link
from plainview.tables.names import Meeting, Names, readable, spellings_of
from plainview.tables.parquet import NoParquet
from plainview.tables.read import REFUSED_SUFFIXES, SUFFIXES, open_table

__all__ = ["COLUMNS", "Item", "Items", "Unusable", "manifests_in", "read_items", "require_no_manifest"]

_INDEXED = 100_000  # files of a folder among which names that are not stated exactly are looked for
_OFFERED = 5  # manifests of a folder that are named


def read_items(path: Path, *, root: Path | None = None, outside: bool = False, by_folder: bool = False) -> Items:
    """Return the pictures that `path` names: a folder's, a manifest's, an exchange file's, or a single one.

    Args:
        path: the folder or file.
        root: pictures must be below it; None: below the folder, or the folder of the manifest.
        outside: links and paths of the manifest may lead anywhere.
        by_folder: each folder inside the folder is a person, and its name the number of the subject.

    Raises:
        Refused: enrol.nothing (no such path, or nothing in it), manifest.bad_row, manifest.unreadable, manifest.parquet,
            subject.number, subject.too_many (by_folder).
    """
    suffix, name = path.suffix.lower(), readable(path.name)
    if path.is_dir():
        within = None if outside else root or path
        people = Counter(
            first_folder(file.relative_to(path)) if by_folder else "" for file, _ in walk(path, outside=outside)
        )
        rules.require(*(decision for number in people if number for decision in _usable(number, people[number])))
        items = Items(
            "folder",
            readable(str(path)),
            lambda: _folder(path, within, outside=outside, by_folder=by_folder),
            people.total(),
        )
    elif not path.is_file():
        items = Items("picture", name, lambda: iter(()), 0)
    elif suffix in (*SUFFIXES, *REFUSED_SUFFIXES, ".json"):
        items = _manifest(path, None if outside else root or path.parent)
    elif is_exchange_file(path):
        items = Items("ansi-nist", name, lambda: _exchange(path, name, None), 1)
    else:
        items = Items("picture", name, lambda: iter([_file(path, name)]), 1)
    if not len(items):
        empty = "has a header and no row" if items.kind == "manifest" else "contains no picture"
        raise Refused(
            "enrol.nothing",
            "Nothing enrolled",
            f"{readable(str(path))} {empty if path.exists() else 'does not exist'}.",
            "Write a row for each picture below the header."
            if items.kind == "manifest"
            else "Choose a folder of pictures, a picture, a manifest (.csv, .tsv, .jsonl, .xlsx or .parquet with a path column) "
            f"or an ANSI/NIST-ITL file ({', '.join(NIST_SUFFIXES)}).",
        )
    return items


def require_no_manifest(path: Path) -> None:
    """Refuse a folder that contains a manifest: enrolled without it, the pictures would lose what it says for good.

    Raises:
        Refused: enrol.manifest_beside.
    """
    manifests = manifests_in(path) if path.is_dir() else []
    if manifests:
        names = ", ".join(manifests)
        raise Refused(
            "enrol.manifest_beside",
            "Nothing enrolled",
            f"This folder contains {names}, which says where its pictures come from.",
            f"Enrol by {manifests[0]}, or say that the pictures are to be enrolled without it.",
        )


def manifests_in(folder: Path) -> list[str]:
    """Return the names of the manifests in a folder: tables whose header is that of a manifest."""
    manifests = []
    for path, trouble in walk(folder):
        if path.suffix.lower() in SUFFIXES and not trouble and _is_manifest(path):
            manifests.append(readable(str(path.relative_to(folder))))
    return manifests[:_OFFERED]


def _is_manifest(path: Path) -> bool:
    try:
        table = open_table(path, path.name, SHAPE)
        if table.form["format"] == "JSON Lines":
            next(iter(table), None)
    except (TableError, NoParquet):
        return False
    return True


def _folder(folder: Path, root: Path | None, *, outside: bool, by_folder: bool) -> Iterator[Item]:
    for path, trouble in walk(folder, outside=outside):
        name = readable(str(path.relative_to(folder)))
        subject = first_folder(path.relative_to(folder)) if by_folder else ""
        if trouble:
            yield replace(_file(path, name), data=failing(Unusable("link", f"Not read: {trouble}.")))
        elif is_exchange_file(path):
            for item in _exchange(path, name, root):
                yield replace(item, subject=item.subject or subject)
        else:
            item = replace(_file(path, name), subject=subject)
            yield item if root is None else replace(item, data=Beneath(path, root))


def first_folder(path: Path) -> str:
    """Return the first folder of a relative path, as the number of a subject; "" for a file outside every folder."""
    parts = path.parts
    return normal(readable(parts[0])) if len(parts) > 1 else ""


def _usable(number: str, pictures: int) -> tuple[Decision, Decision]:
    return usable_number(number), few_enough(pictures)


def _file(path: Path, name: str) -> Item:
    return Item(path, name, own_link(_beside(path, name)))


def _beside(path: Path, name: str) -> str:
    """Return a file's name with the name of the folder that it was enrolled with."""
    folder = path.absolute()
    for _ in range(len(Path(name).parts)):
        folder = folder.parent
    return f"{readable(folder.name)}/{name}" if folder.name else name


def _exchange(path: Path, name: str, root: Path | None) -> Iterator[Item]:
    """Yield the pictures of one ANSI/NIST-ITL file; an unreadable file is a single failure in the list."""
    address = own_link(_beside(path, name))
    try:
        records = read_nist(read_file(path) if root is None else Beneath(path, root)())
    except (BadMedia, Unusable) as bad:
        yield Item(path, name, address, data=failing(bad))
        return
    for record in records:
        unusable = numbered(record.subject)
        yield Item(
            path,
            f"{name}#{record.number}",
            f"{address}#{record.number}",
            "",
            record.captured_on,
            record.provenance,
            failing(unusable) if unusable else record.picture,
            record.captured_precision,
            normal(record.subject),
        )


class _OnDisk(Names):
    """The pictures below the folder of a manifest; they are listed once a name is not stated exactly."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self._listed = folder, False

    def meet(self, stated: str, base: str = "") -> Meeting:
        """Return the file that a name means; see plainview.tables.names."""
        if "\0" not in stated and os.path.lexists(self._folder / stated):
            return Meeting(_relative(stated, self._folder))
        if not self._listed:
            self._listed = True
            for path, _ in itertools.islice(walk(self._folder), _INDEXED):
                name = str(path.relative_to(self._folder))
                self.add(name, *spellings_of(name))
        return super().meet(stated, base)


def _relative(stated: str, folder: Path) -> str:
    """Return the name below the folder, without "." and doubled slashes; a path that climbs stays as it is."""
    path = Path(stated)
    if ".." in path.parts:
        return stated
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _manifest(path: Path, root: Path | None) -> Items:
    folder, manifest = path.parent, readable(path.name)
    names = _OnDisk(folder)
    try:
        table = open_table(path, path.name, SHAPE)
        pairs = paired(table, manifest, names)
    except TableError as error:
        raise refused(manifest, error) from None
    except NoParquet as error:
        raise Refused(
            "manifest.parquet",
            "Nothing enrolled",
            "Reading a Parquet manifest needs the extra parquet, which is not installed.",
            "Install plainview[parquet], or save the manifest as CSV or JSONL.",
        ) from error

    _count_rowless(pairs, folder)

    def rows() -> Iterator[Item]:
        try:
            for record in described(table):
                yield _item(record, names.meet(record.path), folder, root, manifest, pairs.contradicted)
        except TableError as error:  # it has changed since it was checked
            raise refused(manifest, error) from None

    return Items("manifest", manifest, rows, pairs.reading.rows, pairs.reading)


def _count_rowless(pairs: Pairs, folder: Path) -> None:
    """Count the files beside the pictures of the manifest that no row names."""
    named = np.sort(np.frombuffer(pairs.pictures, np.int64))
    for inside in sorted(name for name in pairs.folders if not name.startswith(("/", "../"))):
        for path, trouble in walk(folder / inside, deep=False):
            name = str(path.relative_to(folder))
            if trouble or path.suffix.lower() in (*SUFFIXES, *REFUSED_SUFFIXES):
                continue
            at = np.searchsorted(named, hash(name))
            if at == len(named) or named[at] != hash(name):
                pairs.reading.rowless(readable(name))


def _item(
    record: Described,
    meeting: Meeting,
    folder: Path,
    root: Path | None,
    manifest: str,
    contradicted: Mapping[str, Sequence[str]],
) -> Item:
    path = folder / (meeting.name or record.path)
    item = Item(
        path,
        readable(meeting.name or record.path),
        record.source_url or own_link(f"{folder.absolute().name}/{readable(meeting.name or record.path)}"),
        record.page_url,
        record.captured_on,
        captured_precision=record.captured_precision,
        subject=record.subject,
    )
    if not meeting.name:
        return replace(item, data=failing(unmet(record, meeting, manifest)))
    if meeting.name in contradicted:
        return replace(item, data=failing(contradiction(contradicted[meeting.name], manifest)))
    return item if root is None else replace(item, data=Beneath(path, root))
