"""The boundary around other people's parsers: whatever they raise over a stranger's bytes becomes our own refusal.

Owns what counts as foreign: every exception that Plainview does not define. It must never list kinds by name: a ZIP
member with an empty name raises IndexError, and the next version of a library raises something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Unreadable(Exception):
    """A parser could not read a stranger's bytes; the text says why, in one line."""


@contextmanager
def foreign(refusal: Callable[[Exception], Exception] | None = None) -> Iterator[None]:
    """Run a foreign parser; our own exceptions pass.

    Args:
        refusal: makes our exception of the parser's; None: `Unreadable`.

    Raises:
        Exception: what `refusal` returned.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] == __name__.partition(".")[0]:
            raise
        raise (refusal(error) if refusal else Unreadable(reason(error))) from None


def reason(error: Exception) -> str:
    """Return the first line of what an exception says, or its kind when it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
