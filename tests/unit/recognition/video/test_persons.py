"""Grouping: the same person once, two people of one frame never one, whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.recognition.video import persons
from plainview.recognition.video.persons import group
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
