"""A clock that leapt stops what erases by time and nothing else; one person explains a wrong clock, another confirms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.decisions import rule_of

from plainview.policy.clock import AHEAD, BEHIND, explanation_fits, leapt, may_confirm, work_by_clock
from plainview.policy.decision import Refused

NEWEST = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_two_weeks_after_the_newest_entry_scheduled_work_goes_on_and_a_second_later_it_waits() -> None:
    assert not leapt(NEWEST, NEWEST + timedelta(days=14))
    assert leapt(NEWEST, NEWEST + timedelta(days=14) + SECOND)
    assert rule_of(work_by_clock(NEWEST, NEWEST + timedelta(days=14))) is None
    assert rule_of(work_by_clock(NEWEST, NEWEST + timedelta(days=14) + SECOND)) == "clock.leapt"


def test_a_clock_that_went_back_stops_nothing() -> None:
    assert rule_of(work_by_clock(NEWEST, NEWEST - timedelta(days=400))) is None


def test_the_refusal_says_what_the_clock_says_and_how_many_days_that_is() -> None:
    refused = work_by_clock(NEWEST, NEWEST + timedelta(days=30))
    assert isinstance(refused, Refused)
    assert "31 Mar 2026, 12:00 UTC, 30 days after" in refused.why


@pytest.mark.parametrize(
    ("wrong", "explanation", "closed", "rule"),
    [
        (AHEAD, "The battery was empty.", False, None),
        (BEHIND, "The battery was empty.", False, None),
        (AHEAD, "The battery was empty.", True, "clock.closed"),
        ("slow", "The battery was empty.", False, "clock.wrong"),
        (AHEAD, " \n", False, "clock.reason"),
    ],
)
def test_an_explanation_is_in_words_and_of_an_open_fault(
    wrong: str, explanation: str, closed: bool, rule: str | None
) -> None:
    assert rule_of(explanation_fits(wrong, explanation, closed)) == rule


@pytest.mark.parametrize(
    ("explained_by", "acting", "closed", "rule"),
    [
        ("a", "b", False, None),
        ("a", "a", False, "clock.own"),
        (None, "b", False, "clock.unexplained"),
        ("a", "b", True, "clock.closed"),
    ],
)
def test_another_person_confirms_an_explanation(
    explained_by: str | None, acting: str, closed: bool, rule: str | None
) -> None:
    assert rule_of(may_confirm(explained_by, acting, closed)) == rule
