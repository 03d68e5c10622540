"""The set of codes: whatever was added and removed before, its estimates are those of a set made at once."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.indexes import DIM, faces

from plainview.index import codes
from plainview.index.codes import Codes

POOL = faces(400, seed=5)

steps = st.lists(
    st.tuples(st.sampled_from(["add", "code", "remove", "load"]), st.integers(0, 399), st.integers(1, 150)),
    min_size=1,
    max_size=8,
)


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(steps)
def test_estimates_do_not_depend_on_what_happened_before(done: list[tuple[str, int, int]]) -> None:
    codes, held = Codes(DIM), set[int]()
    for what, first, count in done:
        slots = np.arange(first, min(first + count, 400))
        if what == "remove":
            codes.remove(slots)
            held -= set(slots.tolist())
            continue
        new = np.array([slot for slot in slots.tolist() if slot not in held], dtype=np.int64)
        if what == "load":
            codes.load([(slots, codes.encode(POOL[slots]))], len(slots))
            held = set(slots.tolist())
        elif what == "add":
            codes.add(new, POOL[new])
            held |= set(new.tolist())
        else:
            codes.add_coded(new, codes.encode(POOL[new]))
            held |= set(new.tolist())
    assert len(codes) == len(held)
    fresh = Codes(DIM)
    every = np.array(sorted(held), dtype=np.int64)
    fresh.add(every, POOL[every])
    assert set(estimates(codes)) == held
    assert estimates(codes) == estimates(fresh)


def test_what_is_beyond_the_bits_is_not_asked() -> None:
    codes = Codes(DIM)
    codes.add(np.arange(100), POOL[:100])
    bits = np.full(64, 0xFF, dtype=np.uint8)  # more is there, but only the first two bytes are handed over
    bits[:2] = 0b101, 0b10000000
    slots, _ = codes.above(POOL[0], -1.0, bits[:2])
    assert sorted(slots.tolist()) == [0, 2, 15]


def test_a_code_that_was_removed_is_not_left_in_memory() -> None:
    codes = Codes(DIM)
    codes.add(np.arange(100), POOL[:100])
    codes.remove(np.arange(100))
    empty = Codes(DIM)
    empty.add(np.arange(1), POOL[200:201])
    codes.add(np.arange(1), POOL[200:201])
    assert raw(codes) == raw(empty)


def estimates(codes: Codes) -> dict[int, float]:
    slots, values = codes.above(POOL[0], -1.0, None)
    return dict(zip(slots.tolist(), values.tolist(), strict=True))


def raw(codes: Codes) -> bytes:
    lists = codes._scan.invlists
    return bytes(faiss.rev_swig_ptr(lists.get_codes(0), 64 * codes.code_bytes))


def test_whoever_changes_a_number_of_the_code_book_changes_its_version() -> None:
    """Stores on disk are read by the version: with another number under the same one they would mean something else."""
    numbers = (codes.CODEBOOK, codes._POINTS, codes._DISTORTION, codes._NEAR_REACH, codes._TURN_SEED)
    digest = "4244f13d501b4ab041f7a311b0669057d787e12ba9b8b860827a134f2eaee139"
    assert hashlib.sha256(repr(numbers).encode()).hexdigest() == digest


def test_the_points_lose_of_a_normal_pair_what_is_stated() -> None:
    pairs = np.random.default_rng(3).standard_normal((50_000, 2))
    points = np.array(codes._POINTS)
    lost = ((pairs[:, None] - points[None]) ** 2).sum(axis=2).min(axis=1).mean() / 2
    assert lost == pytest.approx(codes._DISTORTION, rel=0.02)


@pytest.mark.parametrize(("dim", "fits"), [(0, False), (2, False), (4, True), (6, False), (7, False), (8, True)])
def test_a_dimension_is_a_multiple_of_four(dim: int, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(ValueError, match="multiple of 4"):
        codes.require_dimension(dim)


def test_the_errors_of_codes_are_those_of_their_numbers() -> None:
    assert codes.spread(128) == pytest.approx((0.1078 / 0.8922 / 128) ** 0.5)
    assert codes.near_margin(128) == pytest.approx(10 * 4.5 / 127 / 128**0.5 / 12**0.5)


def test_a_near_code_gives_the_cosine_to_a_thousandth_and_cuts_what_is_beyond() -> None:
    near = codes.near_codes(POOL)
    for probe in POOL[:3]:
        assert codes.near_scores(near, probe) == pytest.approx(POOL @ probe, abs=0.005)
    wide = codes.near_codes(np.vstack([codes._turn(DIM)[:, 0], -codes._turn(DIM)[:, 0]]))
    assert wide[:, 0].tolist() == [127, -127]


@pytest.mark.parametrize("dim", [64, 128, 512])
def test_a_near_score_is_a_sum_of_whole_numbers_that_a_float32_adds_without_an_error(dim: int) -> None:
    """And of as large ones as fit: the rounding of the probe does not show beside that of the codes."""
    probe = np.random.default_rng(dim).standard_normal(dim).astype(np.float32)
    probe /= np.linalg.norm(probe)
    score = float(codes.near_scores(codes.near_codes(probe[np.newaxis]), probe)[0])  # no other sum is larger
    step = 4.5 / 127 / dim**0.5
    assert 2**23 < score / step * codes._PROBE_STEPS / dim**0.5 < 2**24
