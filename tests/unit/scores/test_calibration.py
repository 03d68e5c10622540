"""A gallery's own rates: they hold for strangers it has never seen, and say so when they rest on too little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plainview.policy.decision import Refused
from plainview.scores.calibration import MIN_REFERENCES, Calibration, fmr_at, sentence
from plainview.scores.scoring import Scorer, scorer_of

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
    assert "fewer than one of" in sentence(rate, 1500)
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
    assert text.startswith("A stranger would reach this score in about one of ")
    assert "%" not in text
    assert "between" in text
    assert sentence(FITTED.rate(-1), 1500).startswith("Nearly every search")
