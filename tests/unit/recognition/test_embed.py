"""Templates: what goes into the network, what may come out, and the score of two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.recognition.embed import Embedder, compare
from plainview.recognition.packs import EmbedInput

FACE = np.zeros((112, 112, 3), np.uint8)
FACE[:] = (10, 20, 30)  # blue, green, red


class _Network:
    def __init__(self, answer: list[float]) -> None:
        self.answer = np.array([answer], np.float32)
        self.seen: dict[str, Any] = {}

    def run(self, names: list[str] | None, feed: dict[str, Any]) -> list[np.ndarray]:
        assert names == ["out"]
        self.seen = feed
        return [self.answer]


def test_the_network_sees_rgb_as_float32_planes() -> None:
    network = _Network([3.0, 4.0])
    template = Embedder(network, EmbedInput("in", "out", "RGB"), 2).template(FACE)
    (blob,) = network.seen.values()
    assert list(network.seen) == ["in"]
    assert blob.shape == (1, 3, 112, 112)
    assert blob.dtype == np.float32
    assert blob[0, :, 5, 7].tolist() == [30, 20, 10]
    assert template.dtype == np.float32
    assert template.tolist() == pytest.approx([0.6, 0.8])


def test_bgr_mean_and_std_are_in_the_order_of_the_channels() -> None:
    network = _Network([1.0, 0.0])
    Embedder(network, EmbedInput("in", "out", "BGR", (10, 10, 10), (1, 2, 4)), 2).template(FACE)
    assert network.seen["in"][0, :, 0, 0].tolist() == [0, 5, 5]
    assert network.seen["in"].dtype == np.float32


@pytest.mark.parametrize("answer", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [1.0, 2.0, 3.0], [1.0]])
def test_an_answer_without_a_direction_or_of_another_size_is_refused(answer: list[float]) -> None:
    with pytest.raises(ValueError, match="template of 2 numbers"):
        Embedder(_Network(answer), EmbedInput("in", "out", "RGB"), 2).template(FACE)


def test_very_small_and_large_answers_keep_their_direction() -> None:
    for size in (1e-30, 1e30):
        template = Embedder(_Network([size, size]), EmbedInput("in", "out", "RGB"), 2).template(FACE)
        assert template.tolist() == pytest.approx([math.sqrt(0.5)] * 2)


@given(st.integers(0, 10_000))
def test_a_score_is_the_cosine_in_float64(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 128)).astype(np.float32)
    expected = math.fsum(float(x) * float(y) for x, y in zip(a, b, strict=True)) / math.sqrt(
        math.fsum(float(x) ** 2 for x in a) * math.fsum(float(y) ** 2 for y in b)
    )
    assert compare(a, b) == pytest.approx(expected, abs=1e-12)
    assert compare(a, b) == compare(b, a)
    assert compare(a, a) == pytest.approx(1.0, abs=1e-15)
    assert compare(a, a) <= 1.0
    assert compare(a, -a) >= -1.0


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (np.ones(2), np.ones(3), "different packs"),
        (np.ones((1, 2)), np.ones((1, 2)), "different packs"),
        (np.zeros(2), np.ones(2), "zero or not finite"),
        (np.array([np.nan, 1]), np.ones(2), "zero or not finite"),
    ],
)
def test_what_is_no_template_is_refused(a: np.ndarray, b: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compare(a.astype(np.float32), b.astype(np.float32))
