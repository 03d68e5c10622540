"""What a token may be allowed, for how long, and what no service may do."""

from __future__ import annotations

from typing import Any

import pytest
from tests.factories.decisions import rule_of

from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.tokens import (
    ALL,
    MAX_TOKEN_DAYS,
    PERSONAL,
    TOKEN_DAYS,
    scopes_of,
    service_scopes,
    token_days,
    token_factor,
    within,
)


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        (["search.run"], ("search.run",)),
        (["Search:Run"], ("search.run",)),
        (["search"], ("search",)),
        (["searches"], ("search",)),
        (["galleries.list"], ("gallery.list",)),
        (["cases,search.run  cases"], ("case", "search.run")),
        (["job", "alert"], ("alert", "job")),
        (["search", "*"], (ALL,)),
        (["all", "case"], (ALL,)),
    ],
)
def test_people_spell_scopes_in_their_own_way(words: list[str], scopes: tuple[str, ...]) -> None:
    assert scopes_of(words) == scopes


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ([], "token.no_scope"),
        ([" , "], "token.no_scope"),
        (["search", "walk"], "token.scope_unknown"),
        (["search.fly"], "token.scope_unknown"),
        (["caseies"], "token.scope_unknown"),
        (["all.run"], "token.scope_unknown"),
    ],
)
def test_a_scope_that_nothing_has_is_refused(words: list[str], rule: str) -> None:
    with pytest.raises(Refused) as refused:
        scopes_of(words)
    assert refused.value.rule_id == rule


def test_the_refusal_names_each_first_word_once() -> None:
    with pytest.raises(Refused) as refused:
        scopes_of([])
    words = refused.value.next_step.removeprefix("State one: ").removesuffix(", or all.").split(", ")
    assert sorted(words) == sorted({permission.value.partition(".")[0] for permission in Permission})


def test_every_permission_is_a_scope_and_so_is_its_first_word() -> None:
    for permission in Permission:
        group = permission.value.partition(".")[0]
        assert scopes_of([permission.value]) == (permission.value,)
        assert scopes_of([group]) == (group,)
        assert rule_of(within([permission.value], permission)) is None
        assert rule_of(within([group], permission)) is None
        assert rule_of(within([ALL], permission)) is None


def test_no_token_limits_nothing_and_a_token_without_the_scope_everything() -> None:
    assert rule_of(within(None, Permission.SEARCH_RUN)) is None
    assert rule_of(within([], Permission.SEARCH_RUN)) == "token.scope"
    assert rule_of(within(["search.approve", "case"], Permission.SEARCH_RUN)) == "token.scope"


def test_no_service_does_what_a_person_decides() -> None:
    assert rule_of(service_scopes(["search.run", "gallery.enrol"])) is None
    assert rule_of(service_scopes([ALL])) == "token.person_only"
    for permission in PERSONAL:
        assert rule_of(service_scopes(["gallery.enrol", permission.value])) == "token.person_only"
        assert rule_of(service_scopes([permission.value.partition(".")[0]])) == "token.person_only"


def test_a_token_lasts_a_day_to_a_year_and_a_quarter_unless_stated() -> None:
    assert (TOKEN_DAYS, MAX_TOKEN_DAYS) == (90, 366)
    assert [rule_of(token_days(days)) for days in (1, 90, 366)] == [None] * 3
    assert [rule_of(token_days(days)) for days in (0, -1, 367)] == ["token.days"] * 3


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"has_factor": True, "checked": True, "sample": False}, None),
        ({"has_factor": True, "checked": False, "sample": False}, "token.factor"),
        ({"has_factor": False, "checked": True, "sample": False}, "token.no_factor"),
        ({"has_factor": False, "checked": False, "sample": False}, "token.no_factor"),
        ({"has_factor": False, "checked": False, "sample": True}, None),
        ({"has_factor": True, "checked": False, "sample": True}, None),
    ],
)
def test_a_token_needs_a_second_factor_that_was_just_used(facts: dict[str, Any], rule: str | None) -> None:
    assert rule_of(token_factor(**facts)) == rule
