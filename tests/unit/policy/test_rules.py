"""Every rule says yes where it should and no, with its id, everywhere else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy import rules
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import GRANTS, Role, holds

TODAY = date(2026, 3, 4)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("decision", "rule"),
    [
        (rules.may(["examiner"], True, Permission.SEARCH_RUN), None),
        (rules.may(["examiner"], False, Permission.SEARCH_RUN), "member.inactive"),
        (rules.may([], True, Permission.SEARCH_RUN), "member.no_permission"),
        (rules.may(["root"], True, Permission.SEARCH_RUN), "member.no_permission"),
        (rules.agency_open(True), None),
        (rules.agency_open(False), "agency.not_open"),
        (rules.has_case("1"), None),
        (rules.has_case(" \t"), "case.missing"),
        (rules.case_found("1", True), None),
        (rules.case_found("1", False), "case.unknown"),
        (rules.case_open("1", None), None),
        (rules.case_open("1", TODAY), "case.closed"),
        (rules.gallery_found("g", True), None),
        (rules.gallery_found("g", False), "gallery.unknown"),
        (rules.gallery_current("g", TODAY, TODAY), None),
        (rules.gallery_current("g", TODAY - DAY, TODAY), "gallery.expired"),
        (rules.not_ended(None, TODAY), None),
        (rules.not_ended(TODAY, TODAY), None),
        (rules.not_ended(TODAY - DAY, TODAY), "member.ended"),
        (rules.gallery_of_pack("g", "", "p", False), None),
        (rules.gallery_of_pack("g", "p", "p", False), None),
        (rules.gallery_of_pack("g", "q", "p", False), "gallery.pack"),
        (rules.gallery_of_pack("g", "p", "p", True), "gallery.pack"),
        (rules.gallery_of_pack("g", "q", "p", True), "gallery.pack"),
        (rules.passport_complete("a", "b", "c"), None),
        (rules.passport_complete(" ", "b", "c"), "gallery.passport"),
        (rules.passport_complete("a", "", "c"), "gallery.passport"),
        (rules.passport_complete("a", "b", ""), "gallery.passport"),
    ],
)
def test_rule(decision: Decision, rule: str | None) -> None:
    if rule is None:
        assert isinstance(decision, Allow)
        return
    assert isinstance(decision, Refused)
    assert decision.rule_id == rule
    assert decision.why.endswith(".")
    assert decision.next_step.endswith(".")


def test_require_raises_the_first_refusal() -> None:
    with pytest.raises(Refused) as caught:
        rules.require(Allow(), rules.has_case(""), rules.agency_open(False))
    assert caught.value.rule_id == "case.missing"
    rules.require(Allow(), Allow())


@given(st.lists(st.text()), st.sampled_from(Permission))
def test_a_role_that_does_not_exist_grants_nothing(names: list[str], permission: Permission) -> None:
    assert not holds([name for name in names if name not in {role.value for role in Role}], permission)


def test_every_role_has_an_entry_and_only_examiners_search() -> None:
    assert set(GRANTS) == set(Role)
    assert [role for role in Role if Permission.SEARCH_RUN in GRANTS[role]] == [Role.EXAMINER]


def test_a_refusal_says_what_was_tried_and_whose_role_it_is() -> None:
    refused = rules.may(["auditor"], True, Permission.SEARCH_RUN)
    assert isinstance(refused, Refused)
    assert refused.what.startswith("You cannot ")
    assert "one of these roles: examiner." in str(refused)


def test_what_a_passport_lacks_is_named() -> None:
    assert "are missing: source, owner." in str(rules.passport_complete("a", "", " "))


def test_every_member_may_read_the_policy_and_an_outsider_or_the_operator_works_for_nobody() -> None:
    for role in Role:
        inside = role in {Role.EXAMINER, Role.VERIFIER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR}
        assert Permission.POLICY_SHOW in GRANTS[role] or not inside
    assert Permission.VERIFICATION_RECORD in GRANTS[Role.VERIFIER]
    assert Permission.AGENCY_OPEN in GRANTS[Role.OPERATOR]
    assert Permission.SEARCH_RUN not in GRANTS[Role.OPERATOR]
