"""The rules as a form: what the form writes is what the file says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.http import QueryDict

from plainview.policy.agency import NEW_AGENCY, SAMPLE, AgencyPolicy, parse
from plainview.policy.sentences import differences
from plainview.web.rules_form import rows, text_of


def _posted(policy: AgencyPolicy) -> QueryDict:
    form = QueryDict(mutable=True)
    for row in rows(policy, policy):
        if row.kind == "training":
            for role, course, hours in row.training:
                form[f"course_{role}"], form[f"hours_{role}"] = course, str(hours)
        else:
            form[row.name] = ("yes" if row.value else "no") if row.kind == "yes" else str(row.value)
    return form


@pytest.mark.parametrize("text", [NEW_AGENCY, SAMPLE])
def test_the_form_sent_back_unchanged_is_the_policy_in_force(text: str) -> None:
    policy = parse(text)
    assert parse(text_of(_posted(policy), policy)) == policy


def test_a_changed_field_is_the_only_difference_and_is_said_in_words() -> None:
    policy = parse(NEW_AGENCY)
    form = _posted(policy)
    form["urgent"], form["urgent_hours"] = "yes", "7"
    form["rights_complaints"] = 'The "Authority", 1010 Vienna \\ Austria'
    after = parse(text_of(form, policy))
    assert after == replace(
        policy, urgent=True, urgent_hours=7, rights_complaints='The "Authority", 1010 Vienna \\ Austria'
    )
    assert differences(policy, after)[:2] == [
        ("Urgent searches", "no", "yes"),
        ("Time to authorise an urgent search", "48 hours", "7 hours"),
    ]


def test_what_is_no_number_is_refused_by_the_rule_and_not_by_the_form() -> None:
    policy = parse(NEW_AGENCY)
    form = _posted(policy)
    form["list_max"] = "fifty"
    with pytest.raises(Exception, match="list_max is a whole number"):
        parse(text_of(form, policy))
