"""The rules of video."""

from __future__ import annotations

import pytest
from tests.factories.decisions import rule_of

from plainview.policy import video
from plainview.policy.decision import Allow, Decision, Refused

MIB = 2**20


def rule(decision: Decision) -> str:
    return rule_of(decision) or "allow"


@pytest.mark.parametrize(
    ("size", "answer"),
    [(0, "video.size"), (1, "allow"), (64 * 2**30, "allow"), (64 * 2**30 + 1, "video.size")],
)
def test_size(size: int, answer: str) -> None:
    assert rule(video.size(size)) == answer


@pytest.mark.parametrize(
    ("offset", "length", "answer"),
    [
        (10 * MIB, MIB, "allow"),
        (9 * MIB, MIB, "video.part"),
        (11 * MIB, MIB, "video.part"),
        (10 * MIB, 8 * MIB, "allow"),
        (10 * MIB, 8 * MIB + 1, "video.part"),
        (10 * MIB, 10, "video.part"),
        (10 * MIB, 64 * 1024, "allow"),
        (10 * MIB, 64 * 1024 - 1, "video.part"),
        (10 * MIB, 0, "video.part"),
    ],
)
def test_pieces_follow_each_other(offset: int, length: int, answer: str) -> None:
    assert rule(video.part(offset, length, 10 * MIB, 20 * MIB)) == answer


def test_the_last_piece_may_be_short_and_none_passes_the_end() -> None:
    assert isinstance(video.part(10 * MIB, 10, 10 * MIB, 10 * MIB + 10), Allow)
    assert rule(video.part(10 * MIB, 11, 10 * MIB, 10 * MIB + 10)) == "video.part"


@pytest.mark.parametrize(
    ("seconds", "first", "last", "answer"),
    [
        (36_000, 0, 36_001, "video.too_long"),
        (36_000, 3600, 3600 + 4 * 3600, "allow"),
        (36_000, 3600, 3601 + 4 * 3600, "video.too_long"),
        (10, 0, 9e9, "allow"),
        (10, 10, 20, "video.range"),
        (10, 5, 5, "video.range"),
        (10, -1, 5, "video.range"),
        (0, 0, 1, "allow"),
        (0, 0.001, 1, "video.range"),
        (0.5, 0.4, 1, "allow"),
    ],
)
def test_hours(seconds: float, first: float, last: float, answer: str) -> None:
    assert rule(video.hours(seconds, first, last)) == answer


def test_a_part_that_is_too_long_says_how_long_it_is() -> None:
    answer = video.hours(36_000, 0, 5.5 * 3600)
    assert isinstance(answer, Refused)
    assert answer.why == "5.5 hours were requested; 4 can be processed at once."
    answer = video.hours(10_000_000, 0, 3_600_000)
    assert isinstance(answer, Refused)
    assert answer.why.startswith("1000.0 hours ")


def test_the_rules_of_size_are_said_in_the_units_of_people() -> None:
    says = {rule_id: text for rule_id, _, text in video.SIZE_RULES}
    assert "64 GiB" in says["video.size"]
    assert "8 MiB" in says["video.part"]
    assert "4 hours" in says["video.too_long"]


def test_an_upload_that_stops_is_kept_for_a_week() -> None:
    assert video.UPLOAD_DAYS == 7


@pytest.mark.parametrize(("length", "answer"), [(0, "video.part"), (1, "allow"), (2, "video.part")])
def test_the_last_piece_has_a_byte_at_least(length: int, answer: str) -> None:
    announced = 10 * MIB + min(length, 1)
    assert rule(video.part(10 * MIB, length, 10 * MIB, announced)) == answer
