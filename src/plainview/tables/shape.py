"""The columns that a table may have, and the header that names them.

Owns how a header is compared with the expected columns: trimmed, without regard to case, with spaces, hyphens and
underscores alike. It must never leave out a column silently: an unknown one refuses the table by name.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plainview.tables.errors import TableError

_INVISIBLE = "\ufeff\u200b\u200e\u200f\u00ad\x1a"  # byte order mark, zero width space, direction marks, soft hyphen, end of a DOS file
_SHOWN, _COLUMNS_SHOWN = 60, 12  # characters of a header's cell, and cells, in a message
_LIKE = 0.6  # difflib's own measure of likeness from which a name is proposed: its default


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of one kind of table.

    Attributes:
        kind: what the table is called in messages, such as "manifest".
        columns: every column that the table may have.
        required: of these, the ones that it must have.
        others: the table may have more columns, which keep their names.
        dates: columns of dates: an Excel date is read as YYYY-MM-DD there and refused in other known columns.
        links: columns of links: the hyperlink behind an Excel cell is read there if the cell's text is no link.
        hints: words of others for a column, folded -> the column.
        whole: a row of delimited text must have a cell for every column: one that was cut off is refused.
    """

    kind: str
    columns: tuple[str, ...]
    required: tuple[str, ...] = ()
    others: bool = False
    dates: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    def known(self, cells: Sequence[str]) -> int:
        """Return how many cells name an expected column."""
        return sum(fold(cell) in self.columns for cell in cells)

    def likeness(self, cells: Sequence[str]) -> tuple[int, int]:
        """Return how many cells name an expected column, and how many have another word for it."""
        return self.known(cells), sum(fold(cell) in self.hints for cell in cells)

    def header(self, cells: Sequence[str], where: str, number: int, *, later: str = "") -> tuple[str, ...]:
        """Return the column of each cell; "" for a cell without a name.

        Args:
            cells: the cells of the header.
            where, number: its place.
            later: the place of a row that would be a header, if this one is not.

        Raises:
            TableError: unknown, missing or repeated columns.
        """

        def bad(why: str, next_step: str = "") -> TableError:
            words = why if why.endswith("?") else f"{why}."
            whole = f"{words} The header is: {shown(cells)}"
            return TableError(whole, next_step or self._next(), where=where, number=number)

        if not self.known(cells):
            if later:
                raise bad("this is not the header", f"The header is in {later}: delete everything above it.")
            meant = next(
                (f"; is {clip(cell)!r} the column {near}?" for cell in cells if (near := self._near(fold(cell)))), ""
            )
            raise bad(f"this is not the header of a {self.kind}{meant}")
        names: list[str] = []
        for cell in cells:
            folded = fold(cell)
            if folded and folded not in self.columns and not self.others:
                near = self._near(folded)
                near = "" if near in map(fold, cells) else near
                raise bad(
                    f"there is no column {clip(cell)!r}" + (f"; did you mean {near}?" if near else ""),
                    f"Rename the column to {near}, or remove it." if near else f"Remove the column. {self._next()}",
                )
            names.append(folded if folded in self.columns else visible(cell))
        named = [name for name in names if name]
        twice = next((name for name in named if named.count(name) > 1), "")
        if twice:
            raise bad(f"the column {twice} appears twice", "Remove one of the two.")
        missing = [name for name in self.required if name not in named]
        if missing:
            near = next((name for name in named if self._near(fold(name)) == missing[0]), "")
            raise bad(f"there is no column named {missing[0]}" + (f"; is it {clip(near)!r}?" if near else ""))
        return tuple(names)

    def _near(self, folded: str) -> str:
        if folded in self.hints:
            return self.hints[folded]
        return next(iter(difflib.get_close_matches(folded, self.columns, 1, _LIKE)), "")

    def _next(self) -> str:
        also = "" if set(self.required) == set(self.columns) else f" Required: {', '.join(self.required)}."
        return f"Write a first line with the columns {', '.join(self.columns)}." + (also if self.required else "")


def visible(cell: str) -> str:
    """Return a cell's text without space and invisible characters around it."""
    return cell.strip(_INVISIBLE + " \t\r\n\v\f\u00a0").strip()


def fold(cell: str) -> str:
    """Return a column's name as names are compared."""
    return re.sub(r"[\s_\-]+", "_", unicodedata.normalize("NFKC", visible(cell)).casefold())


def clip(text: str) -> str:
    """Return a stranger's text, short enough for a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def shown(cells: Sequence[str]) -> str:
    """Return a header's cells for a message."""
    names = [clip(visible(cell)) or "(empty)" for cell in cells[:_COLUMNS_SHOWN]]
    return " | ".join(names) + (" | …" if len(cells) > _COLUMNS_SHOWN else "")
