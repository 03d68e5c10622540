"""What a disclosure shows of third parties, and what a review needs."""

from __future__ import annotations

import pytest
from tests.factories.decisions import rule_of

from plainview.policy.decision import Decision
from plainview.policy.disclosure import (
    COARSE,
    ERASED,
    EXONERATION,
    WHOLE,
    disclosed_pictures,
    package_size,
    pictures_chosen,
    review_of,
    shown_as,
)


def rule(decision: Decision) -> str | None:
    return rule_of(decision)


@pytest.mark.parametrize("policy", ["all", "examined", "none"])
@pytest.mark.parametrize("chosen", ["all", "examined", "none"])
def test_fewer_pictures_than_policy_says_need_a_reason(chosen: str, policy: str) -> None:
    fewer = (chosen, policy) in {("examined", "all"), ("none", "all"), ("none", "examined")}
    assert rule(pictures_chosen(chosen, policy, " ")) == ("disclosure.reason" if fewer else None)
    assert rule(pictures_chosen(chosen, policy, "a child is in one")) is None


def test_there_is_no_other_choice() -> None:
    assert rule(pictures_chosen("some", "all", "because")) == "disclosure.pictures"


@pytest.mark.parametrize(
    ("pictures", "rank", "shown"),
    [("all", 2, WHOLE), ("examined", 1, WHOLE), ("examined", 2, COARSE), ("none", 1, COARSE)],
)
def test_a_candidates_picture_is_whole_for_all_or_when_somebody_examined_it(
    pictures: str, rank: int, shown: str
) -> None:
    assert shown_as(pictures, rank, {1}, erased=False) == shown
    assert shown_as(pictures, rank, {1}, erased=True) == ERASED


def test_what_is_shown_is_said_in_words() -> None:
    assert disclosed_pictures("all") == "Every candidate's picture"
    assert disclosed_pictures("none").startswith("No candidate's picture; the others are shown so coarsely")
    assert disclosed_pictures("examined").startswith("The pictures of examined candidates; the others")


def test_a_package_of_the_server_has_a_gibibyte_of_templates_at_most() -> None:
    assert rule(package_size(2**21, 128)) is None  # 2^21 templates of 128 numbers of 4 bytes: 2^30 bytes
    assert rule(package_size(2**21 + 1, 128)) == "disclosure.large"


@pytest.mark.parametrize(
    ("purpose", "has_review", "refused"),
    [
        (EXONERATION, True, None),
        (" Exoneration  REVIEW", True, None),
        (EXONERATION, False, "search.review_missing"),
        ("find the rider", True, "search.review_purpose"),
        ("find the rider", False, None),
    ],
)
def test_a_review_and_its_purpose_come_together(purpose: str, has_review: bool, refused: str | None) -> None:
    assert rule(review_of(purpose, has_review)) == refused
