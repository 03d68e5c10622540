"""What an index may refuse or fail with, each with what to do next."""

from __future__ import annotations

from typing import Any


class IndexOutOfStep(Exception):
    """A log row that does not follow the last one applied.

    Attributes:
        expected: the number that the next row must have.
        got: the number that it had.
    """

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(
            f"The index is out of step with its log: row {expected} must come next, row {got} came. "
            "Read the log again from the watermark, or clear the index and let it catch up from row 1."
        )
        self.expected = expected
        self.got = got


class BadTemplate(ValueError):
    """A template that the index cannot compare: wrong dimension or type, not finite, or not of length 1."""


class IndexDamaged(Exception):
    """What the index keeps outside memory is not what it wrote; it must be cleared and made from the log again."""


class IndexUnreachable(Exception):
    """The server that holds the index does not answer; the database is whole, and a later search may succeed.

    Attributes:
        why: which server, and what it said.
        said: what it said, or why it was not asked.
        next_step: what the person can do now.
    """

    said = ""

    def __init__(self, address: str, said: str) -> None:
        self.said = said
        self.why = f"The index server {address} does not answer ({said})."
        self.next_step = "Nothing is lost. Start the server and try again, or move the gallery to an index of its own."
        super().__init__(f"{self.why} {self.next_step}")


class IndexIncomplete(IndexUnreachable):
    """Some parts of an index could not be compared: what was found is no candidate list unless policy says so.

    Attributes:
        compared: parts that answered.
        parts: parts of the index.
        list_of_others: the list of those that answered, as of `Index.search`; None where nothing was searched.
        size: references that this list was chosen from.
        missing: numbers of the parts that were not compared, from 0, where there is such a list.
    """

    def __init__(
        self, compared: int, parts: int, list_of_others: Any = None, *, size: int = 0, missing: tuple[int, ...] = ()
    ) -> None:
        self.compared, self.parts, self.list_of_others = compared, parts, list_of_others
        self.size, self.missing = size, missing
        self.why = f"{compared} of {parts} parts of the gallery's index can be compared now."
        self.next_step = "Nothing is lost: the worker makes the missing parts again from the records. Try again later."
        Exception.__init__(self, f"{self.why} {self.next_step}")


class IndexClientMissing(IndexUnreachable):
    """The package that speaks to the index server is not installed here; it comes with an extra."""

    def __init__(self, extra: str) -> None:
        self.why = (
            f"This gallery's index is on a server, and reaching it needs the extra `{extra}`, which is not installed."
        )
        self.next_step = f"Nothing is lost: install it (pip install 'plainview[{extra}]') and do this again."
        Exception.__init__(self, f"{self.why} {self.next_step}")
