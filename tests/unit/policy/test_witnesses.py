"""Searches stop when entries have waited too long for enough witnesses, and only where witnesses are needed."""

from __future__ import annotations

import pytest

from plainview.policy.decision import Allow, Refused
from plainview.policy.witnesses import STOP_AFTER_HOURS, Witnessing, witnessed


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        (Witnessing(), True),
        (Witnessing(needed=0, waiting_hours=10_000.0), True),
        (Witnessing(needed=1, waiting_hours=0.0), True),
        (Witnessing(needed=1, waiting_hours=24.0), True),
        (Witnessing(needed=1, waiting_hours=24.01), False),
        (Witnessing(needed=3, waiting_hours=2.5, stop_after_hours=2), False),
        (Witnessing(needed=3, waiting_hours=2.0, stop_after_hours=2), True),
    ],
)
def test_the_oldest_entry_that_waits_decides(facts: Witnessing, allowed: bool) -> None:
    assert isinstance(witnessed(facts), Allow) is allowed


def test_a_refusal_says_how_many_how_long_and_whom_to_ask() -> None:
    refusal = witnessed(Witnessing(needed=2, waiting_hours=30.7))
    assert isinstance(refusal, Refused)
    assert refusal.rule_id == "log.unwitnessed"
    assert "2 witnesses must" in refusal.why
    assert "30 hours old" in refusal.why
    assert f"{STOP_AFTER_HOURS} are allowed" in refusal.why
    assert "operator" in refusal.next_step
