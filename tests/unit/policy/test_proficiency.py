"""A rate is said only where there are enough cases; a person's own figures are told once a week."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy.decision import Allow, Refused
from plainview.policy.examination import INCONCLUSIVE, NOT, POTENTIAL
from plainview.policy.proficiency import (
    Known,
    Share,
    median_seconds,
    proficiency,
    told_until,
    two_pictures,
)


def test_a_share_of_few_is_insufficient_data() -> None:
    assert (Share(9, 9).rate, Share(9, 9).text) == (None, "9 of 9: insufficient data")
    assert (Share(9, 10).rate, Share(9, 10).text) == (0.9, "9 of 10 (0.90)")
    assert Share(0, 0).rate is None


def test_answers_are_counted_by_what_is_known() -> None:
    counted = proficiency(
        [
            Known(True, POTENTIAL, 3, 0),
            Known(True, NOT, 3, 1),
            Known(True, INCONCLUSIVE, 3, 0),
            Known(False, NOT, 2, 0),
            Known(False, POTENTIAL, 3, 2),
        ]
    )
    assert (counted.found, counted.missed) == (Share(1, 3), Share(1, 3))
    assert counted.told_apart == Share(1, 2)
    assert counted.mistaken == Share(1 + 3, 2 + 14)  # one similar person and three foils
    assert counted.undecided == Share(1, 5)


def test_a_median_needs_ten() -> None:
    assert median_seconds([1.0] * 9) is None
    assert median_seconds([*[10.0] * 5, *[20.0] * 5]) == 15


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 25, 17, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        (datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)),
    ],
)
def test_own_figures_reach_to_the_last_monday(now: datetime, until: datetime) -> None:
    assert told_until(now) == until


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year > 1))
def test_they_never_reach_past_now_and_change_once_a_week(now: datetime) -> None:
    until = told_until(now)
    assert until <= now
    assert (now - until).days < 7
    assert until.weekday() == 0


def test_one_picture_is_no_item() -> None:
    assert isinstance(two_pictures("a", "a"), Refused)
    assert isinstance(two_pictures("a", "b"), Allow)
