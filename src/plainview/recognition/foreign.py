"""The boundary around other people's parsers: whatever they raise over a stranger's bytes becomes our own refusal.

Owns what counts as foreign: every exception that Plainview does not define. It must never list kinds by name: a ZIP
member with an empty name raises IndexError, and the next version of a library raises something else. A server writes what
was raised into its output under a number, and the refusal has that number: the person tells it, the operator finds it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_log = logging.getLogger("plainview.foreign")
_log.propagate = False
_log.addHandler(logging.NullHandler())
_outputs: list[logging.Handler] = []  # where a server logs; none at a terminal


class Unreadable(Exception):
    """A parser could not read a stranger's bytes; the text says why, in one line."""


@contextmanager
def foreign(refusal: Callable[[Exception], Exception] | None = None) -> Iterator[None]:
    """Run a foreign parser; our own exceptions pass.

    Args:
        refusal: makes our exception of the parser's; None: `Unreadable`.

    Raises:
        Exception: what `refusal` returned, with its reference where a server logs it.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] == __name__.partition(".")[0]:
            raise
        raise refer(refusal(error) if refusal else Unreadable(reason(error)), error) from None


def reason(error: Exception) -> str:
    """Return the first line of what an exception says, or its kind when it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def log_to(stream: TextIO) -> None:
    """Write what parsers raise to a stream from now on: a server's standard error."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    stop_logging()
    _outputs.append(handler)
    _log.addHandler(handler)


def stop_logging() -> None:
    """Write nothing from now on, and give refusals no number."""
    while _outputs:
        _log.removeHandler(_outputs.pop())


def refer(refusal: Exception, error: Exception | None) -> Exception:
    """Log an error under a number where a server logs, and return the refusal with that number in its reason.

    Args:
        refusal: our exception; its `why`, if it has one, gains the number.
        error: what a parser raised; None where only the loss of a process is known.
    """
    if not _outputs:
        return refusal
    number = secrets.token_hex(4).upper()
    _log.error("Reference %s: %s", number, refusal, exc_info=error)
    why = getattr(refusal, "why", None)
    if isinstance(why, str):
        refusal.why = f"{why} Reference {number}."  # type: ignore[attr-defined]
    elif isinstance(refusal, Unreadable):
        refusal.args = (f"{refusal}; reference {number}",)
    return refusal
