"""Who may state in the public register that a time passed without any use, and of which time."""

from __future__ import annotations

import pytest
from tests.factories.decisions import rule_of

from plainview.policy.decision import Decision, Refused
from plainview.policy.register import months_fit, office_named, unused


def rule(decision: Decision) -> str | None:
    return rule_of(decision)


@pytest.mark.parametrize(
    ("first", "last", "refused"),
    [
        ("2026-02", "2026-05", None),
        ("2026-03", "2026-03", None),
        ("2026-04", "2026-03", "attest.months"),
        ("2026-13", "2026-12", "attest.months"),
        ("2026-02", "May", "attest.months"),
        ("2026-02", "2026-06", "attest.not_over"),
        ("2026-01", "2026-05", "attest.before_opening"),
    ],
)
def test_the_months_are_over_and_the_agency_was_open_in_them(first: str, last: str, refused: str | None) -> None:
    assert rule(months_fit(first, last, opened="2026-02", until="2026-05")) == refused


def test_the_month_that_is_none_is_named() -> None:
    wrong = months_fit("2026-00", "2026-13", opened="2026-02", until="2026-05")
    assert isinstance(wrong, Refused)
    assert "'2026-00'" in wrong.why


@pytest.mark.parametrize(
    ("office", "refused"),
    [
        ("Chief of Police", None),
        (" Chief of Police ", None),
        ("", "attest.office"),
        ("7", "attest.office"),
        ("Office of JO MILLER", "attest.office_is_person"),
    ],
)
def test_an_office_is_named_and_nobody(office: str, refused: str | None) -> None:
    assert rule(office_named(office, ["", "Jo Miller"])) == refused


@pytest.mark.parametrize(
    ("searched", "attested", "refused"),
    [
        (False, False, None),
        (True, False, "attest.searched"),
        (False, True, "attest.twice"),
        (True, True, "attest.searched"),
    ],
)
def test_a_time_with_a_search_is_not_attested_and_none_twice(
    searched: bool, attested: bool, refused: str | None
) -> None:
    assert rule(unused(searched, attested)) == refused
