"""What the retention rules will reach: due now and in the next days, by week, rule and place.

Owns the count. It must never erase, nor say which item.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from plainview.casework.models import Agency
from plainview.casework.retention.read import AHEAD_DAYS, judged
from plainview.policy.retention import Rule, State

MOST_COUNTED = 50_000
"""Most items that the page counts ahead: chosen, about two seconds of judging."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the rules will reach. `weeks`: (first day, count); `rows`: (rule, place, count, first day, on hold).

    `more`: there are more than MOST_COUNTED items, and the rest were not counted.
    """

    now: int
    on_hold: int
    more: bool
    weeks: list[tuple[date, int]]
    rows: list[tuple[Rule, str, int, date, int]]


def ahead(agency: Agency, today: date, days: int = AHEAD_DAYS) -> Ahead:
    """Count what is due now and in the next days, by week, rule and place."""
    now = on_hold = 0
    weeks = {today + timedelta(days=first): 0 for first in range(0, days, 7)}
    rows: dict[tuple[str, str], list[tuple[Rule, date, bool, int]]] = {}
    counted = 0
    for judgement in islice(judged(agency, today, until=today + timedelta(days=days), together=True), MOST_COUNTED + 1):
        counted += 1
        if counted > MOST_COUNTED:
            break
        rule, on = judgement.verdict.rule, judgement.verdict.on
        if rule is None or on is None:
            continue
        is_held = bool(judgement.verdict.holds)
        if judgement.verdict.state is State.LATER:
            weeks[today + timedelta(days=min((on - today).days, days - 1) // 7 * 7)] += judgement.count
        elif is_held:
            on_hold += judgement.count
        else:
            now += judgement.count
        rows.setdefault((rule.id, judgement.place), []).append((rule, on, is_held, judgement.count))
    places = [
        (
            lines[0][0],
            place,
            sum(count for *_, count in lines),
            min(on for _, on, _, _ in lines),
            sum(count for _, _, is_held, count in lines if is_held),
        )
        for (_, place), lines in rows.items()
    ]
    return Ahead(
        now,
        on_hold,
        counted > MOST_COUNTED,
        list(weeks.items()),
        sorted(places, key=lambda place_line: (place_line[3], place_line[0].id, place_line[1])),
    )
