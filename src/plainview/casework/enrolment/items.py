"""What is enrolled: a list of pictures, one at a time, each with its origin.

Owns the shape of an item. It must never follow a link of the web; links are recorded, not opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from plainview.casework.galleries.nist import Provenance
from plainview.recognition.decode import read_file

_EXAMPLES = 5  # names in one sentence


class Unusable(Exception):
    """A picture that its source does not provide, with a stable word and one sentence for the list of failures."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to enrol.

    Attributes:
        path: its file, or the file that contains it.
        name: its name in lists: its path inside the folder or manifest.
        source_url: link to where the picture came from; `tables.links.own_link` if nothing else is stated.
        page_url: link to the page that showed it, or empty.
        captured_on: date on which it was taken, if stated; the first day of a month or year.
        provenance: what the source says about it; see casework.galleries.nist.
        data: returns its bytes if it has no file of its own; raises BadMedia or Unusable.
        captured_precision: how much of the date was stated.
        subject: the number that the source gives the person whom the picture is of, or empty.
        only: numbers of the faces to enrol, from 1, the largest; None: all of them.
    """

    path: Path
    name: str
    source_url: str
    page_url: str = ""
    captured_on: date | None = None
    provenance: Provenance = field(default_factory=dict)
    data: Callable[[], bytes] | None = None
    captured_precision: str = "day"
    subject: str = ""
    only: frozenset[int] | None = None

    def read(self) -> bytes:
        """Return the bytes of the picture.

        Raises:
            BadMedia: the file cannot be read.
            Unusable: the source does not provide the picture.
        """
        return read_file(self.path) if self.data is None else self.data()


@dataclass(slots=True)
class Reading:
    """How a manifest was read and how its rows met their pictures.

    Attributes:
        manifest: its name; "" if nothing was read from a manifest.
        form: how it was read: format, and encoding and separator, or sheet.
        how: sentences about the reading.
        rows: rows in it.
        otherwise: rows whose picture has a slightly different name, and examples (stated, met).
        no_picture: places of rows without a picture, or with several that fit equally well.
        no_row: pictures without a row, and examples.
        contradictory: rows that say different things about one picture, and their places.
    """

    manifest: str = ""
    form: dict[str, str] = field(default_factory=dict)
    how: list[str] = field(default_factory=list)
    rows: int = 0
    otherwise: int = 0
    otherwise_examples: list[tuple[str, str]] = field(default_factory=list)
    no_picture: int = 0
    no_picture_examples: list[str] = field(default_factory=list)
    no_row: int = 0
    no_row_examples: list[str] = field(default_factory=list)
    no_row_outcome: str = "not enrolled"
    contradictory: int = 0
    contradictory_examples: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts and for the record; empty without a manifest."""
        if not self.manifest:
            return {}
        return {
            "name": self.manifest,
            **self.form,
            "rows": self.rows,
            "rows_without_picture": self.no_picture,
            "pictures_without_row": self.no_row,
            "contradictory_rows": self.contradictory,
            "found_under_another_name": self.otherwise,
            "sentences": self.sentences(),
        }

    def sentences(self) -> list[str]:
        """Return it for people."""
        if not self.manifest:
            return []
        sentences = [f"{self.manifest}: {sentence}" for sentence in self.how]
        if self.otherwise:
            stated, met = self.otherwise_examples[0]
            sentences.append(
                f"{self.otherwise:,} of {self.rows:,} rows met {_their(self.otherwise)} picture under a slightly different "
                f"name, such as {stated} → {met}."
            )
        if self.no_picture:
            have = "has" if self.no_picture == 1 else "have"
            places = _list(self.no_picture_examples, self.no_picture)
            sentences.append(f"{self.no_picture:,} of {self.rows:,} rows {have} no picture: {places}.")
        if self.contradictory:
            places = _list(self.contradictory_examples, self.contradictory)
            sentences.append(
                f"{self.contradictory:,} rows say different things about one picture and were not used: {places}."
            )
        if self.no_row:
            are = "picture has" if self.no_row == 1 else "pictures have"
            was = "was" if self.no_row == 1 else "were"
            sentences.append(
                f"{self.no_row:,} {are} no row and {was} {self.no_row_outcome}: {_list(self.no_row_examples, self.no_row)}."
            )
        return sentences

    def add(self, other: Reading) -> None:
        """Count another manifest of the same upload in."""
        self.manifest = f"{self.manifest}, {other.manifest}" if self.manifest else other.manifest
        self.form = self.form or other.form
        self.how += other.how
        self.rows, self.otherwise = self.rows + other.rows, self.otherwise + other.otherwise
        self.no_picture += other.no_picture
        self.contradictory += other.contradictory
        self.contradictory_examples = (self.contradictory_examples + other.contradictory_examples)[:_EXAMPLES]
        self.otherwise_examples = (self.otherwise_examples + other.otherwise_examples)[:_EXAMPLES]
        self.no_picture_examples = (self.no_picture_examples + other.no_picture_examples)[:_EXAMPLES]

    def missing(self, where: str) -> None:
        """Count a row without a picture."""
        self.no_picture += 1
        if len(self.no_picture_examples) < _EXAMPLES:
            self.no_picture_examples.append(where)

    def contradicting(self, places: Sequence[str]) -> None:
        """Count rows that say different things about one picture."""
        self.contradictory += len(places)
        self.contradictory_examples = [*self.contradictory_examples, *places][:_EXAMPLES]

    def rowless(self, name: str) -> None:
        """Count a picture without a row."""
        self.no_row += 1
        if len(self.no_row_examples) < _EXAMPLES:
            self.no_row_examples.append(name)

    def differing(self, stated: str, met: str) -> None:
        """Count a row whose picture has a slightly different name."""
        self.otherwise += 1
        if len(self.otherwise_examples) < _EXAMPLES:
            self.otherwise_examples.append((stated, met))


def _their(number: int) -> str:
    return "its" if number == 1 else "their"


def _list(examples: list[str], total: int) -> str:
    more = f" and {total - len(examples):,} more" if total > len(examples) else ""
    return ", ".join(examples) + more


class Items:
    """A list of pictures that is read again on every iteration.

    Attributes:
        kind: "folder", "picture", "manifest", "ansi-nist" or "feed".
        name: the list's name.
        reading: how a manifest was read; empty for other lists.
    """

    def __init__(
        self, kind: str, name: str, rows: Callable[[], Iterator[Item]], count: int, reading: Reading | None = None
    ) -> None:
        self.kind, self.name = kind, name
        self.reading = reading or Reading()
        self._rows, self._count = rows, count

    def __iter__(self) -> Iterator[Item]:
        return self._rows()

    def __len__(self) -> int:
        """Return the number of pictures; a file of a folder counts once, whatever it contains."""
        return self._count


def failing(error: Exception) -> Callable[[], bytes]:
    """Return the `data` of an item that cannot be read."""

    def data() -> bytes:
        raise error

    return data
