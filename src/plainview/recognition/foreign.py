"""The boundary around other people's parsers: whatever they raise over a stranger's bytes becomes our own refusal.

Owns what counts as foreign: every exception that Plainview does not define. It must never list kinds by name: a ZIP
member with an empty name raises IndexError, and the next version of a library raises something else. A server writes its
kind and place into its log under a number, and the refusal has that number: the person tells it, the operator finds it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from plainview.recognition.errors import logged

LOG = logging.getLogger(__name__)
"""The configuration of a server's log opens this logger; at a terminal it stays closed, and refusals have no number."""
LOG.setLevel(logging.CRITICAL)


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


_FORM = "its content does not have the expected form"
_OURS = (LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, UnicodeError)
"""Kinds whose texts speak of Python to programmers: an index, a key, an attribute. `ValueError` is of both kinds."""

_LONGEST = 200  # characters of what a parser says: some repeat the file

_NAME = re.compile(r"[\w./-]{1,60}")  # of a field or an item
_PYTHON = re.compile(
    r"invalid literal|could not convert|Exceeds the limit|non-hexadecimal|fromhex|too many values|not enough values"
    r"|embedded null|unconverted data|does not match format|Invalid isoformat|out of range|must be in|cannot (re|con)|buffer"
    r"|malformed node|cannot convert|day is|bytes must be"
    r"|reshape|dimensions|broadcast|operands|truth value|maximum supported|array is too"
)
"""What a plain `ValueError` of Python or numpy says."""


def reason(error: Exception) -> str:
    """Return in words for a person why a parser failed: the first line of what it says, unless it speaks to programmers."""
    if isinstance(error, MemoryError):
        return "reading it takes too much memory"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"its text is not valid {error.encoding.upper()}"
    if type(error) is KeyError and _NAME.fullmatch(str(error.args[0]) if error.args else ""):
        return f"it lacks {str(error.args[0])!r}"
    line = next(iter(str(error).splitlines()), "").encode(errors="replace").decode()
    if isinstance(error, _OURS) or (type(error) is ValueError and _PYTHON.search(line)) or not line:
        return _FORM
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def refer(refusal: Exception, error: Exception | None) -> Exception:
    """Log an error under a number where a server logs, and return the refusal with that number in its reason.

    Args:
        refusal: our exception; its `why`, if it has one, gains the number.
        error: what a parser raised; None where only the loss of a process is known.
    """
    if not LOG.isEnabledFor(logging.ERROR):
        return refusal
    kind = getattr(refusal, "code", None) or getattr(refusal, "rule_id", None) or type(refusal).__name__
    raised = f", a parser raised {type(error).__name__}" if error is not None else ", a process was lost"
    number = logged(LOG, f"{kind}{raised}", error)
    why = getattr(refusal, "why", None)
    if isinstance(why, str):
        refusal.why = f"{why} Reference {number}."  # type: ignore[attr-defined]
    elif isinstance(refusal, Unreadable):
        refusal.args = (f"{refusal}; reference {number}",)
    return refusal
