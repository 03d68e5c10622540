"""The rows of a manifest and their pictures: on disk and in an upload by the same rule (plainview.tables.names).

Owns what a row says, and the rule that two rows may not say different things about one picture. Every row meets one
picture or is told with its line; nothing is chosen for it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from plainview.casework.enrolment.items import Reading, Unusable
from plainview.casework.galleries.subjects import normal
from plainview.policy import subjects as policy
from plainview.policy.decision import Refused
from plainview.tables.dates import iso, read_capture_date
from plainview.tables.errors import TableError
from plainview.tables.links import without_path
from plainview.tables.names import Meeting, Names, readable
from plainview.tables.shape import Shape, clip
from plainview.tables.table import Record, Table

COLUMNS = ("path", "source_url", "page_url", "captured_on", "subject")
"""Columns of a manifest; `path` is required, the others may be empty or missing."""

SHAPE = Shape(
    "manifest",
    COLUMNS,
    required=("path",),
    dates=("captured_on",),
    links=("source_url", "page_url"),
    hints={
        **dict.fromkeys(
            ("file", "filename", "file_name", "image", "picture", "photo", "name", "datei", "fichier"), "path"
        ),
        **dict.fromkeys(("url", "link", "source", "image_url"), "source_url"),
        **dict.fromkeys(("page", "page_link"), "page_url"),
        **dict.fromkeys(("subject_id", "person_id", "personid", "offender_id", "sid"), "subject"),
        **dict.fromkeys(("date", "taken", "taken_on", "capture_date", "captured", "datum"), "captured_on"),
    },
)

LINKS = ("http://", "https://", "file://", "urn:")
"""How a link to the origin of a picture begins."""

_NEXT = f"Correct the manifest. Its columns are {', '.join(COLUMNS)}."


@dataclass(frozen=True, slots=True)
class Described:
    """A row: its place, the path that it states, and what it says about the picture."""

    where: str
    path: str
    source_url: str
    page_url: str
    captured_on: date | None
    captured_precision: str
    subject: str

    @property
    def date(self) -> str:
        """Return the date as it was stated, or ""."""
        return iso(self.captured_on, self.captured_precision) if self.captured_on else ""

    @property
    def about(self) -> tuple[str, str, str, str]:
        """Return all that it says about the picture."""
        return self.source_url, self.page_url, self.date, self.subject


def described(table: Table) -> Iterator[Described]:
    """Yield the rows of a manifest.

    Raises:
        TableError: a row is bad.
    """
    for record in table.rows():
        yield _described(record)


def _described(record: Record) -> Described:
    path, source, page, taken, subject = (record.cells.get(column, "") for column in COLUMNS)
    subject = normal(subject)
    if not path.strip():
        raise record.bad("the path is empty", _NEXT)
    captured, precision = None, "day"
    if taken.strip():
        try:
            captured, precision = read_capture_date(taken.strip())
        except ValueError as error:
            raise record.bad(
                f"captured_on {error}", "Write the date as 2024-11-05, 2024-11 or 2024, or leave it empty."
            ) from None
    for column, link in (("source_url", source), ("page_url", page)):
        if link and not link.startswith(LINKS):
            raise record.bad(f"{column} {clip(link)!r} is not a link (http, https, file or urn)", _NEXT)
    if subject and isinstance(bad := policy.usable_number(subject), Refused):
        raise record.bad(f"subject: {bad.why.rstrip('.')}", bad.next_step)
    return Described(record.where, path, without_path(source), without_path(page), captured, precision, subject)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The rows of a manifest and their pictures, before anything is enrolled.

    Attributes:
        reading: how the manifest was read.
        pictures: hashes of the names of the pictures that have a row.
        folders: the folders of these pictures.
        contradicted: name of a picture -> places of rows that say different things about it.
    """

    reading: Reading
    pictures: array[int]
    folders: set[str]
    contradicted: Mapping[str, Sequence[str]]


def paired(table: Table, manifest: str, names: Names, base: str = "") -> Pairs:
    """Check every row and meet its picture.

    Args:
        table: the manifest.
        manifest: its name.
        names: the pictures that there are.
        base: the folder of the manifest among them.

    Raises:
        TableError: a row is bad.
    """
    reading = Reading(manifest, table.form)
    # Eight bytes a row each: a manifest may have millions of rows.
    pictures, about, folders = array("q"), array("q"), set[str]()
    people = Counter[int]()
    for record in described(table):
        reading.rows += 1
        meeting = names.meet(record.path, base)
        if not meeting.name:
            reading.missing(record.where)
            continue
        if not meeting.exact:
            reading.differing(record.path, readable(meeting.name))
        folders.add(meeting.name.rpartition("/")[0])
        pictures.append(hash(meeting.name))
        about.append(hash(record.about))
        if record.subject:
            people[hash(record.subject)] += 1
            if isinstance(bad := policy.few_enough(people[hash(record.subject)]), Refused):
                raise TableError(f"has more than {policy.MOST_PICTURES} rows of one subject", bad.next_step)
    reading.how = [*table.how, *table.notes]
    repeated = _repeated(pictures, about)
    contradicted = _contradicted(described(table), names, base, repeated) if repeated else {}
    for places in contradicted.values():
        reading.contradicting(places)
    return Pairs(reading, pictures, folders, contradicted)


def _repeated(pictures: array[int], about: array[int]) -> set[int]:
    """Return the hashes of pictures about which rows say different things."""
    names, words = np.frombuffer(pictures, np.int64), np.frombuffer(about, np.int64)
    order = np.lexsort((words, names))
    names, words = names[order], words[order]
    return set(names[1:][(names[1:] == names[:-1]) & (words[1:] != words[:-1])].tolist())


def _contradicted(rows: Iterable[Described], names: Names, base: str, repeated: set[int]) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for record in rows:
        name = names.meet(record.path, base).name
        if name and hash(name) in repeated:
            places.setdefault(name, []).append(record.where)
    return places


def contradiction(places: Sequence[str], manifest: str) -> Unusable:
    """Return the failure of rows that say different things about one picture."""
    return Unusable(
        "contradiction",
        f"{manifest}: {', '.join(places[:5])} say different things about this picture. Keep the row that is right.",
    )


def unmet(record: Described, meeting: Meeting, manifest: str) -> Unusable:
    """Return the failure of a row that met no picture, or several."""
    if meeting.several:
        shown = ", ".join(readable(name) for name in meeting.several[:5])
        return Unusable(
            "ambiguous",
            f"{manifest}, {record.where}: {len(meeting.several)} files fit this name ({shown}). Write the path of one of them.",
        )
    here = "a link is not fetched" if "://" in record.path else "there is no picture of this name"
    where = "Write the name of a file in the manifest's folder, or of this upload."
    return Unusable("no_picture", f"{manifest}, {record.where}: {here}. {where}")


def refused(manifest: str, error: TableError) -> Refused:
    """Return the refusal of a manifest; a bad row and a file that cannot be read have rules of their own."""
    rule = "manifest.bad_row" if error.where else "manifest.unreadable"
    return Refused(rule, "Nothing enrolled", error.sentence(manifest), error.next_step)
