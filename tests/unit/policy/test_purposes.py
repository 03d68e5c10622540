"""A purpose says what a search is for; the rule's own examples are its tests."""

from __future__ import annotations

import pytest

from plainview.policy.agency import NEW_AGENCY, parse
from plainview.policy.decision import Allow, Refused
from plainview.policy.purposes import ALLOWED, REFUSED, not_copied, plain_purpose, says_something


@pytest.mark.parametrize(("purpose", "case"), REFUSED)
def test_a_purpose_that_says_nothing_is_refused(purpose: str, case: str) -> None:
    answer = says_something(purpose, case)
    assert isinstance(answer, Refused)
    assert answer.rule_id == "search.purpose_empty"


@pytest.mark.parametrize(("purpose", "case"), ALLOWED)
def test_a_purpose_that_says_something_is_allowed(purpose: str, case: str) -> None:
    assert isinstance(says_something(purpose, case), Allow)


@pytest.mark.parametrize("purpose", parse(NEW_AGENCY).purposes)
def test_what_every_agency_begins_with_says_something_by_itself(purpose: str) -> None:
    assert isinstance(says_something(purpose, "C-1"), Allow)


def test_the_agencys_own_list_is_never_asked() -> None:
    assert isinstance(says_something("  Robbery ", "C-1", ("robbery",)), Allow)
    assert isinstance(says_something("robberies", "C-1", ("robbery",)), Refused)


def test_words_count_once_however_they_are_written() -> None:
    assert isinstance(says_something("RIDER  ridér Rider", "C-1"), Refused)
    assert isinstance(says_something("rider scooter", "C-1"), Allow)
    assert isinstance(says_something("rider tv", "C-1"), Allow)
    assert isinstance(says_something("rider x", "C-1"), Refused)  # a letter is no word


def test_signs_that_nobody_sees_say_nothing_and_hide_nothing() -> None:
    assert plain_purpose("Find\u200b  the\u00a0RIDER ") == "find the rider"
    assert isinstance(says_something("te\u200bst", "C-1"), Refused)


def test_a_long_refused_purpose_is_not_repeated_at_length() -> None:
    answer = says_something("a" * 2000, "C-1")
    assert isinstance(answer, Refused)
    assert len(answer.why) < 150


def test_the_last_purpose_is_not_copied() -> None:
    assert isinstance(not_copied(False), Allow)
    answer = not_copied(True)
    assert isinstance(answer, Refused)
    assert answer.rule_id == "search.purpose_copied"
