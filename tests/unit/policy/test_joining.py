"""Nobody gets in by an address, nobody decides about themself, and a trial ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.factories.decisions import rule_of

from plainview.policy import joining
from plainview.policy.agency import NEW_AGENCY, parse
from plainview.policy.decision import Decision, Refused

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
TODAY = date(2026, 3, 4)
POLICY = parse(NEW_AGENCY)
SECOND = timedelta(seconds=1)


def trial(days: int, searches: int) -> Decision:
    return joining.trial_terms(TODAY, TODAY + timedelta(days=days), searches, POLICY)


@pytest.mark.parametrize(
    ("decision", "rule"),
    [
        (joining.address(" jo@agency.example "), None),
        (joining.address("jo"), "member.address"),
        (joining.address("jo@agency.example, eve@x.example"), "member.address"),
        (joining.address("@agency.example"), "member.address"),
        (joining.roles_fit(["examiner", "verifier", "supervisor"]), None),
        (joining.roles_fit(["auditor"]), None),
        (joining.roles_fit([]), "member.role_unknown"),
        (joining.roles_fit(["root"]), "member.role_unknown"),
        (joining.roles_fit(["platform operator"]), "member.role_unknown"),
        (joining.roles_fit(["examiner", "auditor"]), "member.roles_conflict"),
        (joining.roles_fit(["examiner", "agency administrator"]), "member.roles_conflict"),
        (joining.another_person("A", "B", "Trial"), None),
        (joining.another_person("A", "A", "Trial"), "member.own_act"),
        (joining.invitation_valid(True, False, NOW + SECOND, NOW), None),
        (joining.invitation_valid(True, False, NOW, NOW), "invitation.invalid"),
        (joining.invitation_valid(True, True, NOW + SECOND, NOW), "invitation.invalid"),
        (joining.invitation_valid(False, False, None, NOW), "invitation.invalid"),
        (trial(30, 50), None),
        (trial(31, 50), "trial.length"),
        (trial(-1, 50), "trial.length"),
        (trial(0, 1), None),
        (trial(30, 51), "trial.searches"),
        (trial(30, 0), "trial.searches"),
        (joining.terms_accepted(True), None),
        (joining.terms_accepted(False), "agency.terms"),
    ],
)
def test_rule(decision: Decision, rule: str | None) -> None:
    assert rule_of(decision) == rule


@pytest.mark.parametrize(
    ("roles", "days", "granted", "rule"),
    [
        (["examiner"], None, False, None),
        (["examiner"], 30, False, "member.last_day"),
        (["defence"], 30, False, "member.defence"),
        (["defence"], 30, True, None),
        (["defence"], None, True, "member.last_day"),
        (["outside auditor"], None, False, "member.last_day"),
        (["outside auditor"], 0, False, None),
        (["outside auditor"], 366, False, None),
        (["outside auditor"], 367, False, "member.last_day"),
        (["outside auditor"], -1, False, "member.last_day"),
        (["examiner"], None, True, None),
    ],
)
def test_only_an_outsider_has_a_last_day(roles: list[str], days: int | None, granted: bool, rule: str | None) -> None:
    ends_on = None if days is None else TODAY + timedelta(days=days)
    answer = joining.outsider_terms(roles, ends_on, TODAY, granted=granted)
    assert rule_of(answer) == rule


def test_the_defence_comes_by_a_disclosure_unless_it_is_said_that_it_does() -> None:
    assert isinstance(joining.outsider_terms(["defence"], TODAY, TODAY), Refused)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (["examiner"], ["verifier"], None),
        (["defence"], ["examiner"], "member.outsider"),
        (["examiner"], ["defence"], "member.outsider"),
        ([], [], None),
    ],
)
def test_nobody_becomes_or_stops_being_an_outsider(before: list[str], after: list[str], rule: str | None) -> None:
    answer = joining.inside(before, after)
    assert rule_of(answer) == rule


def test_an_invitation_is_open_for_a_week() -> None:
    assert joining.INVITATION_DAYS == 7
