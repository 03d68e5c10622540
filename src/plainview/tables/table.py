"""A table and its rows, whatever form they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from plainview.recognition.foreign import foreign
from plainview.tables.errors import TableError, unreadable


@dataclass(frozen=True, slots=True)
class Record:
    """One row.

    Attributes:
        where, number: its place, such as "line 5" and 5.
        cells: column -> text, "" for an empty cell; columns that the table does not have are missing.
        trouble: why the row cannot be used, in one clause; "" if it can.
    """

    where: str
    number: int
    cells: dict[str, str]
    trouble: str = ""

    def bad(self, why: str, next_step: str) -> TableError:
        """Return the refusal of this row."""
        return TableError(why, next_step, where=self.where, number=self.number)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be read, as often as necessary.

    Attributes:
        form: how it is read: format, and encoding and separator, or sheet.
        columns: its columns, in their order, without those that have no name.
        how: sentences for people about whatever is not plain CSV in UTF-8; empty if all of it is.
        notes: sentences that are complete once the rows were read to their end.
    """

    form: dict[str, str]
    columns: tuple[str, ...]
    how: tuple[str, ...]
    read: Callable[[list[str]], Iterator[Record]]
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Record]:
        self.notes.clear()
        with foreign(unreadable):
            yield from self.read(self.notes)

    def rows(self) -> Iterator[Record]:
        """Yield the rows; raise the first one's trouble.

        Raises:
            TableError: a row cannot be used.
        """
        for record in self:
            if record.trouble:
                raise record.bad(record.trouble, "Correct this row. Nothing of the table was used.")
            yield record
