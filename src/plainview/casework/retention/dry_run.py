"""Dry run of new retention rules: what they would call due today that the rules in force do not, and the reverse.

Owns the comparison. It must never change a rule, nor erase anything.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from plainview.casework.models import Agency
from plainview.casework.retention.outlook import MOST_COUNTED
from plainview.casework.retention.read import AHEAD_DAYS, judged, rules_of
from plainview.policy.retention import Rule, Rules, State


@dataclass(frozen=True, slots=True)
class Due:
    """What a set of rules calls due on a day.

    Attributes:
        due: items.
        recent: of these, the items whose day was in the last AHEAD_DAYS days.
        on_hold: items past their day that a hold keeps; they are not in `due`.
        by_rule: (rule, items due by it), most first.
        more: there are more than MOST_COUNTED items, and the rest were not counted.
    """

    due: int
    recent: int
    on_hold: int
    by_rule: list[tuple[Rule, int]]
    more: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """The rules in force beside the new ones, on the same day; `since` is the first of the last AHEAD_DAYS days."""

    since: date
    now: Due
    new: Due


def dry_run(rules: Rules, agency: Agency, today: date) -> Trial:
    """Judge everything that the agency keeps by the rules in force and by other rules."""
    since = today - timedelta(days=AHEAD_DAYS)
    _, in_force = rules_of(agency)
    return Trial(since, _due(in_force, agency, today, since), _due(rules, agency, today, since))


def _due(rules: Rules, agency: Agency, today: date, since: date) -> Due:
    by_rule: Counter[str] = Counter()
    recent = on_hold = counted = 0
    for judgement in islice(judged(agency, today, rules=rules, together=True), MOST_COUNTED + 1):
        counted += 1
        verdict = judgement.verdict
        if counted > MOST_COUNTED or verdict.rule is None or verdict.on is None:
            break
        if verdict.state is State.HELD:
            on_hold += judgement.count
            continue
        by_rule[verdict.rule.id] += judgement.count
        recent += judgement.count if verdict.on >= since else 0
    named = {rule.id: rule for rule in rules.rules}
    rows = [(named[rule_id], count) for rule_id, count in by_rule.most_common()]
    return Due(by_rule.total(), recent, on_hold, rows, counted > MOST_COUNTED)
