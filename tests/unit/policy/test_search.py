"""Every fact of a search, changed alone, changes the answer as it should; nothing is allowed for lack of a fact."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from plainview.policy.agency import NEW_AGENCY, SAMPLE, parse
from plainview.policy.decision import Allow, Refused
from plainview.policy.roles import Role
from plainview.policy.search import (
    DRAFT_DAYS,
    NOT_PHOTOGRAPHED,
    ORIGINS,
    UNDECLARED,
    SearchFacts,
    TrainingFacts,
    TrialFacts,
    approvals_suffice,
    decisions,
    offered,
    trained,
)
from plainview.policy.witnesses import Witnessing

TODAY = date(2026, 3, 4)
DAY = timedelta(days=1)
POLICY = parse(NEW_AGENCY)
COURSE = "facial examination, FISWG curriculum"
TRIAL = TrialFacts(TODAY - DAY, TODAY, 5, 4)

GOOD = SearchFacts(
    roles=("examiner",),
    is_active=True,
    agency_open=True,
    on_trial=False,
    trial=None,
    trainings=(TrainingFacts(COURSE, 24, TODAY),),
    case_number="C-1",
    case_found=True,
    case_closed_on=None,
    offence="Robbery",
    purpose="Find a  witness",
    origin="cctv",
    quality=20,
    top=20,
    gallery_name="g",
    gallery_found=True,
    gallery_expires_on=TODAY,
    gallery_offences=(),
    gallery_alarm=False,
    approved=False,
    urgent=False,
    review=False,
    today=TODAY,
)


def first(facts: SearchFacts, text: str = NEW_AGENCY) -> str | None:
    every = list(decisions(facts, parse(text)))
    assert all(isinstance(answer, Allow | Refused) for answer in every)
    answers = [answer for answer in every if isinstance(answer, Refused)]
    for answer in answers:
        assert answer.why.endswith(".")
        assert answer.next_step.endswith(".")
    return answers[0].rule_id if answers else None


def test_a_lawful_search_is_allowed() -> None:
    assert first(GOOD) is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"roles": ("supervisor",)}, "member.no_permission"),
        ({"roles": ()}, "member.no_permission"),
        ({"is_active": False}, "member.inactive"),
        ({"agency_open": False}, "agency.not_open"),
        ({"witnessing": Witnessing(1, 25.0)}, "log.unwitnessed"),
        ({"witnessing": Witnessing(1, 23.0)}, None),
        ({"witnessing": Witnessing(1, 25.0), "urgent": True}, "search.urgent_closed"),  # it does not wait for witnesses
        ({"on_trial": True}, "trial.not_approved"),
        ({"on_trial": True, "trial": TRIAL}, None),
        ({"on_trial": True, "trial": replace(TRIAL, used=5)}, "trial.used_up"),
        ({"on_trial": True, "trial": replace(TRIAL, ends_on=TODAY - DAY)}, "trial.ended"),
        ({"on_trial": True, "trial": replace(TRIAL, starts_on=TODAY + DAY)}, "trial.ended"),
        ({"purpose": "Exoneration  review"}, "search.review_missing"),
        ({"purpose": "exoneration review", "review": True}, None),
        ({"purpose": "exoneration review", "review": True, "case_closed_on": TODAY}, None),
        ({"purpose": "find a witness", "review": True}, "search.review_purpose"),
        ({"trainings": ()}, "member.training"),
        ({"trainings": (TrainingFacts(COURSE, 23, TODAY),)}, "member.training"),
        ({"trainings": (TrainingFacts(COURSE, 24, TODAY - DAY),)}, "member.training"),
        ({"trainings": (TrainingFacts("first aid", 999, TODAY),)}, "member.training"),
        # Two halves of a course do not make one that is long enough.
        (
            {"trainings": (TrainingFacts(COURSE, 12, TODAY), TrainingFacts(COURSE, 12, TODAY))},
            "member.training",
        ),
        ({"case_number": "  "}, "case.missing"),
        ({"purpose": ""}, "search.purpose_missing"),
        ({"purpose": "private curiosity"}, "search.ground"),
        ({"purpose": "find the rider"}, "search.purpose_unlisted"),
        ({"top": 1}, "search.list_length"),
        ({"top": 51}, "search.list_length"),
        ({"top": 50}, None),
        ({"origin": UNDECLARED}, "probe.origin_missing"),
        ({"origin": "telepathy"}, "probe.origin_unknown"),
        ({"case_found": False, "offence": ""}, "case.unknown"),
        ({"case_closed_on": TODAY}, "case.closed"),
        ({"offence": "jaywalking"}, "case.offence_unlisted"),
        ({"offence": "journalism"}, "search.ground"),
        ({"gallery_found": False, "gallery_expires_on": None}, "gallery.unknown"),
        ({"gallery_expires_on": TODAY - DAY}, "gallery.expired"),
        ({"gallery_offences": ("robbery",)}, None),
        ({"gallery_offences": ("homicide",)}, "gallery.offence"),
        ({"quality": 19}, "probe.quality_floor"),
        ({"quality": 19, "approved": True}, None),
        ({"quality": 19, "urgent": True}, "search.urgent_closed"),  # until the head of the agency turns it on
        ({"quality": None}, None),
    ],
)
def test_one_changed_fact(change: dict[str, Any], rule: str | None) -> None:
    assert first(replace(GOOD, **change)) == rule


@pytest.mark.parametrize("origin", NOT_PHOTOGRAPHED)
def test_no_policy_takes_a_probe_that_was_not_photographed(origin: str) -> None:
    for text in (NEW_AGENCY, SAMPLE):
        assert first(replace(GOOD, origin=origin), text) == "probe.not_photographed"


@pytest.mark.parametrize("origin", ORIGINS)
def test_every_declared_origin_is_taken(origin: str) -> None:
    assert first(replace(GOOD, origin=origin)) is None


def test_the_agencys_own_switches() -> None:
    needs = NEW_AGENCY.replace("preapproval = []", 'preapproval = ["robbery"]')
    assert first(GOOD, needs) == "search.approval_needed"
    assert first(replace(GOOD, approved=True), needs) is None
    assert first(replace(GOOD, urgent=True), needs) == "search.urgent_closed"
    opened = needs.replace("urgent = false", "urgent = true")
    assert first(replace(GOOD, urgent=True, quality=19), opened) is None
    assert first(replace(GOOD, purpose="find the rider", offence="x", origin=UNDECLARED), SAMPLE) is None
    shorter = NEW_AGENCY.replace("list_max = 50", "list_max = 10")
    assert first(GOOD, shorter) == "search.list_length"


@pytest.mark.parametrize(
    ("purpose", "review", "copied", "rule"),
    [
        ("find the rider", False, False, None),
        ("find the rider", False, True, "search.purpose_copied"),
        ("aaa", False, False, "search.purpose_empty"),
        ("exoneration review", True, True, None),  # a review has the one purpose that there is
    ],
)
def test_a_purpose_in_ones_own_words_says_something_and_is_no_copy(
    purpose: str, review: bool, copied: bool, rule: str | None
) -> None:
    assert first(replace(GOOD, purpose=purpose, review=review, copied=copied), SAMPLE) == rule


def test_an_approval_is_of_one_search_and_without_any_the_rule_of_approval_speaks() -> None:
    for searches, approvals, allowed in (
        (1, 0, True),
        (1, 1, True),
        (2, 1, False),
        (2, 2, True),
        (3, 0, False),
    ):
        answer = approvals_suffice(searches, approvals)
        assert isinstance(answer, Refused) is not allowed, (searches, approvals)


def test_what_is_offered_is_what_a_search_allows() -> None:
    assert isinstance(offered("g", TODAY, (), "robbery", TODAY), Allow)
    assert isinstance(offered("g", TODAY, ("robbery",), " Robbery ", TODAY), Allow)
    late = offered("g", TODAY - DAY, ("arson",), "robbery", TODAY)
    assert isinstance(late, Refused)
    assert late.rule_id == "gallery.expired"
    other = offered("g", TODAY, ("arson",), "robbery", TODAY)
    assert isinstance(other, Refused)
    assert other.rule_id == "gallery.offence"


@pytest.mark.parametrize(
    ("alarm", "when", "stopped"),
    [(True, "stop", True), (True, "caution", False), (False, "stop", False), (False, "caution", False)],
)
def test_an_open_canary_alarm_stops_searches_where_policy_says_so(alarm: bool, when: str, stopped: bool) -> None:
    text = re.sub(r'canary_alarm = "\w+"', f'canary_alarm = "{when}"', NEW_AGENCY)
    assert parse(text).canary_alarm == when
    expected = "gallery.canary_alarm" if stopped else None
    assert first(replace(GOOD, gallery_alarm=alarm), text) == expected


def test_the_first_and_the_last_day_of_a_trial_count_and_so_do_both_ends_of_a_list() -> None:
    trial = TrialFacts(TODAY, TODAY, 5, 4)
    assert first(replace(GOOD, on_trial=True, trial=trial)) is None
    assert (
        first(replace(GOOD, on_trial=True, trial=replace(trial, starts_on=TODAY + DAY, ends_on=TODAY + DAY)))
        == "trial.ended"
    )
    assert (
        first(replace(GOOD, on_trial=True, trial=replace(trial, starts_on=TODAY - DAY, ends_on=TODAY - DAY)))
        == "trial.ended"
    )
    assert first(replace(GOOD, top=2)) is None
    assert first(replace(GOOD, top=50)) is None
    assert first(replace(GOOD, top=1)) == first(replace(GOOD, top=51)) == "search.list_length"


def test_a_draft_is_kept_for_two_weeks() -> None:
    assert DRAFT_DAYS == 14


def test_one_search_needs_one_approval_and_no_course_is_needed_where_policy_names_none() -> None:
    assert isinstance(approvals_suffice(1, 0), Allow)
    assert isinstance(approvals_suffice(2, 2), Allow)
    assert isinstance(approvals_suffice(2, 1), Refused)
    assert isinstance(trained(Role.OPERATOR, (), POLICY, TODAY), Allow)
