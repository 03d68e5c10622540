"""The refusal of a table: where, why, and what to do next."""

from __future__ import annotations

from plainview.recognition.foreign import reason


class TableError(Exception):
    """A table that cannot be read, or a row of it.

    Attributes:
        where: the place, such as "line 5" or "sheet Photos, row 5"; "" for the whole file.
        number: the number of that line or row, from 1; 1 for the whole file.
        why: one clause, without a full stop.
        next_step: one or two sentences: what the person can do now.
    """

    def __init__(self, why: str, next_step: str, *, where: str = "", number: int = 1) -> None:
        super().__init__(f"{where}: {why}" if where else why)
        self.where, self.number, self.why, self.next_step = where, number, why, next_step

    def sentence(self, name: str) -> str:
        """Return place and reason as one sentence that begins with the table's name."""
        return f"{name}, {self.where}: {self.why}." if self.where else f"{name}: {self.why}."


def unreadable(error: Exception) -> TableError:
    """Return the refusal of a table over which a parser failed."""
    if isinstance(error, OSError) and error.strerror:
        return TableError(f"it cannot be read ({error.strerror})", "Check the file and its permissions.")
    return TableError(f"it cannot be read ({reason(error)[:200]})", "The file may be damaged: save it again.")
