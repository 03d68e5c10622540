"""A policy file is taken whole or refused with the field that is wrong; nothing looser than the limits passes."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy.agency import (
    DEFAULT_LIST,
    FROM_THE_FIRST,
    NEW_AGENCY,
    SAMPLE,
    STRICTEST,
    AgencyPolicy,
    complete,
    parse,
)
from plainview.policy.decision import Refused
from plainview.policy.roles import Role


def test_both_shipped_policies_are_valid() -> None:
    new, sample = parse(NEW_AGENCY), parse(SAMPLE)
    assert (new.unlisted_offences, new.unlisted_purposes, new.origin_required) == (False, False, True)
    assert (sample.unlisted_offences, sample.unlisted_purposes, sample.origin_required) == (True, True, False)
    assert new.quality_floor > sample.quality_floor == 0
    assert new.training[Role.EXAMINER].hours == 24
    assert not new.needs_approval("homicide")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("urgent_hours = 48", "urgent_hours = 49", "urgent_hours"),
        ("urgent_hours = 48", "urgent_hours = 0", "urgent_hours"),
        ("urgent_hours = 48", "urgent_hours = true", "urgent_hours"),
        ("trial_days = 30", "trial_days = 31", "trial_days"),
        ("trial_searches = 50", "trial_searches = 201", "trial_searches"),
        ("proficiency_one_in = 10", "proficiency_one_in = 101", "proficiency_one_in"),
        ("proficiency_one_in = 10", "proficiency_one_in = 1", "proficiency_one_in"),
        ("list_max = 50", "list_max = 51", "list_max"),
        ("list_max = 50", "list_max = 1", "list_max"),
        ("quality_floor = 20", "quality_floor = 101", "quality_floor"),
        ("urgent = false", 'urgent = "yes"', "urgent"),
        ("urgent = false", "", "missing: urgent"),
        ("urgent = false", "urgent = false\nextra = 1", "unknown: extra"),
        ('"homicide"', '" Robbery"', "twice"),
        ("preapproval = []", 'preapproval = ["jaywalking"]', "jaywalking"),
        ("[training.examiner]", "[training.root]", "roles"),
        ("\nhours = 24", "\nhours = 0", "training.examiner"),
        ("offences = [", "offences = [[], ", "list of texts"),
        ("fraud", "f" * 121, "characters"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(old: str, new: str, word: str) -> None:
    assert old in NEW_AGENCY
    with pytest.raises(Refused) as caught:
        parse(NEW_AGENCY.replace(old, new, 1))
    assert caught.value.rule_id == "policy.invalid"
    assert word in caught.value.why


def test_an_examiner_without_training_cannot_be_allowed() -> None:
    with pytest.raises(Refused, match=r"training\.examiner is missing"):
        parse(NEW_AGENCY.replace("[training.examiner]", "[training.supervisor]"))


@pytest.mark.parametrize("ground", ["lawful assembly", "worship", "journalism", "immigration status", "curiosity"])
@pytest.mark.parametrize("before", ['"homicide"', '"find a witness"'])
def test_no_list_may_hold_a_refused_ground(ground: str, before: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(NEW_AGENCY.replace(before, f'{before}, "{ground}"'))
    assert caught.value.rule_id == "policy.ground"


def test_approval_for_all_or_for_named_offences() -> None:
    everything = parse(NEW_AGENCY.replace("preapproval = []", 'preapproval = ["all"]'))
    one = parse(NEW_AGENCY.replace("preapproval = []", 'preapproval = ["fraud"]'))
    assert everything.needs_approval("anything")
    assert one.needs_approval(" Fraud ")
    assert not one.needs_approval("theft")


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_a_refusal(text: str) -> None:
    with pytest.raises(Refused):
        parse(text)


@given(st.integers(0, len(NEW_AGENCY) - 1), st.characters(codec="utf-8"))
def test_one_changed_character_never_loosens_a_limit(place: int, character: str) -> None:
    text = NEW_AGENCY[:place] + character + NEW_AGENCY[place + 1 :]
    try:
        policy = parse(text)
    except Refused:
        return
    assert isinstance(policy, AgencyPolicy)
    assert 1 <= policy.urgent_hours <= 48
    assert 1 <= policy.trial_days <= 30
    assert 2 <= policy.list_max <= 50
    assert policy.training[Role.EXAMINER].hours >= 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("list_max = 50", "list_max = 2"),
        ("quality_floor = 20", "quality_floor = 0"),
        ("quality_floor = 20", "quality_floor = 100"),
        ("urgent_hours = 48", "urgent_hours = 1"),
        ("alert_days = 30", "alert_days = 1"),
        ("alert_days = 30", "alert_days = 90"),
        ("trial_days = 30", "trial_days = 1"),
        ("trial_searches = 50", "trial_searches = 1"),
        ("trial_searches = 50", "trial_searches = 200"),
        ("proficiency_one_in = 10", "proficiency_one_in = 0"),
        ("proficiency_one_in = 10", "proficiency_one_in = 100"),
        ("canary_hours = 24", "canary_hours = 1"),
        ("canary_hours = 24", "canary_hours = 168"),
        ("rights_days = 30 ", "rights_days = 1 "),
        ('"the data protection authority of your country"', f'" {"a" * 300} "'),
        ('"the data protection authority of your country"', '"a"'),
        ("fraud", "f" * 120),
        ("\nhours = 24", "\nhours = 1"),
        ("\nhours = 24", "\nhours = 1000"),
    ],
)
def test_a_value_at_its_limit_is_taken(old: str, new: str) -> None:
    assert old in NEW_AGENCY
    assert isinstance(parse(NEW_AGENCY.replace(old, new, 1)), AgencyPolicy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alert_days = 30", "alert_days = 91"),
        ("canary_hours = 24", "canary_hours = 169"),
        ("canary_hours = 24", "canary_hours = 0"),
        ('"the data protection authority of your country"', f'"{"a" * 301}"'),
        ("\nhours = 24", "\nhours = 1001"),
        ("\nhours = 24", "\nhours = 24.0"),
        ("\nhours = 24", ""),
        ("\nhours = 24", "\nhours = 24\nrooms = 2"),
        ('course = "facial examination, FISWG curriculum"', "course = 7"),
        ('course = "facial examination, FISWG curriculum"', 'course = " "'),
    ],
)
def test_a_value_past_its_limit_is_refused(old: str, new: str) -> None:
    assert old in NEW_AGENCY
    with pytest.raises(Refused) as caught:
        parse(NEW_AGENCY.replace(old, new, 1))
    assert caught.value.rule_id == "policy.invalid"


def test_a_list_has_at_most_120_texts() -> None:
    def purposes(count: int) -> str:
        return NEW_AGENCY.replace('"find a witness"', ", ".join(f'"purpose {i}"' for i in range(count)), 1)

    others = len(parse(NEW_AGENCY).purposes) - 1
    assert len(parse(purposes(120 - others)).purposes) == 120
    with pytest.raises(Refused, match="at most 120 texts"):
        parse(purposes(121 - others))


def test_every_role_may_need_a_course() -> None:
    others = [role for role in Role if f"[training.{role.value}]" not in NEW_AGENCY]
    tables = "".join(f'\n[training."{role.value}"]\ncourse = "c"\nhours = 1\n' for role in others)
    assert parse(NEW_AGENCY + tables).training.keys() == set(Role)


def test_an_agency_lists_twenty_candidates_where_nobody_says_how_many() -> None:
    assert DEFAULT_LIST == 20


def test_every_field_has_a_strictest_value_or_was_there_from_the_first() -> None:
    names = {field.name for field in fields(AgencyPolicy)}
    assert names == STRICTEST.keys() | FROM_THE_FIRST
    assert not STRICTEST.keys() & FROM_THE_FIRST


def test_a_stored_policy_without_new_fields_is_completed_with_the_strictest_values() -> None:
    old = "\n".join(line for line in NEW_AGENCY.splitlines() if line.split(" ")[0] not in STRICTEST)
    text, missing = complete(old)
    assert missing == dict(STRICTEST)
    policy = parse(text)
    assert (policy.list_max, policy.urgent, policy.preapproval, policy.canary_alarm) == (2, False, ("all",), "stop")
    assert text.endswith(old)
    assert complete(text) == (text, {})


@pytest.mark.parametrize("name", STRICTEST)
def test_one_missing_field_is_completed_and_the_others_stay(name: str) -> None:
    old = "\n".join(line for line in NEW_AGENCY.splitlines() if line.split(" ")[0] != name)
    text, missing = complete(old)
    assert missing == {name: STRICTEST[name]}
    one, other = parse(text), parse(NEW_AGENCY)
    assert {field.name for field in fields(AgencyPolicy) if getattr(one, field.name) != getattr(other, field.name)} <= {
        name
    }


def test_what_is_not_toml_or_lacks_what_nothing_completes_is_still_refused() -> None:
    assert complete("not toml") == ("not toml", {})
    with pytest.raises(Refused, match="offences"):
        parse(complete(NEW_AGENCY.replace("offences = [", "offence = [", 1))[0])


def test_what_is_told_to_others_is_least_where_an_older_policy_does_not_say() -> None:
    oldest = "\n".join(line for line in NEW_AGENCY.splitlines() if line.split(" ")[0] not in STRICTEST)
    completed, added = complete(oldest)
    policy = parse(completed)
    assert added["disclosure_pictures"] == '"none"'
    assert (policy.disclosure_pictures, policy.canary_alarm, policy.rights_open_cases) == ("none", "stop", "withhold")
    assert (policy.urgent, policy.unsolved_alerts, policy.alert_days, policy.trial_days) == (False, False, 1, 1)
