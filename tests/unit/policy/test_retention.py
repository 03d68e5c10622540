"""The judge and its rules: a hold always wins, the first day counts, a rule of one's own replaces the agency's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.factories.decisions import rule_of

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
    event_day,
    free,
    hold_complete,
    hold_review,
    judge,
    list_unchanged,
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


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (free((), "R1"), None),
        (free(("H1",), "R1"), "hold.in_force"),
        (hold_complete("the appeal runs", "court of X"), None),
        (hold_complete("appeal runs", "court of X"), "hold.incomplete"),
        (hold_complete("the appeal runs", " "), "hold.incomplete"),
        (hold_review(None, TODAY), None),
        (hold_review(TODAY + timedelta(days=1), TODAY), None),
        (hold_review(TODAY, TODAY), "hold.review"),
        (event_day(TODAY, TODAY), None),
        (event_day(TODAY + timedelta(days=1), TODAY), "retention.event_day"),
        (list_unchanged(0, 0), None),
        (list_unchanged(1, 0), "retention.changed"),
        (list_unchanged(0, 1), "retention.changed"),
    ],
)
def test_rule(answer: object, rule: str | None) -> None:
    assert rule_of(answer) == rule


@pytest.mark.parametrize(("holds", "words"), [(("H1",), "by hold H1."), (("H1", "H2"), "by holds H1, H2.")])
def test_every_hold_is_named(holds: tuple[str, ...], words: str) -> None:
    assert words in str(free(holds, "R1"))


@pytest.mark.parametrize(
    ("days", "place", "says"),
    [
        (0, {}, "References are erased at once after they were enrolled."),
        (1, {"gallery": "g"}, "References of gallery g are erased a day after they were enrolled."),
        (1000, {"gallery": ""}, "References are erased 1,000 days after they were enrolled."),
    ],
)
def test_a_rule_is_a_sentence(days: int, place: dict[str, str], says: str) -> None:
    assert _rule("a", days, **place).says == says


def test_a_rule_of_a_case_names_it() -> None:
    rule = Rule("a", What.SEARCHES, After.CASE_CLOSED, 2, case="C-1")
    assert "of case C-1 are erased 2 days" in rule.says


def test_a_cases_rule_binds_that_case_only() -> None:
    own = Rule("own", What.SEARCHES, After.CASE_CLOSED, 2, case="C-1")
    common = Rule("common", What.SEARCHES, After.CASE_CLOSED, 9)
    rules = Rules(False, (common, own))
    assert rules.of(What.SEARCHES, case="C-1") == (own,)
    assert rules.of(What.SEARCHES, case="C-2") == (common,)
    assert rules.of(What.SEARCHES) == (common,)


def test_of_two_rules_the_first_day_counts_and_then_the_name() -> None:
    early, late, named = _rule("z", 5), _rule("a", 6, After.CAPTURE), _rule("b", 5, After.ACQUITTAL)
    day = TODAY - timedelta(days=10)
    thing = Item(What.REFERENCES, {After.ENROLMENT: day, After.CAPTURE: day, After.ACQUITTAL: day}, "g")
    assert judge(thing, Rules(False, (late, early)), TODAY).rule == early
    assert judge(thing, Rules(False, (early, named)), TODAY).rule == named


def test_an_unsolved_case_waits_for_its_alerts_but_not_after_an_acquittal() -> None:
    closed = Rule("closed", What.SEARCHES, After.CASE_CLOSED, 1)
    acquitted = Rule("acquitted", What.SEARCHES, After.ACQUITTAL, 1)
    long_ago = TODAY - timedelta(days=9)
    rules = Rules(False, (closed, acquitted))
    assert not Item(What.SEARCHES, {}).unsolved
    waiting = Item(What.SEARCHES, {After.CASE_CLOSED: long_ago}, case="C-1", unsolved=True)
    assert judge(waiting, rules, TODAY) == Verdict(State.KEPT)
    freed = Item(What.SEARCHES, {After.CASE_CLOSED: long_ago, After.ACQUITTAL: long_ago}, case="C-1", unsolved=True)
    assert judge(freed, rules, TODAY).rule == acquitted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("days = 1", "days = 0"),
        ("days = 1", "days = 36525"),
        ('"a"', '"a' + "b" * 39 + '"'),
        ("days = 1", 'days = 1\ngallery = " g "'),
    ],
)
def test_a_rule_at_its_limits_is_taken(old: str, new: str) -> None:
    (rule,) = parse(_GOOD.replace(old, new, 1)).rules
    assert rule.gallery in ("", "g")


def test_an_agency_has_at_most_five_hundred_rules() -> None:
    def rules(count: int) -> str:
        table = '[[rule]]\nid = "r{0}"\nwhat = "references"\nafter = "enrolment"\ndays = 1\ngallery = "g{0}"\n'
        return "automatic = true\n" + "".join(table.format(i) for i in range(count))

    assert len(parse(rules(500)).rules) == 500
    with pytest.raises(Refused, match="at most 500"):
        parse(rules(501))
    assert parse("automatic = true").rules == ()


def test_the_fault_names_its_rule_by_number_or_id() -> None:
    with pytest.raises(Refused, match="Rule 1: its fields do not fit"):
        parse(_GOOD.replace("days = 1", ""))
    with pytest.raises(Refused, match="Rule a: days"):
        parse(_GOOD.replace("days = 1", "days = -1"))


def test_what_is_due_is_kept_by_its_holds_which_are_named() -> None:
    rules = Rules(False, (_rule("age", 365),))
    for days, state, holds in ((364, State.LATER, ()), (365, State.HELD, ("O1", "O2"))):
        thing = Item(What.REFERENCES, {After.ENROLMENT: TODAY - timedelta(days=days)}, "g", holds=("O1", "O2"))
        verdict = judge(thing, rules, TODAY)
        assert (verdict.state, verdict.rule, verdict.holds) == (state, rules.rules[0], holds)


def test_the_fields_that_do_not_fit_are_named() -> None:
    with pytest.raises(Refused, match=r"\(colour, days\)"):
        parse(_GOOD.replace("days = 1", "colour = 1"))
