"""The number beside Tasks is kept for some seconds, and made again as soon as its member acted, here or in another process."""

from __future__ import annotations

import pytest

from plainview.casework.models import Member
from plainview.web import tasks


class Now:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.time = 1000.0

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Now:
    now, waiting = Now(), iter(range(1, 100))
    monkeypatch.setattr(tasks, "time", now)
    monkeypatch.setattr(tasks, "_counts", {})
    monkeypatch.setattr(tasks, "_tasks", lambda member: range(next(waiting)))  # one more at every look
    return now


def test_a_count_is_kept_for_some_seconds_unless_its_member_acted(clock: Now) -> None:
    her, him = Member(pk=1), Member(pk=2)
    assert tasks.count(her) == 1
    clock.time += 14.9
    assert (tasks.count(her), tasks.count(him)) == (1, 2)
    assert tasks.count(her, acted=999.9) == 1
    assert tasks.count(her, acted=1000.0) == 3, "the act may have ended after the count began"
    clock.time += 15
    assert tasks.count(her) == 4
    tasks.forget(her)
    assert tasks.count(her) == 5
    assert tasks.remember(him, 7, clock.time) == tasks.count(him) == 7
