"""Nobody gets in by an address, nobody decides about themself, and a trial ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

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
        (trial(30, 51), "trial.searches"),
        (trial(30, 0), "trial.searches"),
        (joining.terms_accepted(True), None),
        (joining.terms_accepted(False), "agency.terms"),
    ],
)
def test_rule(decision: Decision, rule: str | None) -> None:
    assert (decision.rule_id if isinstance(decision, Refused) else None) == rule
