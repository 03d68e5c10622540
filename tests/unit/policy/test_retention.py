"""The judge and its rules: a hold always wins, the first day counts, a rule of one's own replaces the agency's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from plainview.policy.decision import Refused
from plainview.policy.retention import (
    BEGINNING,
    MAX_DAYS,
    After,
    Item,
    Rule,
    Rules,
    State,
    Verdict,
    What,
    due_on,
    judge,
    parse,
)

TODAY = date(2026, 6, 1)
DAYS = some.dates(date(1950, 1, 1), date(2100, 1, 1))
_RULES = some.builds(
    Rule,
    some.from_regex(r"[a-z]{1,8}", fullmatch=True),
    some.sampled_from(What),
    some.sampled_from(After),
    some.integers(0, MAX_DAYS),
    some.sampled_from(["", "g"]),
    some.sampled_from(["", "C-1"]),
)
_THINGS = some.builds(
    Item,
    some.sampled_from(What),
    some.dictionaries(some.sampled_from(After), DAYS),
    some.just("g"),
    some.just("C-1"),
    some.lists(some.sampled_from(["O1", "O2"]), max_size=2).map(tuple),
    some.booleans(),
)


@given(_THINGS, some.lists(_RULES, max_size=6), DAYS)
def test_a_hold_always_wins(thing: Item, rules: list[Rule], today: date) -> None:
    verdict = judge(thing, Rules(False, tuple(rules)), today)
    free = judge(
        Item(thing.what, thing.happened, thing.gallery, thing.case, (), thing.unsolved),
        Rules(False, tuple(rules)),
        today,
    )
    if thing.holds:
        assert verdict.state is not State.DUE
        assert (verdict.state is State.HELD) == (free.state is State.DUE)
        assert (verdict.rule, verdict.on) == (free.rule, free.on)
    if verdict.state in (State.DUE, State.HELD):
        assert verdict.rule is not None
        assert verdict.rule.what is thing.what
        assert verdict.on == due_on(thing.happened[verdict.rule.after], verdict.rule.days) <= today
        assert not (thing.unsolved and verdict.rule.after is After.CASE_CLOSED)


@given(_THINGS, some.lists(_RULES, max_size=6), DAYS)
def test_what_is_due_stays_due(thing: Item, rules: list[Rule], today: date) -> None:
    if judge(thing, Rules(False, tuple(rules)), today).state is State.DUE:
        assert judge(thing, Rules(False, tuple(rules)), today + timedelta(days=1)).state is State.DUE


def _rule(name: str, days: int, after: After = After.ENROLMENT, **place: str) -> Rule:
    return Rule(name, What.REFERENCES, after, days, **place)


def test_the_last_day_is_kept_and_the_next_is_due() -> None:
    thing = Item(What.REFERENCES, {After.ENROLMENT: TODAY - timedelta(days=364)}, "g")
    rules = Rules(False, (_rule("age", 365),))
    assert judge(thing, rules, TODAY) == Verdict(State.LATER, rules.rules[0], TODAY + timedelta(days=1))
    assert judge(thing, rules, TODAY + timedelta(days=1)).state is State.DUE


def test_a_gallerys_own_rule_replaces_the_agencys_of_the_same_beginning() -> None:
    common, own, other = _rule("a", 1), _rule("b", 900, gallery="g"), _rule("c", 7, After.ACQUITTAL)
    rules = Rules(False, (common, own, other))
    assert rules.of(What.REFERENCES, gallery="g") == (own, other)
    assert rules.of(What.REFERENCES, gallery="h") == (common, other)
    assert rules.of(What.SEARCHES, case="C-1") == ()


def test_an_end_of_time_is_no_error() -> None:
    assert due_on(date(9999, 12, 30), 5) == date.max


def test_the_beginning_rules_erase_nothing_by_age() -> None:
    told = parse(BEGINNING)
    assert told.automatic is False
    assert {rule.after for rule in told.rules} == {
        After.COURT_ORDER,
        After.CONSENT_END,
        After.ACQUITTAL,
        After.GALLERY_END,
    }
    assert told.rules[-1].says == "References are erased 30 days after the gallery's passport ended."


_GOOD = 'automatic = false\n[[rule]]\nid = "a"\nwhat = "references"\nafter = "enrolment"\ndays = 1\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("automatic = false", ""),
        ("false", '"no"'),
        ("[[rule]]", "[rule]"),
        ('"a"', '"A b"'),
        ("days = 1", ""),
        ("days = 1", "days = -1"),
        ("days = 1", "days = true"),
        ("days = 1", f"days = {MAX_DAYS + 1}"),
        ('"references"', '"pictures"'),
        ('"enrolment"', '"case closed"'),
        ("days = 1", 'days = 1\ncase = "C"'),
        ("days = 1", 'days = 1\ngallery = " "'),
        ("days = 1", "days = 1\nwhy = 1"),
        ("automatic", "automatik"),
        ("[[rule]]", "[[rule]"),
    ],
)
def test_a_rule_that_is_not_understood_is_refused(old: str, new: str) -> None:
    assert len(parse(_GOOD).rules) == 1
    with pytest.raises(Refused) as caught:
        parse(_GOOD.replace(old, new, 1))
    assert caught.value.rule_id == "retention.invalid"


def test_two_rules_for_the_same_are_refused() -> None:
    again = _GOOD.partition("\n")[2]
    for text in (_GOOD + again, _GOOD + again.replace('"a"', '"b"')):
        with pytest.raises(Refused, match="Two rules have the same"):
            parse(text)


@given(some.text(max_size=200))
def test_any_text_is_rules_or_refused(text: str) -> None:
    try:
        parse(text)
    except Refused as refused:
        assert refused.rule_id == "retention.invalid"  # noqa: PT017
