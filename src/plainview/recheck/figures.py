"""From counts to what an agency's part of the register says: the rule of small cells applied, nothing else added.

Owns the names of these figures. The register and its check both call `figures`, so a figure that does not follow from
the log shows. It must never see a name, a case or a search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from plainview.policy.small_cells import Period, periods, split, stepped
from plainview.recheck.tally import (
    ERASED,
    FLAG,
    GONE,
    LEAD,
    OUTCOME,
    PROGRAM,
    RECEIVED,
    REFUSED,
    RIGHTS,
    SEARCH,
    SENT,
    URGENT,
    WITHOUT,
    WRONG,
    Tally,
    months_between,
)

_SETTLED = timedelta(hours=1)
"""How long after its end a month is counted: entries that were begun in it are written by then."""


def counted_until(now: datetime, *, sample: bool) -> str:
    """The last month that is counted: the last whole one, or the running one of an agency that is made up."""
    running = (now if sample else now - _SETTLED).date()
    return f"{running if sample else running.replace(day=1) - timedelta(days=1):%Y-%m}"


def figures(tally: Tally, agency: str, first: str, until: str, *, sample: bool) -> dict[str, Any]:
    """Every figure of an agency that can be counted again from the log.

    Args:
        tally: the counts.
        agency: its public id.
        first, until: the months from which and up to which it is counted; none when `until` comes before.
        sample: a made-up agency: its total is stated as it is, for there is nobody to protect.
    """
    months = months_between(first, until)
    counts = {month: tally.counts.get(agency, {}).get(month, {}) for month in months}
    by_offence = tally.by_offence(agency)
    rows = periods(months, by_offence)
    total = sum(sum(by_offence.get(month, {}).values()) for month in months)
    shown = [period for period in rows if period.searches is not None]
    released = sum(period.searches or 0 for period in shown)
    counted = [
        (period.searches or 0, [counts[month] for month in months_between(period.first, period.last)])
        for period in shown
    ]
    named: Counter[str] = Counter()
    for period in shown:
        named.update(period.offences)
    answered, without = split((whole, [_sum(these, WITHOUT)]) for whole, these in counted)
    looked_at, urgent = split(
        (whole, [_sum(these, ERASED), _sum(these, URGENT) - _sum(these, ERASED)]) for whole, these in counted
    )

    def moving(name: str) -> int | None:
        return stepped(accumulate(counts[month].get(name, 0) for month in months))

    names = sorted({name for month in counts.values() for name in month})
    return {
        "counted_from": first,
        "counted_until": until,
        "searches": total if sample else released if released or not total else None,
        "held_back": any(period.searches is None for period in rows),
        "zero_use": bool(months) and total == 0,
        "by_month": [_period(period) for period in rows],
        "by_offence": dict(sorted(named.items())),
        "other_offences": sum(period.other for period in shown),
        "without_candidate": {"searches": answered, "without": sum(without)},
        "urgent": {"searches": looked_at, "urgent": sum(urgent), "erased": sum(urgent[:1])},
        SENT: moving(SENT),
        RECEIVED: moving(RECEIVED),
        "searches_by_programs": moving(PROGRAM),
        "leads": moving(LEAD),
        "outcomes": {word: count for word, count in _numbers(names, OUTCOME, moving) if word != "wrong person"},
        "wrong_person_reports": _sum(counts.values(), WRONG),
        "refusals": dict(_numbers(names, REFUSED, moving)),
        "flags": _nested(_numbers(names, FLAG, moving)),
        "rights": dict(_numbers(names, RIGHTS, moving)),
        "references_erased": dict(_numbers(names, GONE, moving)),
    }


def contradicted(tally: Tally, agency: str, first: str, last: str) -> bool:
    """True when the log holds a search of the agency in these months, or that it asked another one to search."""
    recorded = tally.counts.get(agency, {})
    names = [name for month in months_between(first, last) for name in recorded.get(month, {})]
    return any(name.startswith(SEARCH) or name == SENT for name in names)


def _numbers(names: Iterable[str], prefix: str, moving: Callable[[str], int | None]) -> list[tuple[str, int | None]]:
    return [(name.removeprefix(prefix), moving(name)) for name in names if name.startswith(prefix)]


def _nested(flags: Iterable[tuple[str, int | None]]) -> dict[str, dict[str, int | None]]:
    """Rule -> what was decided -> how often."""
    nested: dict[str, dict[str, int | None]] = {}
    for name, count in flags:
        rule, _, outcome = name.rpartition(":")
        nested.setdefault(rule, {})[outcome] = count
    return nested


def _period(period: Period) -> dict[str, Any]:
    return {
        "from": period.first,
        "until": period.last,
        "searches": period.searches,
        "offences": period.offences,
        "other": period.other,
    }


def _sum(months: Iterable[dict[str, int]], name: str) -> int:
    return sum(month.get(name, 0) for month in months)
