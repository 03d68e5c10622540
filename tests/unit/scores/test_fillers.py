"""The other faces of a verification: nothing but the face tells which is the candidate."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from plainview.scores.fillers import (
    LOOKED_AT,
    _misfit,
    _of_cue,
    _resemblance,
    _some,
    _wanted,
    choose,
    distances_of,
)
from plainview.scores.same_face import SAME_FACE


def apart(faces: int, seed: int = 1) -> np.ndarray:
    """Cosines of faces of different people."""
    rows = np.random.default_rng(seed).standard_normal((faces, 64))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


def places_before(cue: np.ndarray, chosen: tuple[int, ...]) -> int:
    return sum(cue[place] < cue[0] for place in chosen)


def test_a_rule_that_picks_the_nearest_finds_the_candidate_no_more_often_than_chance() -> None:
    lots, cosines = Random(3), apart(31)
    cue = np.linspace(0, 3, 31)[[10, *range(10), *range(11, 31)]]  # ten faces are nearer to the probe
    first = sum(places_before(cue, choose({"year": cue}, cosines, 3, lots)) == 0 for _ in range(200))
    assert first / 200 < 0.31


def test_the_place_of_the_candidate_is_drawn_anew_in_every_cue() -> None:
    lots, cosines = Random(3), apart(31)
    draws = np.random.default_rng(2)
    cues = {name: draws.random(31) for name in ("size", "year")}
    for name in cues:
        cues[name][0] = 0.5
    seen = [choose(cues, cosines, 3, lots) for _ in range(100)]
    for cue in cues.values():
        assert set(Counter(places_before(cue, chosen) for chosen in seen)) == {0, 1, 2, 3}


def test_two_fillers_are_two_people() -> None:
    cosines = apart(12)
    cosines[1:7, 1:7] = SAME_FACE  # six pictures of one person
    np.fill_diagonal(cosines, 1)
    for seed in range(20):
        chosen = choose({}, cosines, 3, Random(seed))
        assert sum(place < 7 for place in chosen) <= 1


def test_a_small_gallery_gives_all_that_it_has_in_random_order() -> None:
    assert choose({}, apart(1), 3, Random(1)) == ()
    orders = {choose({}, apart(4), 3, Random(seed)) for seed in range(50)}
    assert {tuple(sorted(order)) for order in orders} == {(1, 2, 3)}
    assert len(orders) == 6


def test_a_cue_that_is_not_known_of_the_candidate_decides_nothing() -> None:
    cue = np.array([np.nan, *range(9)], dtype=np.float64)
    assert choose({"year": cue}, apart(10), 3, Random(5)) == choose(
        {"year": np.full(10, np.nan)}, apart(10), 3, Random(5)
    )


def test_few_pictures_are_opened_and_the_candidates_among_them() -> None:
    asked: list[list[int]] = []

    def background(places: list[int]) -> np.ndarray:
        asked.append(list(places))
        return np.array([float(place % 5) for place in places])

    chosen = choose({}, apart(61), 3, Random(4), background=background)  # type: ignore[arg-type]
    (places,) = asked
    assert places[0] == 0
    assert len(places) <= LOOKED_AT + 1
    assert set(chosen) <= set(places)


def test_distances_are_from_the_probe_and_unknown_ones_are_nan() -> None:
    assert distances_of([2000, 2003, None, 1999]).tolist()[::2] == [3.0, 1.0]
    assert np.isnan(distances_of([2000, 2003, None, 1999])[1])
    assert np.isnan(distances_of([None, 1, 2])).all()
    assert distances_of([(0.0, 0.0), (3.0, 4.0)]).tolist() == [5.0]


def test_it_is_drawn_how_many_come_before_the_candidate_none_less_often_than_all() -> None:
    lots = Random(7)
    drawn = Counter(_wanted(3, lots) for _ in range(8000))
    shares = [drawn[number] / 8000 for number in range(4)]
    assert shares == pytest.approx([0.125, 0.25, 0.25, 0.375], abs=0.015)


@pytest.mark.parametrize(
    ("fillers", "before"),
    [((0.5, 0.9, 0.1), 3.0), ((2.0, 3.0, 4.0), 0.0), ((0.5, 1.0, 2.0), 1.5), ((1.0, 1.0, 1.0), 1.5)],
)
def test_a_filler_as_far_as_the_candidate_is_half_before_it(fillers: tuple[float, ...], before: float) -> None:
    for wanted in range(4):
        assert _misfit(np.array([1.0]), np.array([fillers]), wanted).tolist() == [abs(before - wanted)]


def test_a_cue_is_that_of_each_face_of_the_set_and_an_unknown_one_is_neither_before_nor_behind() -> None:
    cue = np.array([1.0, 0.5, 2.0, np.nan, 0.7])
    sets = np.array([[1, 2], [1, 4], [2, 3], [3, 4]])
    assert _of_cue(cue, sets, 0).tolist() == [1.0, 2.0, 0.5, 1.5]
    assert _of_cue(np.array([np.nan, 1, 2, 3, 4]), sets, 0).tolist() == [0.0] * 4


def test_resemblance_is_the_mean_distance_to_the_other_faces_of_the_set() -> None:
    cosines, sets = apart(8), np.array([[1, 2, 3], [4, 6, 7]])
    candidate, fillers = _resemblance(cosines, sets)
    for row, places in enumerate(sets.tolist()):
        faces = [0, *places]
        means = [-np.mean([cosines[face, other] for other in faces if other != face]) for face in faces]
        assert candidate[row] == pytest.approx(means[0])
        assert fillers[row] == pytest.approx(means[1:])


def test_pictures_of_exactly_so_many_faces_are_opened_those_that_fit_best() -> None:
    sets = np.array([[1, 2, place] for place in range(3, 40)])
    chosen = _some(sets, np.arange(len(sets), dtype=np.float64), Random(1))
    assert sets[chosen][:, 2].tolist() == list(range(3, LOOKED_AT + 1))


def test_the_place_of_the_candidate_is_drawn_by_the_background_too() -> None:
    """Half of the faces are nearer to the probe's background than the candidate is."""
    lots, alike = Random(9), np.eye(31)
    far = np.array([1.5, *[1.0, 2.0] * 15])
    chosen = [choose({}, alike, 3, lots, background=lambda places: far[list(places)]) for _ in range(200)]
    before = Counter(places_before(far, places) for places in chosen)
    assert before[3] / 200 == pytest.approx(0.375, abs=0.1)  # an eighth if the background decided nothing
