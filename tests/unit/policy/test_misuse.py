"""Each rule speaks just past its limit and is silent just before; nothing speaks without a history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy.misuse import (
    LIMITS,
    Finding,
    SearchFact,
    chance_of_at_least,
    closed_case,
    findings,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEW = SearchFact("S", "M", "C", NOON, 0)


def rules(new: SearchFact, before: list[SearchFact]) -> set[str]:
    return {finding.rule_id for finding in findings(new, before)}


def test_nothing_speaks_without_a_history() -> None:
    assert rules(NEW, []) == set()


@pytest.mark.parametrize(("others", "spoken"), [(LIMITS.faces_in_case - 1, False), (LIMITS.faces_in_case, True)])
def test_many_faces_under_one_case(others: int, spoken: bool) -> None:
    before = [replace(NEW, search=f"S{i}", member=f"M{i % 3}", face=i) for i in range(others)]
    new = replace(NEW, face=999)
    assert ("misuse.unrelated_faces" in rules(new, before)) is spoken
    assert "misuse.unrelated_faces" not in rules(replace(NEW, face=0), before)  # a known face adds none
    elsewhere = [replace(fact, case="other") for fact in before]
    assert "misuse.unrelated_faces" not in rules(new, elsewhere)


@pytest.mark.parametrize(
    ("origin", "share", "quality", "spoken"),
    [
        ("cctv", LIMITS.portrait_share, LIMITS.portrait_quality, True),
        ("cctv", LIMITS.portrait_share - 0.01, LIMITS.portrait_quality, False),
        ("cctv", LIMITS.portrait_share, LIMITS.portrait_quality - 1, False),
        ("social media", 0.9, 100, False),
    ],
)
def test_a_portrait_declared_as_video(origin: str, share: float, quality: int, spoken: bool) -> None:
    new = replace(NEW, origin=origin, face_share=share, quality=quality)
    assert ("misuse.portrait_probe" in rules(new, [])) is spoken


def working_days(count: int, per_day: int = 2) -> list[SearchFact]:
    return [
        replace(
            NEW,
            search=f"S{day}-{i}",
            case=f"C{day}",
            face=day,
            at=NOON - (day + 1) * DAY + i * timedelta(hours=1),
        )
        for day in range(count)
        for i in range(per_day)
    ]


def test_an_hour_at_which_the_member_does_not_work() -> None:
    history = working_days(70)
    night = replace(NEW, at=NOON.replace(hour=3))
    assert "misuse.unusual_hour" in rules(night, history)
    assert "misuse.unusual_hour" not in rules(replace(NEW, at=NOON.replace(minute=50)), history)
    assert "misuse.unusual_hour" in rules(night, history[: LIMITS.hours_history])
    assert "misuse.unusual_hour" not in rules(night, history[: LIMITS.hours_history - 1])
    assert "misuse.unusual_hour" not in rules(night, [replace(fact, member="other") for fact in history])
    once = replace(NEW, search="X", at=(NOON - 3 * DAY).replace(hour=2))
    assert "misuse.unusual_hour" not in rules(night, [*history, once])
    long_ago = replace(once, at=once.at - LIMITS.hours_days * DAY)
    assert "misuse.unusual_hour" in rules(night, [*history, long_ago])
    midnight = [replace(fact, at=fact.at.replace(hour=23, minute=30)) for fact in history]
    assert "misuse.unusual_hour" not in rules(replace(NEW, at=NOON.replace(hour=0, minute=10)), midnight)


def test_a_day_busier_than_the_members_own_history_speaks_once() -> None:
    history = working_days(60)
    today: list[SearchFact] = []
    spoken = []
    for i in range(25):
        new = replace(NEW, search=f"T{i}", case=f"T{i}", face=1000 + i, at=NOON + timedelta(minutes=i))
        if "misuse.unusual_volume" in rules(new, history + today):
            spoken.append(i + 1)
        today.append(new)
    assert len(spoken) == 1
    assert 8 <= spoken[0] <= 15
    short = working_days(LIMITS.volume_days - 1)
    assert all("misuse.unusual_volume" not in rules(new, short + today[:i]) for i, new in enumerate(today))


def test_one_face_again_and_again() -> None:
    before = [replace(NEW, search=f"S{i}", at=NOON - (i + 1) * DAY) for i in range(LIMITS.same_face - 1)]
    assert "misuse.same_face_again" in rules(NEW, before)
    assert "misuse.same_face_again" not in rules(NEW, before[1:])
    assert "misuse.same_face_again" not in rules(replace(NEW, face=5), before)
    assert "misuse.same_face_again" not in rules(NEW, [replace(fact, member="other") for fact in before])
    assert "misuse.same_face_again" not in rules(NEW, [replace(fact, case="other") for fact in before])


def test_attempts_under_closed_cases() -> None:
    days = timedelta(days=LIMITS.closed_days)
    assert isinstance(closed_case(NOON, [NOON, NOON - DAY, NOON - 2 * DAY]), Finding)
    assert closed_case(NOON, [NOON, NOON - DAY]) is None
    assert closed_case(NOON, [NOON, NOON - DAY, NOON - days]) is None


def test_chances_are_those_of_the_textbook() -> None:
    assert chance_of_at_least(0, 2, 2) == 1.0
    assert chance_of_at_least(3, 2.0, 2.0) == pytest.approx(0.323324, abs=1e-6)  # Poisson
    assert chance_of_at_least(5, 2.0, 4.0) == pytest.approx(0.109375, abs=1e-9)  # negative binomial, r = 2, p = 1/2


@given(
    st.lists(
        st.builds(
            SearchFact,
            search=st.text(max_size=3),
            member=st.sampled_from("AB"),
            case=st.sampled_from("XYZ"),
            at=st.integers(0, 525_600).map(lambda minutes: NOON - timedelta(minutes=minutes)),
            face=st.integers(0, 30),
        ),
        max_size=150,
    ),
    st.randoms(),
)
def test_the_order_and_strangers_change_nothing(history: list[SearchFact], random: object) -> None:
    expected = findings(NEW, history)
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    strangers = [replace(fact, member="Q", case="Q") for fact in history]
    assert findings(NEW, shuffled + strangers) == expected
