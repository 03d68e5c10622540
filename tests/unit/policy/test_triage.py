"""A quick review of a candidate list: what sets a candidate aside, and what concludes a whole list."""

from __future__ import annotations

import pytest
from tests.factories.decisions import rule_of

from plainview.policy.decision import Refused
from plainview.policy.triage import REASONS, every_one_seen, nobody_examined, not_examined, reason_known, stated


def test_a_candidate_is_set_aside_for_one_of_the_listed_reasons() -> None:
    assert sorted(REASONS) == ["2", "3", "4", "x"]
    assert {rule_of(reason_known(reason)) for reason in REASONS.values()} == {None}
    assert {rule_of(reason_known(reason)) for reason in ("", "x", "Other person", "ugly")} == {"triage.reason"}


def test_an_examination_remains_the_conclusion() -> None:
    assert rule_of(not_examined(False, 3)) is None
    assert rule_of(not_examined(True, 3)) == "triage.examined"


@pytest.mark.parametrize(
    ("open_ranks", "seen", "missing"),
    [
        ([], [], ""),
        ([1, 2, 3], [3, 2, 1], ""),
        ([2], [1, 2, 3], ""),
        ([3, 1, 2], [2], "1, 3"),
        ([1, 2], [], "1, 2"),
    ],
)
def test_a_list_is_concluded_when_every_open_candidate_was_on_the_screen(
    open_ranks: list[int], seen: list[int], missing: str
) -> None:
    decision = every_one_seen(open_ranks, seen)
    assert rule_of(decision) == ("triage.not_seen" if missing else None)
    if isinstance(decision, Refused):
        assert decision.why.endswith(f": {missing}.")


def test_none_of_these_is_not_for_a_list_with_a_potential_candidate() -> None:
    assert rule_of(nobody_examined(False)) is None
    assert rule_of(nobody_examined(True)) == "triage.potential"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("", "triage.statement"),
        ("too young", "triage.statement"),
        ("  too \n young ", "triage.statement"),
        ("all too young", None),
    ],
)
def test_none_of_these_is_stated_in_at_least_three_words(statement: str, rule: str | None) -> None:
    assert rule_of(stated(statement)) == rule
