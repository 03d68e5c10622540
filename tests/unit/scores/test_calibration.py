"""A gallery's own rates: they hold for strangers it has never seen, and say so when they rest on too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plainview.policy.decision import Refused
from plainview.scores import calibration
from plainview.scores.calibration import (
    MIN_REFERENCES,
    Calibration,
    Rate,
    _resampled,
    cosine_at,
    fmr_at,
    in_words,
    sentence,
)
from plainview.scores.doubles import strangers_best
from plainview.scores.scoring import Scorer, scorer_of
from plainview.scores.subjects import mean_template
from plainview.scores.tail import gumbel_chance

TABLE = ((1e-3, 0.363), (1e-4, 0.424), (1e-5, 0.491), (1e-6, 0.594))


def people(count: int, seed: int, dimension: int = 64) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    rows[:, 0] += 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fit(rows: NDArray[np.float32], table: tuple[tuple[float, float], ...] = ()) -> Calibration:
    return Calibration.fit(rows, table, scorer=Scorer(np.empty((0, 1), np.float32)))


GALLERY = people(1500, 1)
FITTED = fit(GALLERY)


@pytest.mark.parametrize("once_in", [3, 10, 100])
def test_the_stated_rate_holds_for_strangers_never_seen(once_in: int) -> None:
    strangers = people(4000, 2)
    best = (strangers @ GALLERY.T).max(axis=1)
    score = float(np.quantile(best, 1 - 1 / once_in))  # reached by one stranger in `once_in`
    rate = FITTED.rate(score)
    assert rate.low * 0.8 <= once_in <= rate.high * 1.25
    assert rate.own
    assert not rate.beyond


def test_a_larger_gallery_is_scaled() -> None:
    small = fit(GALLERY[:300])
    strangers = people(4000, 3)
    score = float(np.quantile((strangers @ GALLERY.T).max(axis=1), 0.9))
    rate = small.rate(score, size=1500)
    assert rate.low * 0.6 <= 10 <= rate.high * 1.6
    assert small.rate(score, size=300).once_in > rate.once_in


@pytest.mark.parametrize("once_in", [3, 10, 100])
def test_it_holds_for_the_score_that_orders_lists(once_in: int) -> None:
    scorer = scorer_of(GALLERY)
    best = scorer.scores(people(4000, 2), GALLERY).max(axis=1)
    rate = Calibration.fit(GALLERY, scorer=scorer).rate(float(np.quantile(best, 1 - 1 / once_in)))
    assert rate.low * 0.8 <= once_in <= rate.high * 1.25


def test_doubles_in_the_gallery_are_left_out() -> None:
    doubled = np.concatenate([GALLERY, GALLERY + 0.45 * people(1500, 4)])
    doubled /= np.linalg.norm(doubled, axis=1, keepdims=True)
    best = (people(4000, 5) @ doubled.T).max(axis=1)
    fitted = fit(doubled)
    assert fitted.independent <= 1700
    for once_in in (3, 10, 100):
        rate = fitted.rate(float(np.quantile(best, 1 - 1 / once_in)))
        assert rate.low <= once_in * 1.15
        assert rate.high >= once_in * 0.85


@pytest.mark.parametrize("most", [3, 10])
def test_it_holds_for_strangers_where_a_person_is_the_mean_of_their_pictures(most: int) -> None:
    """A probe is one picture: a mean searched as a stranger would score higher than any stranger does."""
    random = np.random.default_rng(most)

    def looks(of: np.ndarray) -> np.ndarray:
        rows = of + 0.9 * people(len(of), int(random.integers(1 << 30)))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    counts = random.integers(1, most + 1, len(GALLERY))
    pictures = [looks(GALLERY) for _ in range(most)]
    own = [np.stack([pictures[k][i] for k in range(counts[i])]) for i in range(len(GALLERY))]
    means = np.stack([mean_template(rows) for rows in own])
    several = {i: own[i][0] for i in range(len(GALLERY)) if counts[i] > 1}
    scorer = scorer_of(means)
    best = scorer.scores(looks(people(4000, 6)), means).max(axis=1)
    fitted = Calibration.fit(means, scorer=scorer, pictures=several)
    for once_in in (3, 10, 100):
        rate = fitted.rate(float(np.quantile(best, 1 - 1 / once_in)))
        assert rate.low * 0.8 <= once_in <= rate.high * 1.25


@given(st.floats(-1, 1), st.floats(-1, 1))
@settings(max_examples=40, deadline=None)
def test_a_higher_score_is_never_reached_more_often(a: float, b: float) -> None:
    low, high = sorted((a, b))
    first, second = FITTED.rate(low), FITTED.rate(high)
    assert 1 <= first.once_in <= second.once_in
    assert first.low <= first.once_in <= first.high
    own = fit(GALLERY[:20], TABLE)
    assert own.rate(low).once_in <= own.rate(high).once_in


def test_nothing_is_prolonged_further_than_ten_times_what_was_seen() -> None:
    rate = FITTED.rate(0.999)
    assert rate.beyond
    assert rate.once_in <= 15_000 * 1.01
    assert "Fewer than 1 in" in sentence(rate, 1500)
    pack = fit(GALLERY[:2], TABLE).rate(0.99)
    assert pack.beyond
    assert pack.once_in == pytest.approx(500_000, rel=0.01)


def test_a_small_gallery_rests_on_the_packs_figures_and_says_so() -> None:
    small = fit(GALLERY[: MIN_REFERENCES - 1], TABLE)
    rate = small.rate(0.424)
    assert not rate.own
    assert rate.once_in == pytest.approx(1 / (1 - (1 - 1e-4) ** (MIN_REFERENCES - 1)), rel=1e-6)
    assert "general figures" in sentence(rate, 99)
    with pytest.raises(Refused, match=r"calibration\.none"):
        fit(GALLERY[:5]).rate(0.5)


def test_the_packs_figures_are_met() -> None:
    for fmr, cosine in TABLE:
        assert fmr_at(cosine, TABLE) == pytest.approx(fmr)
    assert fmr_at(-1.0, TABLE) == 1.0


def test_it_is_the_same_again_and_survives_being_written() -> None:
    assert fit(GALLERY) == FITTED
    assert Calibration.from_json(FITTED.to_json()) == FITTED
    assert Calibration.from_json(FITTED.to_json()).rate(0.5) == FITTED.rate(0.5)
    for text in ("", "[]", "{}", '{"size": 1, "compared": 1, "best": ["x"], "table": []}'):
        with pytest.raises(ValueError, match=r".*"):
            Calibration.from_json(text)


@pytest.mark.parametrize("rows", [np.ones((200, 8), np.float32) / np.sqrt(np.float32(8)), np.empty((0, 8), np.float32)])
def test_degenerate_galleries_give_an_answer(rows: NDArray[np.float32]) -> None:
    assert fit(rows, TABLE).rate(0.5).once_in >= 1


def test_sentences_have_two_digits_and_no_claim() -> None:
    rate = FITTED.rate(float(np.quantile(FITTED.best, 0.93)))
    text = sentence(rate, 1500)
    assert text.startswith("About 1 in ")
    assert "%" not in text
    assert "between" in text
    assert sentence(FITTED.rate(-1), 1500).startswith("Ordinary: almost any stranger scores this high here")


def plain(**changed: object) -> Calibration:
    """A calibration made by hand: 200 bests, evenly from .2 to .4, of strangers among 100 others."""
    best = tuple(float(score) for score in np.linspace(0.2, 0.4, 200))
    return replace(Calibration(100, 101, best, 200, 0.0, None, "cosine", TABLE), **changed)  # type: ignore[arg-type]


def test_half_of_the_sample_reach_the_middle_so_two_galleries_of_that_size_are_reached_by_three_of_four() -> None:
    middle = plain().best[100]
    assert plain().rate(middle).once_in == pytest.approx(2)
    assert plain().rate(middle, size=200).once_in == pytest.approx(1 / (1 - 0.5**2))
    assert plain(compared=2, size=2).rate(middle).once_in == pytest.approx(1 / (1 - 0.5**2))


def test_the_interval_leaves_out_seven_of_three_hundred_resamples_on_each_side() -> None:
    score = 0.395
    chances = sorted(np.concatenate([tails.chances([score])[0] for tails in _resampled(plain().best, 200)]))
    rate = plain().rate(score)
    assert len(chances) == 300
    assert rate.low == pytest.approx(1 / chances[-8])
    assert rate.high == pytest.approx(1 / chances[7])
    assert rate.low < rate.once_in < rate.high


def test_doubles_that_may_remain_are_taken_from_how_often_a_stranger_reaches_it() -> None:
    score = plain().best[100]
    least_often = 1 / plain().rate(score).high
    spoilt = plain(doubles=0.05).rate(score)
    assert spoilt.high == pytest.approx(1 / (least_often - 0.05))
    assert (spoilt.low, spoilt.once_in) == (plain().rate(score).low, plain().rate(score).once_in)


def test_the_law_of_the_body_can_only_make_it_more_frequent() -> None:
    score = 0.39
    often, seldom = plain(body=(0.38, 0.05)).rate(score), plain(body=(0.1, 0.001)).rate(score)
    assert often.low == pytest.approx(1 / gumbel_chance(score, 0.38, 0.05))
    assert seldom == plain().rate(score)


def test_the_packs_last_figure_is_stated_and_what_is_above_it_is_beyond() -> None:
    pack = plain(best=())
    assert not pack.rate(0.594).beyond
    assert pack.rate(0.5941).beyond
    assert pack.rate(0.5941).once_in == pytest.approx(pack.rate(0.594).once_in)


def test_a_hundred_references_are_calibrated_and_fewer_carry_the_packs_figures() -> None:
    assert fit(GALLERY[:100], TABLE).rate(0.3).own
    assert fit(GALLERY[:99], TABLE) == Calibration(99, 99, (), 0, 0.0, None, "cosine", TABLE)


def test_a_large_gallery_is_compared_with_a_sample_without_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def remember(templates: object, rows: object, columns: NDArray[np.int64], *more: object) -> object:
        asked.append(columns.tolist())
        return strangers_best(templates, rows, columns, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(calibration, "strangers_best", remember)
    monkeypatch.setattr(calibration, "COLUMNS", 150)
    assert fit(GALLERY[:300]).compared == 150
    assert len(set(asked[0])) == 150
    assert asked[0] == sorted(asked[0])


def test_the_law_of_the_body_survives_being_written() -> None:
    held = plain(body=(0.3, 0.05), doubles=0.01)
    assert Calibration.from_json(held.to_json()) == held


@pytest.mark.parametrize(
    ("once_in", "words"),
    [
        (1.5, "About 1 in 2 "),
        (2.04, "About 1 in 2 "),
        (9.96, "About 1 in 10 "),
        (12.4, "About 1 in 12 "),
        (123.0, "About 1 in 120 "),
        (15_600.0, "About 1 in 16,000 "),
        (1.49, "Ordinary: almost any"),
    ],
)
def test_a_rate_is_said_in_two_digits(once_in: float, words: str) -> None:
    assert words in sentence(Rate(once_in, once_in, once_in, own=True, beyond=False), 1500)


@pytest.mark.parametrize(
    ("once_in", "low", "beyond", "words"),
    [
        (99.9, 50.0, False, "Common: about 1 in 100"),
        (100.0, 50.0, False, "Rare: about 1 in 100"),
        (8_300.0, 4_000.0, False, "Rare: about 1 in 8,300"),
        (8_300.0, 4_000.0, True, "Rare: under 1 in 4,000"),
    ],
)
def test_a_card_says_whether_a_score_is_rare(once_in: float, low: float, beyond: bool, words: str) -> None:
    assert in_words(Rate(once_in, low, 2 * once_in, own=True, beyond=beyond)) == words


def test_an_interval_is_said_where_it_can_be_seen() -> None:
    assert sentence(Rate(100, 99.9, 100.1, own=True, beyond=False), 1500).startswith(
        "About 1 in 100 searches for someone who is not in this gallery score this high."
    )
    assert "(between 1 in 50 and 1 in 200)" in sentence(Rate(100, 50, 200, own=True, beyond=False), 1500)
    assert "between" not in sentence(Rate(100, 50, 200, own=False, beyond=False), 1500)


def test_one_figure_of_a_pack_is_a_rate_for_every_score_and_two_are_a_line() -> None:
    assert fmr_at(0.1, TABLE[:1]) == fmr_at(0.9, TABLE[:1]) == pytest.approx(1e-3)
    assert fmr_at(0.424, TABLE[:2]) == pytest.approx(1e-4)
    assert cosine_at(1e-4, TABLE[:2]) == pytest.approx(0.424)
    assert fmr_at(0.485, TABLE[:2]) == pytest.approx(1e-5)  # prolonged


def test_a_rate_is_never_rarer_than_ten_times_what_the_sample_shows() -> None:
    rate = FITTED.rate(2.0)
    assert rate.beyond
    assert rate.once_in == pytest.approx(10 * len(FITTED.best), rel=0.001)


def test_each_reference_is_searched_once_and_its_best_has_six_decimals() -> None:
    scores = GALLERY[:300] @ GALLERY[:300].T
    np.fill_diagonal(scores, -1)
    best = fit(GALLERY[:300]).best
    assert best == pytest.approx(np.sort(scores.max(axis=1)).tolist(), abs=1e-6)
    assert all(score == round(score, 6) for score in best)


def test_the_sizes_on_which_the_figures_rest() -> None:
    assert (calibration.SAMPLE, calibration.COLUMNS, calibration._FEWEST) == (2_000, 100_000, 20)
    assert calibration._TAILS == (0.05, 0.1, 0.2)
