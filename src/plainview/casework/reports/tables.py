"""What a report is shown as: tables of words and numbers, bars, times in words, and days gathered into weeks or months.

Owns these shapes. What stands in them is said in `report_sections`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

Cell = str | int | None
"""A word, a number, or nothing, which is shown as a dash."""

_DAYS, _WEEKS = 31, 190  # longest periods, in days, that are shown by day and by week; longer ones by month


@dataclass(frozen=True, slots=True)
class Chart:
    """Counts as bars: standing ones for time, lying ones for words; `before` is of the other period, in the same order."""

    title: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    before: tuple[int, ...] | None
    lying: bool

    @property
    def alt(self) -> str:
        """The same in words."""
        told = [f"{label} {count}" for label, count in zip(self.labels, self.counts, strict=True)]
        if self.before is not None:
            told = [f"{words}, before {count}" for words, count in zip(told, self.before, strict=True)]
        return f"{self.title}: {'; '.join(told)}"


@dataclass(frozen=True, slots=True)
class Section:
    """One table under its title.

    `note` is said above it; the first `keys` cells name a row; `chart_only`: on paper the chart says all that rows say.
    """

    key: str
    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    chart: Chart | None = None
    chart_only: bool = False
    keys: int = 1

    @property
    def numbers(self) -> tuple[bool, ...]:
        """Which columns hold numbers, and nothing else but dashes."""
        columns = [[row[i] for row in self.rows] for i in range(len(self.heads))]
        return tuple(
            any(isinstance(cell, int) for cell in column) and not any(isinstance(cell, str) for cell in column)
            for column in columns
        )


def duration(seconds: int | None) -> str | None:
    """Whole seconds in words, by its two largest units."""
    if seconds is None:
        return None
    found: list[str] = []
    rest = seconds
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (found and len(found) < 2):
            found.append(f"{count} {unit}")
    return " ".join(found[:2]) or "0 s"


def buckets(by_day: Mapping[str, int], period: Mapping[str, str]) -> list[tuple[str, int]]:
    """(label, count) of every day, week or month of a period, also of those without any."""
    since, until = date.fromisoformat(period["since"]), date.fromisoformat(period["until"])
    found: dict[str, int] = {}
    long = (until - since).days + 1
    for day in _days(since, until):
        if long <= _DAYS:
            label = f"{day:%-d %b}"
        elif long <= _WEEKS:
            label = f"{max(since, day - timedelta(days=day.weekday())):%-d %b}"
        else:
            label = f"{day:%b %Y}"
        found[label] = found.get(label, 0) + by_day.get(day.isoformat(), 0)
    return list(found.items())


def _days(since: date, until: date) -> Iterable[date]:
    return (since + timedelta(days=n) for n in range((until - since).days + 1))
