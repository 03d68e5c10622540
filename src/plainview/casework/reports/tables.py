"""The shapes of a report: tables of words and numbers, bar charts, durations, and days grouped into weeks or months.

Owns these shapes. It must never contain a text of a report: `reports.sections` has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

Cell = str | int | None
"""A word, a number, or None, which is shown as a dash."""

_DAYS, _WEEKS = 31, 190  # longest periods, in days, shown by day and by week; longer ones are shown by month


@dataclass(frozen=True, slots=True)
class Chart:
    """Counts as bars, vertical for time, horizontal (`lying`) for words; `before` has the earlier period, same order."""

    title: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    before: tuple[int, ...] | None
    lying: bool

    @property
    def alt(self) -> str:
        """The chart in words."""
        bars = [f"{label} {count}" for label, count in zip(self.labels, self.counts, strict=True)]
        if self.before is not None:
            bars = [f"{words}, before {count}" for words, count in zip(bars, self.before, strict=True)]
        return f"{self.title}: {'; '.join(bars)}"


@dataclass(frozen=True, slots=True)
class Section:
    """One table under its title.

    `note` goes above it; the first `keys` cells name a row; `chart_only`: on paper the chart replaces the table.
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
        """For each column, whether it has only numbers and dashes."""
        columns = [[row[i] for row in self.rows] for i in range(len(self.heads))]
        return tuple(
            any(isinstance(cell, int) for cell in column) and not any(isinstance(cell, str) for cell in column)
            for column in columns
        )


def duration(seconds: int | None) -> str | None:
    """Return whole seconds in words, in the two largest units."""
    if seconds is None:
        return None
    parts: list[str] = []
    rest = seconds
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (parts and len(parts) < 2):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def buckets(by_day: Mapping[str, int], period: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return (label, count) for every day, week or month of a period, including empty ones."""
    since, until = date.fromisoformat(period["since"]), date.fromisoformat(period["until"])
    counts: dict[str, int] = {}
    long = (until - since).days + 1
    for day in _days(since, until):
        if long <= _DAYS:
            label = f"{day:%-d %b}"
        elif long <= _WEEKS:
            label = f"{max(since, day - timedelta(days=day.weekday())):%-d %b}"
        else:
            label = f"{day:%b %Y}"
        counts[label] = counts.get(label, 0) + by_day.get(day.isoformat(), 0)
    return list(counts.items())


def _days(since: date, until: date) -> Iterable[date]:
    return (since + timedelta(days=n) for n in range((until - since).days + 1))
