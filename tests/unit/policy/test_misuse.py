"""Each rule speaks just past its limit and is silent just before; nothing speaks without a history."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy.misuse import (
    LIMITS,
    Finding,
    Limits,
    SearchFact,
    about_oneself,
    chance_of_at_least,
    closed_case,
    findings,
    near_duplicates,
    not_authorised,
    tripwire,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEW = SearchFact("S", "M", "C", NOON, 0)


def only(rule_id: str, new: SearchFact, before: list[SearchFact], limits: Limits = LIMITS) -> Finding | None:
    return next((finding for finding in findings(new, before, limits) if finding.rule_id == rule_id), None)


def rules(new: SearchFact, before: list[SearchFact]) -> set[str]:
    return {finding.rule_id for finding in findings(new, before)}


def test_nothing_speaks_without_a_history() -> None:
    assert rules(NEW, []) == set()


@pytest.mark.parametrize(("others", "spoken"), [(14, False), (15, True), (16, False), (29, False), (30, True)])
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


def test_a_probe_is_no_portrait_from_a_camera_unless_it_says_so() -> None:
    assert SearchFact("S", "M", "C", NOON, 0) == SearchFact("S", "M", "C", NOON, 0, "other", quality=0, face_share=0.0)
    assert rules(SearchFact("S", "M", "C", NOON, 0, origin="cctv"), []) == set()
    assert rules(SearchFact("S", "M", "C", NOON, 0, origin="cctv", quality=100), []) == set()
    assert rules(SearchFact("S", "M", "C", NOON, 0, origin="cctv", face_share=0.9), []) == set()


def test_a_portrait_fills_28_percent_of_the_width_with_quality_80() -> None:
    found = only("misuse.portrait_probe", replace(NEW, origin="cctv", face_share=0.28049, quality=80), [])
    assert found is not None
    assert found.evidence == {"face_share": 0.28, "quality": 80, "origin": "cctv"}
    assert only("misuse.portrait_probe", replace(NEW, origin="cctv", face_share=0.28, quality=79), []) is None


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


def at_times(count: int, at: datetime) -> list[SearchFact]:
    return [replace(NEW, search=f"S{at:%H%M}-{day}", at=at - (day + 1) * DAY) for day in range(count)]


@pytest.mark.parametrize(("oldest", "judged"), [(timedelta(days=60), True), (timedelta(days=60, seconds=1), False)])
def test_hours_are_judged_by_thirty_searches_in_sixty_days(oldest: timedelta, judged: bool) -> None:
    night = replace(NEW, at=NOON.replace(hour=3))
    others = at_times(29, NOON)
    assert only("misuse.unusual_hour", night, others) is None
    one_near = replace(LIMITS, hours_share=1 / 30)  # the oldest is at this very hour
    history = [*others, replace(NEW, search="oldest", at=night.at - oldest)]
    assert (only("misuse.unusual_hour", night, history, one_near) is not None) is judged


@pytest.mark.parametrize(
    ("then", "near"),
    [("02:00", True), ("01:59", False), ("04:00", True), ("04:01", False)],
)
def test_an_hour_is_sixty_minutes_either_way(then: str, near: bool) -> None:
    hour, minute = map(int, then.split(":"))
    history = at_times(30, NOON.replace(hour=hour, minute=minute))
    assert (only("misuse.unusual_hour", replace(NEW, at=NOON.replace(hour=3)), history) is None) is near


@pytest.mark.parametrize(("then", "near"), [(0, True), (59, True)])
def test_the_clock_goes_round_at_midnight(then: int, near: bool) -> None:
    late = at_times(30, NOON.replace(hour=23, minute=59))
    early = replace(NEW, at=NOON.replace(hour=0, minute=then) + DAY)
    assert (only("misuse.unusual_hour", early, late) is None) is near
    assert only("misuse.unusual_hour", replace(early, at=NOON.replace(hour=1, minute=0) + DAY), late) is not None


def test_a_share_of_the_searches_may_be_near_an_hour_that_is_still_unusual() -> None:
    limits = replace(LIMITS, hours_history=8, hours_share=0.25)
    night = replace(NEW, at=NOON.replace(hour=3))
    found = only("misuse.unusual_hour", night, at_times(6, NOON) + at_times(2, night.at), limits)
    assert found is not None
    assert found.evidence == {"searches": 8, "near": 2, "time": "03:00"}
    assert only("misuse.unusual_hour", night, at_times(5, NOON) + at_times(3, night.at), limits) is None


def busy_days(*counts: int) -> list[SearchFact]:
    return [
        replace(NEW, search=f"S{day}-{i}", case=f"C{day}", at=NOON - (day + 1) * DAY)
        for day, count in enumerate(counts)
        for i in range(count)
    ]


def spoken_at(limits: Limits, history: list[SearchFact], searches: int = 12) -> dict[int, Finding]:
    """Number of the search of today -> what was said about it."""
    today = [replace(NEW, search=f"T{i}", case=f"T{i}", face=i) for i in range(searches)]
    found = {i + 1: only("misuse.unusual_volume", new, history + today[:i], limits) for i, new in enumerate(today)}
    return {number: finding for number, finding in found.items() if finding}


# Without the busiest day (7): mean 2, variance 4, so that P(at least k in a day) = (k + 2) / 2^(k + 1).
WEEK = busy_days(1, 1, 7, 1, 1, 6)


@pytest.mark.parametrize(("chance", "number"), [(0.74, 2), (0.5001, 2), (0.11, 5), (0.02, 8)])
def test_a_busy_day_is_the_first_search_that_is_rarer_than_the_limit(chance: float, number: int) -> None:
    found = spoken_at(replace(LIMITS, volume_days=6, volume_chance=chance), WEEK)
    assert list(found) == [number]
    assert found[number].evidence == {"today": number, "mean": 2.0, "days": 5}


def test_a_busy_day_says_how_rare_it_is() -> None:
    limits = replace(LIMITS, volume_days=6, volume_chance=0.02)
    assert spoken_at(limits, WEEK)[8].says.endswith("by 5 earlier days (2.0 on average) that is one day in 51.")
    never = replace(limits, volume_chance=0.0)
    (found,) = spoken_at(never, busy_days(1, 1, 1, 1, 1, 1), 40).values()
    assert found.says.endswith("searches in one day; 1.0 is this member's average.")


def test_a_day_exactly_as_rare_as_the_limit_speaks_and_the_next_search_does_not() -> None:
    chance = chance_of_at_least(8, 2.0, 4.0)
    assert list(spoken_at(replace(LIMITS, volume_days=6, volume_chance=chance), WEEK)) == [8]


def test_volume_is_judged_after_thirty_days() -> None:
    limits = replace(LIMITS, volume_chance=1e-3)
    assert spoken_at(limits, busy_days(*[1] * 29)) == {}
    assert len(spoken_at(limits, busy_days(*[1] * 30))) == 1


@pytest.mark.parametrize(("days", "kept"), [(25, 24), (49, 48), (50, 48), (75, 72)])
def test_one_of_twenty_five_days_is_too_busy_to_count(days: int, kept: int) -> None:
    limits = replace(LIMITS, volume_days=3, volume_chance=1e-3)
    (found,) = spoken_at(limits, busy_days(*[1] * days)).values()
    assert found.evidence["days"] == kept
    (third,) = spoken_at(limits, busy_days(1, 1, 5, 9), 60).values()
    assert third.evidence["mean"] == 2.33


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


def test_one_face_speaks_at_the_seventh_search_and_every_seven_more() -> None:
    before = [replace(NEW, search=f"S{i}") for i in range(21)]
    spoken = [n + 1 for n in range(21) if only("misuse.same_face_again", NEW, before[:n])]
    assert spoken == [7, 14, 21]


def test_attempts_under_closed_cases() -> None:
    days = timedelta(days=LIMITS.closed_days)
    assert isinstance(closed_case(NOON, [NOON, NOON - DAY, NOON - 2 * DAY]), Finding)
    assert closed_case(NOON, [NOON, NOON - DAY]) is None
    assert closed_case(NOON, [NOON, NOON - DAY, NOON - days]) is None


def test_closed_cases_speak_at_the_third_attempt_of_seven_days_and_every_three_more() -> None:
    moments = [NOON - timedelta(hours=n) for n in range(10)]
    spoken = {n: closed_case(NOON, moments[:n]) for n in range(1, 10)}
    assert [n for n, finding in spoken.items() if finding] == [3, 6, 9]
    assert spoken[6] == Finding(
        "misuse.closed_case", "6 searches were tried under closed cases within 7 days.", {"attempts": 6}
    )
    just_within = NOON - timedelta(days=7) + timedelta(seconds=1)
    assert closed_case(NOON, [NOON, NOON, just_within]) is not None
    assert closed_case(NOON, [NOON, NOON, NOON - timedelta(days=7)]) is None
    assert closed_case(NOON, [NOON, NOON, NOON + timedelta(seconds=1)]) is None


Counted = Callable[[datetime, list[datetime]], Finding | None]


@pytest.mark.parametrize(
    ("rule", "rule_id", "every", "days"),
    [
        (about_oneself, "misuse.about_oneself", 10, 30),
        (near_duplicates, "misuse.near_duplicates", 3, 7),
    ],
)
def test_what_is_counted_over_days_speaks_at_each_multiple_of_its_number(
    rule: Counted, rule_id: str, every: int, days: int
) -> None:
    now = [NOON] * (3 * every)
    spoken = {n: rule(NOON, now[:n]) for n in range(len(now) + 1)}
    assert [n for n, finding in spoken.items() if finding] == [every, 2 * every, 3 * every]
    finding = spoken[2 * every]
    assert finding is not None
    assert (finding.rule_id, list(finding.evidence.values())) == (rule_id, [2 * every])
    assert f"{2 * every} " in finding.says
    assert f"within {days} days" in finding.says
    rest = now[: every - 1]
    assert rule(NOON, [*rest, NOON - timedelta(days=days) + timedelta(seconds=1)]) is not None
    assert rule(NOON, [*rest, NOON - timedelta(days=days)]) is None
    assert rule(NOON, [*rest, NOON + timedelta(seconds=1)]) is None


def test_a_look_up_is_an_enrolment_of_at_most_three_pictures() -> None:
    finding = near_duplicates(NOON, [NOON] * 3)
    assert finding is not None
    assert finding.says.startswith("3 enrolments of at most 3 pictures ")


def test_the_first_urgent_search_that_nobody_authorised_and_a_second_within_ninety_days() -> None:
    first = not_authorised(NOON, [NOON])
    assert (first.rule_id, first.evidence) == ("misuse.not_authorised", {"times": 1})
    again = not_authorised(NOON, [NOON, NOON - timedelta(days=90) + timedelta(seconds=1)])
    assert (again.rule_id, again.evidence) == ("misuse.not_authorised_again", {"times": 2})
    assert again.says == "Nobody authorised 2 urgent searches of this member within 90 days."
    assert not_authorised(NOON, [NOON, NOON - timedelta(days=90)]) == first
    assert not_authorised(NOON, [NOON, NOON + timedelta(seconds=1)]) == first


def test_a_tripwire_names_its_reference_and_the_score() -> None:
    finding = tripwire("L-1", 0.61249, "2,000,000 pairs")
    assert (finding.rule_id, finding.evidence) == ("misuse.tripwire", {"score": "0.612"})
    assert "'L-1' (cosine 0.612)" in finding.says
    assert "2,000,000 pairs" in finding.says


def test_chances_are_those_of_the_textbook() -> None:
    assert chance_of_at_least(0, 2, 2) == 1.0
    assert chance_of_at_least(-1, 2, 2) == 1.0
    assert chance_of_at_least(1, 2.0, 2.0) == pytest.approx(1 - math.exp(-2))
    assert chance_of_at_least(1, 0.5, 0.5) == pytest.approx(1 - math.exp(-0.5))
    assert chance_of_at_least(3, 0.0, 0.0) == 1.0  # a member without a history surprises nobody
    assert chance_of_at_least(3, 0.0, 1.0) == 1.0
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
