"""How a sentence writes a day, a number of things and a list: "5 Nov 2026", "1 picture", "1, 2 and 3".

Owns the one format of each. It knows English only, whatever the language of the machine is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(on: date) -> str:
    """Return the day as in "5 Nov 2026"."""
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return the number with its noun: "1 picture", "2 pictures", "1,200 bytes"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Iterable[str]) -> str:
    """Return the words as a sentence has them: "1", "1 and 2", "1, 2 and 3"."""
    *others, last = list(words) or [""]
    return f"{', '.join(others)} and {last}" if others else last
