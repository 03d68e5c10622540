"""The table of acts that need two people, and the rules of a proposal at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.decisions import rule_of

from plainview.policy import proposals
from plainview.policy.decision import Allow
from plainview.policy.permissions import Permission
from plainview.policy.proposals import APPROVED, OPEN, POWERS, Kind
from plainview.policy.roles import GRANTS, OUTSIDERS, Role

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_every_kind_has_its_power() -> None:
    assert set(POWERS) == set(Kind)
    assert len(proposals.table()) == len(POWERS)


def test_who_proposes_and_who_approves() -> None:
    for line in proposals.table():
        assert line.proposed_by == ("agency administrator",), line
        assert line.approved_by == ("supervisor", "agency administrator"), line


def test_nobody_who_checks_and_no_outsider_approves() -> None:
    for role in (Role.AUDITOR, *OUTSIDERS):
        assert Permission.PROPOSAL_DECIDE not in GRANTS[role]
    assert Permission.PROPOSAL_READ in GRANTS[Role.AUDITOR]


@pytest.mark.parametrize("role", ["supervisor", "agency administrator", "auditor", "outside auditor"])
def test_one_person_invites_nobody_to_a_role_with_power(role: str) -> None:
    assert rule_of(proposals.one_may_invite(["examiner", role])) == "proposal.needed"


def test_one_person_invites_to_the_other_roles() -> None:
    assert isinstance(proposals.one_may_invite(["examiner", "verifier"]), Allow)


def test_the_only_auditor_is_ended_by_two() -> None:
    assert rule_of(proposals.one_may_end(is_only_auditor=True)) == "proposal.needed"
    assert rule_of(proposals.one_may_end(is_only_auditor=False)) is None


def test_a_proposal_is_open_until_its_time_is_over_or_it_is_decided() -> None:
    assert rule_of(proposals.still_open(OPEN, NOW + SECOND, NOW)) is None
    assert rule_of(proposals.still_open(OPEN, NOW, NOW)) == "proposal.closed"
    assert rule_of(proposals.still_open(APPROVED, NOW + SECOND, NOW)) == "proposal.closed"


@pytest.mark.parametrize(
    ("proposer", "concerned", "expected"),
    [("A", "B", None), (None, None, None), ("C", "B", "proposal.own"), ("A", "C", "proposal.concerned")],
)
def test_a_third_person_approves(proposer: str | None, concerned: str | None, expected: str | None) -> None:
    assert rule_of(proposals.may_approve(proposer, concerned, "C")) == expected


def test_what_has_changed_meanwhile_ends_it() -> None:
    assert rule_of(proposals.unchanged({"number": 3}, {"number": 3})) is None
    assert rule_of(proposals.unchanged({"number": 3}, {"number": 4})) == "proposal.stale"


def test_who_may_no_longer_propose_it_ends_it() -> None:
    assert rule_of(proposals.proposer_stands(stands=True)) is None
    assert rule_of(proposals.proposer_stands(stands=False)) == "proposal.proposer"


def test_the_head_decides_only_where_no_member_may() -> None:
    assert rule_of(proposals.head_may_decide([])) is None
    assert rule_of(proposals.head_may_decide(["s@agency.example"])) == "proposal.others"


def test_a_reason_is_words() -> None:
    assert rule_of(proposals.reason_given(" \t")) == "proposal.reason"
    assert rule_of(proposals.reason_given("lost")) is None


def test_the_rulebook_names_the_roles_that_need_two_people() -> None:
    says = next(text for name, _, text in proposals.RULES if name == "proposal.needed")
    named = says.partition("needs two people for the roles ")[2].removesuffix(".").split(", ")
    assert sorted(named) == sorted(role.value for role in proposals.POWERFUL)
    assert {Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR, Role.OUTSIDE_AUDITOR} == proposals.POWERFUL
