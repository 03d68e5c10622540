"""What may be a subject's number, how many pictures may have one, and who is not made one subject."""

from __future__ import annotations

import pytest
from tests.factories.decisions import rule_of

from plainview.policy.examination import INCONCLUSIVE, NOT, POTENTIAL
from plainview.policy.subjects import few_enough, not_told_apart, usable_number


@pytest.mark.parametrize(
    ("number", "usable"),
    [
        ("1", True),
        ("SID-2026/0017 ä", True),
        ("9" * 100, True),
        ("9" * 101, False),
        ("", False),
        ("17\n18", False),
        ("17\t", False),
        ("17\u202e81", False),
    ],
)
def test_a_number_has_1_to_100_printable_characters(number: str, usable: bool) -> None:
    assert rule_of(usable_number(number)) == (None if usable else "subject.number")


def test_one_number_has_at_most_500_pictures() -> None:
    assert [rule_of(few_enough(pictures)) for pictures in (1, 500)] == [None, None]
    assert rule_of(few_enough(501)) == "subject.too_many"


@pytest.mark.parametrize(
    ("first", "other", "rule"),
    [
        ([(7, POTENTIAL)], [(7, NOT)], "subject.examined_apart"),
        ([(7, NOT)], [(7, POTENTIAL)], "subject.examined_apart"),
        ([(6, POTENTIAL), (7, NOT)], [(5, NOT), (7, POTENTIAL)], "subject.examined_apart"),
        ([(7, POTENTIAL)], [(8, NOT)], None),
        ([(7, POTENTIAL)], [(7, POTENTIAL)], None),
        ([(7, NOT)], [(7, NOT)], None),
        ([(7, POTENTIAL)], [(7, INCONCLUSIVE)], None),
        ([(7, INCONCLUSIVE)], [(7, INCONCLUSIVE)], None),
        ([], [(7, NOT)], None),
        ([(7, NOT)], [], None),
    ],
)
def test_whom_an_examiner_told_apart_for_one_probe_is_not_made_one_subject(
    first: list[tuple[int, str]], other: list[tuple[int, str]], rule: str | None
) -> None:
    assert rule_of(not_told_apart(first, other)) == rule
