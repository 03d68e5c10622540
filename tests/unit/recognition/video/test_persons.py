"""Grouping: the same person once, two people of one frame never one, whatever the order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.recognition.video import persons
from plainview.recognition.video.persons import AWAY, CONTINUES, LINGERS, RETURNS, TOGETHER, _added, _continues, group
from plainview.recognition.video.types import Track

SECOND = 100


def track(
    person: int, first: int, last: int | None = None, *, noise: float = 0.3, seed: int = 0, x: float = 0
) -> Track:
    random = np.random.default_rng(seed + first)
    row = np.eye(16)[person] + noise * random.normal(size=16) / 4
    last = first + 50 if last is None else last
    box = (x, 0.0, 50.0, 50.0)
    vector = (row / np.linalg.norm(row)).astype(np.float32)
    return Track(first, last, tuple(range(first, last + 1, 10)), box, box, (), vector)


def test_each_person_has_one_number_in_order_of_appearance() -> None:
    tracks = [track(2, 0), track(5, 100), track(2, 200), track(5, 300), track(1, 400)]
    assert group(tracks, SECOND) == [0, 1, 0, 1, 2]
    assert group([], SECOND) == []


def test_two_faces_of_one_frame_are_two_people() -> None:
    twins = [track(3, 0), track(3, 0, seed=9), track(3, 200)]
    numbers = group(twins, SECOND)
    assert numbers[0] != numbers[1]
    assert numbers[2] in numbers[:2]


def test_a_track_cut_by_the_border_of_segments_goes_on() -> None:
    blurred = [track(1, 0, noise=0), track(1, 60, noise=0)]
    turned = Track(
        *[getattr(blurred[1], name) for name in ("first", "last", "seen", "first_box", "last_box", "stills")],
        template=np.array([0] + [0.35] + [0] * 13 + [np.sqrt(1 - 0.35**2)], np.float32),
    )
    assert group([blurred[0], turned], SECOND) == [0, 0]
    elsewhere = Track(turned.first, turned.last, turned.seen, (500, 0, 50, 50), turned.last_box, (), turned.template)
    assert group([blurred[0], elsewhere], SECOND) == [0, 1]


@given(st.permutations(range(9)))
def test_the_order_of_the_tracks_does_not_matter(order: list[int]) -> None:
    tracks = [track(i % 3, i * 100, noise=0.8) for i in range(9)]
    plain = group(tracks, SECOND)
    assert group([tracks[i] for i in order], SECOND) == [plain[i] for i in order]


def test_many_tracks_join_the_people_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = [track(i % 4, i * 100) for i in range(30)]
    monkeypatch.setattr(persons, "_AT_ONCE", 10)
    assert group(tracks, SECOND) == [i % 4 for i in range(30)]


@pytest.mark.parametrize(
    ("gap", "shift", "continues"),
    [(1, 0, True), (0, 0, False), (-1, 0, False), (1200, 0, True), (1201, 0, False), (1, 53, True), (1, 54, False)],
)
def test_a_track_continues_another_within_1_2_seconds_where_it_ended(gap: int, shift: int, continues: bool) -> None:
    """A box of 100 by 100 that is moved by 53 shares 47 of 153 with itself: .307."""
    template = np.array([1, 0], np.float32)
    earlier = Track(0, 5000, (0, 5000), (0, 0, 9, 9), (0, 0, 100, 100), (), template)
    begin = 5000 + gap
    later = Track(begin, 9000, (begin, 9000), (shift, 0, 100, 100), (0, 0, 9, 9), (), template)
    assert _continues(earlier, later, 0.26, 1000) is continues


@pytest.mark.parametrize(
    ("gap", "score", "continues"),
    [(1200, 0.25, True), (1200, 0.24, False), (5000, 0.3, True), (5000, 0.29, False), (5001, 0.41, False)],
)
def test_who_comes_back_to_the_same_place_within_five_seconds_must_look_more_alike(
    gap: int, score: float, continues: bool
) -> None:
    template, box = np.array([1, 0], np.float32), (0, 0, 100, 100)
    earlier = Track(0, 5000, (0, 5000), box, box, (), template)
    later = Track(5000 + gap, 20_000, (5000 + gap, 20_000), box, box, (), template)
    assert _continues(earlier, later, score, 1000) is continues


def unit(cosine: float) -> np.ndarray:
    return np.array([cosine, (1 - cosine**2) ** 0.5], np.float32)


@pytest.mark.parametrize(
    ("begins", "cosine", "x", "numbers"),
    [
        (60_000, 0.1, 0, [0, 0]),  # a turned head, where the face was
        (60_000, 0.09, 0, [0, 1]),
        (60_000, 0.3, 500, [0, 1]),  # elsewhere
        (61_001, 0.3, 0, [0, 1]),  # much later
        (61_001, 0.43, 500, [0, 0]),  # but alike
        (56_000, 0.9, 0, [0, 1]),  # in one frame with the face
    ],
)
def test_a_doubtful_track_joins_who_was_there_or_looks_like_it(
    begins: int, cosine: float, x: int, numbers: list[int]
) -> None:
    face = Track(0, 56_000, (0, 56_000), (0, 0, 50, 50), (0, 0, 50, 50), (), unit(1))
    away = Track(begins, begins + 10, (begins, begins + 10), (x, 0, 50, 50), (x, 0, 50, 50), (), unit(cosine), True)
    assert group([face, away], 1000) == numbers
    assert group([away, face], 1000) == numbers[::-1] or numbers == [0, 1]


def test_a_doubtful_track_does_not_part_the_tracks_of_a_person() -> None:
    tracks = [track(1, 0), track(1, 1000), track(1, 2000)]
    away = Track(2060, 2100, (2060, 2100), (0, 0, 50, 50), (0, 0, 50, 50), (), track(9, 0).template, True)
    assert group([*tracks, away], SECOND)[:3] == [0, 0, 0]
    assert group([away], SECOND) == [0]


def test_the_lines_that_were_measured() -> None:
    assert (TOGETHER, CONTINUES, RETURNS, AWAY, LINGERS) == (0.42, 0.25, 0.30, 0.10, 5.0)


@pytest.mark.parametrize(("cosine", "numbers"), [(0.43, [0, 0]), (0.41, [0, 1])])
def test_two_tracks_are_one_person_from_the_line_on(cosine: float, numbers: list[int]) -> None:
    templates = np.array([[1, 0], [cosine, (1 - cosine**2) ** 0.5]], np.float32)
    tracks = [
        Track(at, at + 10, (at, at + 10), (0, 0, 1, 1), (0, 0, 1, 1), (), template)
        for at, template in zip((0, 90_000), templates, strict=True)
    ]
    assert group(tracks, 1000) == numbers


def test_a_track_beyond_those_compared_joins_the_nearest_person_it_is_never_seen_with() -> None:
    def track(at: int, cosine: float) -> Track:
        template = np.array([cosine, (1 - cosine**2) ** 0.5], np.float32)
        return Track(at, at, (at,), (0, 0, 1, 1), (0, 0, 1, 1), (), template)

    rows = [track(0, 1.0), track(1, 0.0), track(2, 0.9), track(0, 0.95), track(3, -1.0), track(4, -0.9)]
    assert _added(rows, [0, 1]) == [0, 1, 0, 2, 3, 3]


def test_at_the_line_itself_two_tracks_are_one_person() -> None:
    def numbered(cosine: float) -> list[int]:
        vectors = ([1.0, 0.0], [cosine, 0.0])  # the cosine is exact in 64 bits
        box = (0.0, 0.0, 50.0, 50.0)
        rows: list[Any] = [
            Track(at, at + 9, (at,), box, box, (), np.array(vector))
            for at, vector in zip((0, 90_000), vectors, strict=True)
        ]
        return group(rows, SECOND)

    assert numbered(TOGETHER) == [0, 0]
    assert numbered(float(np.nextafter(TOGETHER, 0))) == [0, 1]
