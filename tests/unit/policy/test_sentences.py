"""Every field of a policy has a sentence, and a policy that is written as a file reads back the same."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from plainview.policy.agency import NEW_AGENCY, SAMPLE, AgencyPolicy, TrainingNeeded, parse
from plainview.policy.roles import Role
from plainview.policy.sentences import RULES, differences, in_words, rule_of, written


def test_every_field_has_a_name_and_a_sentence() -> None:
    assert {field.name for field in fields(AgencyPolicy)} == set(RULES)
    assert all(rule.label and rule.says.endswith(".") for rule in RULES.values())


@pytest.mark.parametrize("text", [NEW_AGENCY, SAMPLE])
def test_a_policy_that_is_written_reads_back_the_same(text: str) -> None:
    assert parse(written(parse(text))) == parse(text)


def test_differences_are_said_in_words_with_their_unit() -> None:
    before = parse(NEW_AGENCY)
    after = replace(
        before,
        urgent=True,
        urgent_hours=7,
        purposes=(),
        rights_open_cases="count",
        training={Role.EXAMINER: TrainingNeeded("FISWG", 8)},
    )
    assert differences(before, before) == []
    said = {name: (old, new) for name, old, new in differences(before, after)}
    assert said["Urgent searches"] == ("no", "yes")
    assert said["Time to authorise an urgent search"] == ("48 hours", "7 hours")
    assert said[RULES["purposes"].label] == (", ".join(before.purposes), "none")
    assert said[RULES["rights_open_cases"].label] == ("nothing", "how many there were")
    assert said[RULES["training"].label][1] == "examiner: 8 hours of FISWG"
    assert len(said) == 5


def test_a_field_without_a_row_is_shown_by_its_name() -> None:
    assert (rule_of("some_field").label, rule_of("some_field").says) == ("Some field", "")
    assert in_words("some_field", 3) == "3"
