"""Who may sign in: the limits of CJIS Security Policy 5.9.4 at their edges, and each reason against it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from plainview.policy.decision import Allow, Refused
from plainview.policy.signing_in import (
    REAUTHENTICATE,
    RESET_DAYS,
    TWO_PLACES,
    idle,
    locks,
    may_sign_in,
    not_locked,
    wait,
)

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def test_five_failures_within_fifteen_minutes_lock_an_account() -> None:
    just_within = NOW - 15 * MINUTE + SECOND
    assert locks([just_within] * 5, NOW)
    assert not locks([just_within] * 4, NOW)
    assert not locks([*[just_within] * 4, NOW - 15 * MINUTE], NOW)
    assert locks([*[just_within] * 4, NOW], NOW)
    assert not locks([*[just_within] * 4, NOW + SECOND], NOW)


def test_a_wrong_password_waits_longer_each_time_and_never_without_end() -> None:
    assert [wait(failures, NOW, NOW) / MINUTE for failures in (4, 5, 6, 7, 10, 11, 500)] == [0, 1, 2, 4, 32, 60, 60]
    assert [wait(failures, NOW, NOW, everywhere=True) / MINUTE for failures in (19, 20, 21, 500)] == [0, 1, 2, 15]


def test_a_wait_is_over_in_time_and_a_day_later_all_is_forgotten() -> None:
    assert wait(5, NOW - MINUTE + SECOND, NOW) == SECOND
    assert not wait(5, NOW - MINUTE, NOW)
    assert not wait(500, NOW - timedelta(days=1), NOW)


def test_a_locked_account_does_nothing() -> None:
    assert isinstance(not_locked(locked=False), Allow)
    answer = not_locked(locked=True)
    assert isinstance(answer, Refused)
    assert answer.rule_id == "member.locked"


def test_a_session_ends_after_thirty_minutes_without_a_request() -> None:
    assert idle(NOW - 30 * MINUTE, NOW)
    assert not idle(NOW - 30 * MINUTE + SECOND, NOW)


def test_a_clock_that_was_set_back_by_more_than_a_minute_ends_it_too() -> None:
    assert not idle(NOW + MINUTE, NOW)
    assert idle(NOW + MINUTE + SECOND, NOW)


def test_the_times_that_were_chosen() -> None:
    assert (REAUTHENTICATE, TWO_PLACES, RESET_DAYS) == (5 * MINUTE, 10 * MINUTE, 2)


TODAY = date(2026, 3, 4)
FACTS: dict[str, Any] = {
    "is_active": True,
    "locked": False,
    "ends_on": None,
    "today": TODAY,
    "agency_open": True,
    "sample_member": False,
    "sample_workspace": False,
}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"sample_workspace": True},
        {"sample_member": True, "sample_workspace": True},
        {"ends_on": TODAY},
        {"ends_on": TODAY + timedelta(days=1)},
    ],
)
def test_an_active_member_of_an_open_agency_may_sign_in(changed: dict[str, Any]) -> None:
    assert isinstance(may_sign_in(**(FACTS | changed)), Allow)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"sample_member": True}, "member.sample"),
        ({"is_active": False}, "member.inactive"),
        ({"ends_on": TODAY - timedelta(days=1)}, "member.ended"),
        ({"locked": True}, "member.locked"),
        ({"agency_open": False}, "agency.not_open"),
    ],
)
def test_each_reason_against_it_is_named(changed: dict[str, Any], rule: str) -> None:
    answer = may_sign_in(**(FACTS | changed))
    assert isinstance(answer, Refused)
    assert answer.rule_id == rule
