"""The rules of searching for another agency, one fact changed at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.factories.decisions import rule_of

from plainview.policy.agency import SAMPLE, parse
from plainview.policy.decision import Decision, Refused
from plainview.policy.search import TrialFacts
from plainview.policy.sharing import (
    DEFAULT_ANSWER_DAYS,
    LEAD,
    LIST,
    MAX_AGREEMENT_DAYS,
    SharedFacts,
    Terms,
    agreed,
    answerable,
    asked,
    authorised,
    mirror_only_by_request,
    proposable,
    taken_by,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TODAY, DAY = NOW.date(), timedelta(days=1)
TERMS = Terms(("custody",), TODAY, TODAY, (), (), ())
FACTS = SharedFacts(
    terms=TERMS,
    withdrawn=False,
    asker_open=True,
    holder_open=True,
    asker="Jo@rivertown.example",
    asker_roles=("examiner",),
    asker_active=True,
    on_trial=False,
    trial=None,
    gallery="custody",
    offence="Robbery",
    purpose="find the rider",
    origin="cctv",
    top=20,
    authority="warrant 12",
    case_number="C-1",
    case_closed_on=None,
    authorised=True,
    closed_as="",
    expires_at=NOW + DAY,
    now=NOW,
)


def rules_of(answers: Any) -> list[str]:
    return [rule for rule in map(rule_of, answers) if rule]


def test_what_holds_is_allowed() -> None:
    assert rules_of(agreed(FACTS)) == []
    assert rules_of(asked(FACTS, parse(SAMPLE))) == []
    assert rules_of(agreed(replace(FACTS, expires_at=None))) == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"terms": None}, "agreement.not_accepted"),
        ({"withdrawn": True}, "agreement.withdrawn"),
        ({"terms": replace(TERMS, starts_on=TODAY + DAY)}, "agreement.not_begun"),
        ({"terms": replace(TERMS, ends_on=TODAY - DAY)}, "agreement.ended"),
        ({"terms": replace(TERMS, galleries=("other",))}, "shared.gallery"),
        ({"terms": replace(TERMS, askers=("al@rivertown.example",))}, "shared.asker"),
        ({"terms": replace(TERMS, offences=("arson",))}, "shared.offence"),
        ({"terms": replace(TERMS, purposes=("find his car",))}, "shared.purpose"),
        ({"asker_open": False}, "shared.agency"),
        ({"holder_open": False}, "shared.agency"),
        ({"asker_active": False}, "shared.member"),
        ({"asker_roles": ("verifier",)}, "shared.member"),
        ({"case_closed_on": TODAY}, "shared.case"),
        ({"closed_as": "declined"}, "shared.closed"),
        ({"expires_at": NOW}, "shared.expired"),
    ],
)
def test_each_fact_that_does_not_hold_refuses(changed: dict[str, Any], rule: str) -> None:
    assert rules_of(agreed(replace(FACTS, **changed))) == [rule]


def test_the_agreement_names_people_offences_and_purposes_in_any_case() -> None:
    terms = replace(TERMS, askers=("jo@rivertown.example",), offences=("robbery",), purposes=("find the rider",))
    assert rules_of(agreed(replace(FACTS, terms=terms, purpose="Find  the rider"))) == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"purpose": " "}, "search.purpose_missing"),
        ({"purpose": "just curious"}, "search.ground"),
        ({"purpose": "test"}, "search.purpose_empty"),
        ({"purpose": "case c-1"}, "search.purpose_empty"),
        ({"offence": "immigration status"}, "search.ground"),
        ({"origin": "drawing"}, "probe.not_photographed"),
        ({"top": 51}, "search.list_length"),
        ({"authority": "\n"}, "shared.authority"),
        ({"on_trial": True}, "trial.not_approved"),
        ({"on_trial": True, "trial": TrialFacts(TODAY - 9 * DAY, TODAY - DAY, 9, 0)}, "trial.ended"),
    ],
)
def test_the_askers_own_policy_holds(changed: dict[str, Any], rule: str) -> None:
    assert rules_of(asked(replace(FACTS, **changed), parse(SAMPLE))) == [rule]


@pytest.mark.parametrize(
    ("changed", "rules"),
    [
        ({}, []),
        ({"galleries": []}, ["agreement.galleries"]),
        ({"starts_on": TODAY + DAY}, ["agreement.days"]),
        ({"starts_on": TODAY - 9 * DAY, "ends_on": TODAY - DAY}, ["agreement.days"]),
        ({"ends_on": TODAY + MAX_AGREEMENT_DAYS * DAY}, []),
        ({"ends_on": TODAY + (MAX_AGREEMENT_DAYS + 1) * DAY}, ["agreement.days"]),
        ({"gives": "all"}, ["agreement.gives"]),
        ({"answer_days": 91}, ["agreement.answer_days"]),
        ({"answer_days": 90}, []),
        ({"answer_days": 1}, []),
        ({"answer_days": 0}, ["agreement.answer_days"]),
    ],
)
def test_what_can_be_proposed(changed: dict[str, Any], rules: list[str]) -> None:
    fields: dict[str, Any] = {
        "galleries": ["custody"],
        "starts_on": TODAY,
        "ends_on": TODAY,
        "gives": LEAD,
        "answer_days": 14,
    }
    assert rules_of(proposable(**(fields | changed), today=TODAY)) == rules


def test_when_a_request_can_be_answered() -> None:
    def rule(gives: str = LEAD, searched: bool = True, **changed: int) -> list[str]:
        counts = {"listed": 20, "examined": 1, "leads": 0, "undecided": 0} | changed
        answer: Decision = answerable(searched, gives, **counts)
        return rules_of([answer])

    assert rule() == []
    assert rule(searched=False) == ["shared.not_searched"]
    assert rule(examined=0) == ["shared.not_examined"]
    assert rule(examined=0, listed=0) == []
    assert rule(undecided=1) == ["shared.undecided"]
    assert rule(undecided=1, leads=1) == []
    assert rule(LIST, examined=0, undecided=1) == []


def test_a_refusal_says_under_whose_rules() -> None:
    told = Refused("gallery.expired", "Search refused", "It ended.", "Renew it.").under("Rivertown")
    assert (told.rule_id, told.what) == ("gallery.expired", "Search refused under the rules of Rivertown")
    assert (told.why, told.next_step) == ("It ended.", "Renew it.")


@pytest.mark.parametrize(
    ("decision", "rule"),
    [
        (authorised(True), None),
        (authorised(False), "shared.not_authorised"),
        (taken_by("A", "A"), None),
        (taken_by("A", "B"), "shared.not_taken"),
        (taken_by("", ""), "shared.not_taken"),
        (mirror_only_by_request(True, True), None),
        (mirror_only_by_request(True, False), "shared.mirror"),
        (mirror_only_by_request(False, False), None),
        (mirror_only_by_request(False, True), None),
    ],
)
def test_rule(decision: Decision, rule: str | None) -> None:
    assert rule_of(decision) == rule


def test_an_agreement_runs_three_years_and_an_answer_has_two_weeks() -> None:
    assert (MAX_AGREEMENT_DAYS, DEFAULT_ANSWER_DAYS) == (1098, 14)
