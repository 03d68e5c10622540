"""How a refusal writes a day and a number of things: "5 Nov 2026", "1 picture", "2 pictures".

Owns the one format of each. It knows English only, whatever the language of the machine is.
"""

from __future__ import annotations

from datetime import date

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(on: date) -> str:
    """Return the day as in "5 Nov 2026"."""
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return the number with its noun: "1 picture", "2 pictures", "1,200 bytes"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
