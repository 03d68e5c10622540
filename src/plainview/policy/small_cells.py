"""Which counts may be published: no number, and no difference between two registers, may point to a person.

Owns the arithmetic of suppression. Pure functions on counts by month. What is published is made of disjoint pieces, each
0 or at least `SMALLEST`, and of sums of them; a piece never changes once its months are over. Whatever is added up,
across rows, across columns or across registers of different days, is a sum of such pieces again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SMALLEST = 5
"""Counts from 1 up to one less than this are not published: chosen, as official statistics commonly do."""


def fits(count: int) -> bool:
    """Return whether the count points to nobody: it is zero, or large enough."""
    return count == 0 or count >= SMALLEST


@dataclass(frozen=True, slots=True)
class Period:
    """One row: a month, or several that are published together because the first of them had too few.

    Attributes:
        first, last: months, "2026-03".
        searches: their number; None in the newest row while it is 1 to 4, until later months have joined it.
        offences: offence -> searches, each at least `SMALLEST`.
        other: searches for offences that are not named, together; 0 or at least `SMALLEST`.
    """

    first: str
    last: str
    searches: int | None
    offences: dict[str, int]
    other: int


def periods(months: Iterable[str], counts: Mapping[str, Mapping[str, int]]) -> list[Period]:
    """Divide months, oldest first, into rows; more months later only change the last row, if it has no number.

    Args:
        months: every month from the first on, without a gap.
        counts: month -> offence -> searches; a month may be missing.
    """
    rows: list[Period] = []
    waiting: list[str] = []
    together: Counter[str] = Counter()
    for month in months:
        waiting.append(month)
        together.update(counts.get(month, {}))
        if fits(together.total()):
            offences, other = named(together)
            rows.append(Period(waiting[0], month, together.total(), offences, other))
            waiting, together = [], Counter()
    if waiting:
        rows.append(Period(waiting[0], waiting[-1], None, {}, 0))
    return rows


def named(cells: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Name the offences with enough searches; put the others together, and the smallest named with them if they are few.

    Args:
        cells: offence -> searches; their sum fits.

    Returns:
        (offence -> searches, searches for the others together).
    """
    shown = {name: count for name, count in sorted(cells.items()) if count >= SMALLEST}
    other = sum(cells.values()) - sum(shown.values())
    while not fits(other):
        other += shown.pop(min(shown, key=lambda name: (shown[name], name)))
    return shown, other


def split(rows: Iterable[tuple[int, Sequence[int]]]) -> tuple[int, list[int]]:
    """Publish parts of published wholes: rows wait until every part, and the rest, fits.

    Args:
        rows: (a whole that is published, disjoint parts of it), oldest first; the same number of parts each.

    Returns:
        (the sum of the wholes that are counted, the sums of their parts; no parts when no whole is counted).
    """
    whole, waiting_whole = 0, 0
    parts: list[int] = []
    waiting: list[int] = []
    for total, these in rows:
        waiting_whole, waiting = waiting_whole + total, _added(waiting, these)
        if all(map(fits, (*waiting, waiting_whole - sum(waiting)))):
            whole, parts = whole + waiting_whole, _added(parts, waiting)
            waiting_whole, waiting = 0, []
    return whole, parts


def _added(sums: list[int], these: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(sums or [0] * len(these), these, strict=True)]


def stepped(counts: Iterable[int]) -> int | None:
    """Publish a count that is no part of another: it moves only by `SMALLEST` or more.

    Args:
        counts: how many there were up to the end of each month, oldest first.

    Returns:
        The number as of the last month in which it moved; None for 1 to 4 of which none was ever published.
    """
    shown = count = 0
    for count in counts:
        if fits(count) and abs(count - shown) >= SMALLEST:
            shown = count
    return shown if shown or not count else None


def roughly(count: int) -> int | None:
    """Round a size that changes every day down to two digits: 12,345 is 12,000; None below 100."""
    return count // (step := 10 ** (len(str(count)) - 2)) * step if count >= 100 else None
