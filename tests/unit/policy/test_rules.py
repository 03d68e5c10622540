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
