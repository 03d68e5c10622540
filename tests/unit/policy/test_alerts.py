"""The limits of alerts, and when a member is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy.alerts import (
    DEFAULT_ONE_IN,
    MAX_ALERT_DAYS,
    MAX_ONE_IN,
    MIN_ONE_IN,
    UNSOLVED_DAYS,
    alert_days,
    alert_rarity,
    alert_reached,
    hours_exist,
    next_moment,
)
from plainview.policy.decision import Allow, Refused

HOURS = st.none() | st.integers(0, 23)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_limits() -> None:
    assert isinstance(alert_days(30, 30), Allow)
    assert isinstance(alert_days(31, 30), Refused)
    assert isinstance(alert_days(0, 30), Refused)
    assert isinstance(alert_rarity(MIN_ONE_IN), Allow)
    assert isinstance(alert_rarity(MIN_ONE_IN - 1), Refused)
    assert isinstance(alert_rarity(MAX_ONE_IN + 1), Refused)
    assert isinstance(alert_reached(999.0, 1000, "g"), Refused)
    assert isinstance(alert_reached(1000.0, 1000, "g"), Allow)


def test_hours() -> None:
    assert isinstance(hours_exist(0, None, None), Allow)
    assert isinstance(hours_exist(24, 22, 6), Allow)
    for wrong in ((25, None, None), (-1, None, None), (0, 24, 6), (0, 22, None), (0, None, 6), (0, -1, 2)):
        assert isinstance(hours_exist(*wrong), Refused)


def test_at_once_in_a_digest_and_after_the_night() -> None:
    now = datetime(2026, 11, 25, 22, 40, 5, tzinfo=UTC)

    def due(digest: int = 0, begin: int | None = None, end: int | None = None) -> datetime:
        return next_moment(now, digest_hours=digest, quiet_from=begin, quiet_until=end)

    assert due() == now
    assert due(24) == datetime(2026, 11, 26, tzinfo=UTC)
    assert due(6) == datetime(2026, 11, 26, tzinfo=UTC)
    assert due(0, 22, 7) == datetime(2026, 11, 26, 7, tzinfo=UTC)
    assert due(0, 8, 20) == now
    assert due(24, 22, 7) == datetime(2026, 11, 26, 7, tzinfo=UTC)


@given(MOMENTS, st.integers(0, 24), HOURS, HOURS)
def test_never_in_quiet_hours_never_before_now_and_within_two_days(
    now: datetime, digest: int, begin: int | None, end: int | None
) -> None:
    due = next_moment(now, digest_hours=digest, quiet_from=begin, quiet_until=end)
    assert now <= due <= now + timedelta(days=2)
    if begin is not None and end is not None and begin != end:
        quiet = begin <= due.hour < end if begin < end else (due.hour >= begin or due.hour < end)
        assert not quiet


def test_the_edges_of_the_limits() -> None:
    assert (MAX_ALERT_DAYS, UNSOLVED_DAYS, DEFAULT_ONE_IN) == (90, 365, 100_000)
    assert isinstance(alert_days(1, 30), Allow)
    assert isinstance(alert_rarity(1_000), Allow)
    assert isinstance(alert_rarity(999), Refused)
    assert isinstance(alert_rarity(10_000_000_000), Allow)
    assert isinstance(alert_rarity(10_000_000_001), Refused)
    assert isinstance(hours_exist(0, 0, 23), Allow)
    assert isinstance(hours_exist(0, 23, 0), Allow)


@pytest.mark.parametrize(("begin", "end", "quiet"), [(22, 6, {22, 23, 0, 5}), (8, 20, {8, 19}), (6, 22, {6, 21})])
def test_quiet_hours_begin_with_their_first_and_end_before_their_last(begin: int, end: int, quiet: set[int]) -> None:
    for hour in (0, 5, 6, 7, 8, 19, 20, 21, 22, 23):
        now = datetime(2026, 11, 25, hour, 30, tzinfo=UTC)
        due = next_moment(now, digest_hours=0, quiet_from=begin, quiet_until=end)
        between = begin <= hour < end if begin < end else not end <= hour < begin
        assert (due == now) is not between
        assert hour not in quiet or due.hour == end
