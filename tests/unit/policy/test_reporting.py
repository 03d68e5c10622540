"""Periods of reports, and when one is owed."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy.agency import NEW_AGENCY, parse
from plainview.policy.decision import Allow, Refused
from plainview.policy.reporting import (
    COMMON_CASES,
    DEFAULT_DAYS,
    EVERY,
    PROFICIENCY_DAYS,
    Period,
    default_period,
    owed,
    period_fits,
    recipients_fit,
    rhythm_known,
    trained_until,
)
from plainview.policy.roles import Role
from plainview.policy.search import TrainingFacts, trained

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(DAYS, st.integers(0, 500))
def test_the_period_before_is_as_long_and_ends_the_day_before(day: date, length: int) -> None:
    period = Period(day, day + timedelta(days=length))
    before = period.before()
    assert before.until + timedelta(days=1) == period.since
    assert before.until - before.since == period.until - period.since


@given(st.sampled_from(EVERY), DAYS, st.integers(0, 200))
def test_every_day_is_owed_once_and_only_when_its_week_or_month_is_over(
    every: str, sent_until: date, later: int
) -> None:
    today = sent_until + timedelta(days=later)
    periods = owed(every, sent_until, today)
    for period in periods:
        assert sent_until < period.until < today
        assert period.since.weekday() == 0 if every == "weekly" else period.since.day == 1
        assert (period.until + timedelta(days=1)).weekday() == 0 or every == "monthly"
        assert (period.until + timedelta(days=1)).day == 1 or every == "weekly"
    for one, following in itertools.pairwise(periods):
        assert one.until + timedelta(days=1) == following.since
    if periods:
        assert periods[0].since <= sent_until + timedelta(days=1)
        assert owed(every, periods[-1].until, today) == []


def test_a_period_is_over_and_not_too_long() -> None:
    today = date(2026, 11, 25)
    assert default_period(today) == Period(date(2026, 10, 27), today)
    assert (default_period(today).until - default_period(today).since).days + 1 == DEFAULT_DAYS
    assert isinstance(period_fits(Period(today, today), today), Allow)
    for since, until in ((today, today - timedelta(days=1)), (date(2000, 1, 1), today)):
        answer = period_fits(Period(since, until), today)
        assert isinstance(answer, Refused)
        assert answer.rule_id == "report.period"
    answer = period_fits(Period(today, today + timedelta(days=1)), today)
    assert isinstance(answer, Refused)
    assert answer.rule_id == "report.future"


def test_recipients_may_read() -> None:
    assert isinstance(recipients_fit([("a@x.example", True)]), Allow)
    for told in ([], [("a@x.example", True), ("b@x.example", False)]):
        assert isinstance(recipients_fit(told), Refused)


COURSE = "facial examination, FISWG curriculum"


@pytest.mark.parametrize("role", [Role.EXAMINER, Role.VERIFIER])
@given(
    st.lists(st.builds(TrainingFacts, st.sampled_from([COURSE, COURSE.upper(), "other"]), st.integers(20, 30), DAYS)),
    DAYS,
)
def test_trained_until_agrees_with_the_rule(role: Role, trainings: list[TrainingFacts], today: date) -> None:
    policy = parse(NEW_AGENCY)
    until = trained_until(role, trainings, policy)
    allowed = isinstance(trained(role, trainings, policy, today), Allow)
    assert allowed == (until is not None and until >= today)


def test_a_period_has_at_most_ten_years() -> None:
    today = date(2026, 6, 1)
    longest = Period(today - timedelta(days=3659), today)
    assert isinstance(period_fits(longest, today), Allow)
    assert isinstance(period_fits(Period(today - timedelta(days=3660), today), today), Refused)
    assert isinstance(period_fits(Period(today, today), today), Allow)


def test_a_period_is_said_as_two_days() -> None:
    period = Period(date(2026, 1, 2), date(2026, 2, 3))
    assert str(period) == "2026-01-02 to 2026-02-03"
    assert period.to_dict() == {"since": "2026-01-02", "until": "2026-02-03"}


@pytest.mark.parametrize(("every", "known"), [("weekly", True), ("monthly", True), ("daily", False), ("", False)])
def test_a_report_is_sent_weekly_or_monthly(every: str, known: bool) -> None:
    assert isinstance(rhythm_known(every), Allow if known else Refused)


def test_what_was_chosen() -> None:
    assert (COMMON_CASES, PROFICIENCY_DAYS) == (3, 365)


def test_months_are_owed_whole_the_oldest_first() -> None:
    assert [str(period) for period in owed("monthly", date(2025, 12, 31), date(2026, 3, 1))] == [
        "2026-01-01 to 2026-01-31",
        "2026-02-01 to 2026-02-28",
    ]
    assert [str(period) for period in owed("weekly", date(2026, 11, 22), date(2026, 12, 7))] == [
        "2026-11-23 to 2026-11-29",
        "2026-11-30 to 2026-12-06",
    ]
