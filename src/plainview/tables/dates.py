"""Dates of capture as sources state them: a day, a month or a year; never more than was said.

Owns the three precisions. A partial date is stored as its first day, with its precision beside it. It must never guess
which of two numbers is the day.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from plainview.policy.wording import day

Precision = Literal["day", "month", "year"]

FIRST = date(1826, 1, 1)
"""No photograph is older (Niépce, View from the Window at Le Gras, 1826 or 1827)."""

_TIME = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?: ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
_WRITTEN = re.compile(rf"([0-9]{{4}})(?:-([0-9]{{2}})(?:-([0-9]{{2}})(?:{_TIME})?)?)?")
_EITHER = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{2}|[0-9]{4})")
_AHEAD = timedelta(days=1)  # somewhere on Earth it is already tomorrow


def read_date(text: str) -> tuple[date, Precision]:
    """Return the first day of a date that is written as 2024-11-05, 2024-11 or 2024, and its precision.

    A time of day behind a day (2024-11-05T22:14:05Z, as databases write it) is left out; the day stays the one that is
    written.

    Raises:
        ValueError: it is not one; the message is a clause for people.
    """
    written = _WRITTEN.fullmatch(text)
    if not written:
        raise ValueError(f"{text[:40]!r} is not a date YYYY-MM-DD{_perhaps(text)}")
    year, month, number = (int(part) if part else 1 for part in written.groups())
    try:
        first = date(year, month, number)
    except ValueError:
        raise ValueError(f"{text!r} is not a date: there is no such day") from None
    return first, "day" if written[3] else "month" if written[2] else "year"


def _perhaps(text: str) -> str:
    """Return which date was perhaps meant, as a clause: a person decides that, also where only one is possible."""
    written = _EITHER.fullmatch(text)
    if not written:
        return ""
    a, b, year = map(int, written.groups())
    if len(written[3]) == 2:
        return ": which number is the day cannot be known"
    days = [date(year, month, number).isoformat() for month, number in ((b, a), (a, b)) if _exists(year, month, number)]
    return f"; perhaps {' or '.join(dict.fromkeys(days))} is meant" if days else ": there is no such day"


def _exists(year: int, month: int, number: int) -> bool:
    return year > 0 and 1 <= month <= 12 and 1 <= number <= calendar.monthrange(year, month)[1]


def read_capture_date(text: str) -> tuple[date, Precision]:
    """Return a date of capture; see `read_date`.

    Raises:
        ValueError: it is no date, is in the future, or is older than photography.
    """
    first, precision = read_date(text)
    if is_future(first):
        raise ValueError(f"{text!r} is in the future")
    if last_day(first, precision) < FIRST:
        raise ValueError(f"{text!r} is before the first photograph (1826)")
    return first, precision


def is_future(first: date) -> bool:
    """Say whether a date has begun nowhere on Earth yet."""
    return first > datetime.now(UTC).date() + _AHEAD


def last_day(first: date, precision: str) -> date:
    """Return the last day that a date may mean."""
    if precision == "year":
        return first.replace(month=12, day=31)
    if precision == "month":
        return first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return first


def iso(first: date, precision: str) -> str:
    """Return a date as it was written: "2024-11-05", "2024-11" or "2024"."""
    return first.isoformat()[: {"year": 4, "month": 7}.get(precision, 10)]


def shown(first: date, precision: str) -> str:
    """Return a date for people: "5 Nov 2024", "Nov 2024" or "2024"."""
    words = day(first).split(" ")
    return " ".join(words[{"year": 2, "month": 1}.get(precision, 0) :])


def apart(a: date, b: date, precision: str) -> str:
    """Return for people how many years are between the day `a` and the date `b` of this precision."""
    fewest, most = (round(years) for years in years_apart(a, b, precision))
    if years_apart(a, b, precision)[1] < 1:
        return "within a year"
    return f"{fewest} to {most} years" if fewest != most else f"{most} year{'' if most == 1 else 's'}"


def years_apart(a: date, b: date, precision: str) -> tuple[float, float]:
    """Return the fewest and the most years between the day `a` and the date `b` of this precision."""
    first, last = b, last_day(b, precision)
    ends = sorted(abs((a - end).days) / 365.25 for end in (first, last))
    return (0.0 if first <= a <= last else ends[0]), ends[1]
