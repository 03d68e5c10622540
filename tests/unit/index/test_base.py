"""The parts that all index adapters share: batches, the last row deciding, scores, order."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plainview.index.base import (
    BATCH,
    BadTemplate,
    Block,
    Change,
    IndexOutOfStep,
    Scored,
    catch_up,
    could_be_best,
    exact_scores,
    in_blocks,
    ranked,
    require_question,
    rough_margin,
    settled,
)
from plainview.index.exact import ExactIndex


def unit(count: int, dim: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_a_change_says_the_same_with_its_word_and_its_template() -> None:
    with pytest.raises(ValueError, match="log row 3"):
        Change(3, "add", 1, None)
    with pytest.raises(ValueError, match="log row 4"):
        Change(4, "remove", 1, unit(1, 4)[0])


def test_changes_are_gathered_into_blocks_of_at_most_a_batch() -> None:
    template = unit(1, 4)[0]
    log = [Change(seq, "add", seq, template) for seq in range(1, 2 * BATCH + 4)]
    blocks = list(in_blocks(log, 4))
    assert [len(block.references) for block in blocks] == [BATCH, BATCH, 3]
    assert [(block.first_seq, block.last_seq) for block in blocks][-1] == (2 * BATCH + 1, 2 * BATCH + 3)


def test_a_block_right_after_a_full_batch_of_changes_is_kept() -> None:
    templates = unit(2, 4)
    log: list[Change | Block] = [Change(seq, "add", seq, templates[0]) for seq in range(1, BATCH + 1)]
    log.append(Block.of_adds(BATCH + 1, np.array([BATCH + 1]), templates[1:]))
    assert [block.last_seq for block in in_blocks(log, 4)] == [BATCH, BATCH + 1]


def test_an_out_of_step_message_says_what_to_do() -> None:
    text = str(IndexOutOfStep(5, 9))
    assert "row 5 must come next" in text
    assert "row 9 came" in text
    assert "Read the log again" in text


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20))
def test_settled_is_a_replay_row_by_row(rows: list[tuple[int, bool]]) -> None:
    templates = unit(sum(is_add for _, is_add in rows) + 1, 4)
    held: dict[int, bytes] = {}
    adds = iter(templates)
    for reference, is_add in rows:
        held.pop(reference, None)
        if is_add:
            held[reference] = next(adds).tobytes()
    touched, last_rows, added, kept = settled(
        Block(
            first_seq=1,
            references=np.array([reference for reference, _ in rows], dtype=np.int64),
            is_add=np.array([is_add for _, is_add in rows], dtype=np.bool_),
            templates=templates[:-1],
        )
    )
    assert sorted(touched.tolist()) == sorted({reference for reference, _ in rows})
    assert dict(zip(touched.tolist(), last_rows.tolist(), strict=True)) == {
        reference: seq for seq, (reference, _) in enumerate(rows, start=1)
    }
    assert dict(zip(added.tolist(), [row.tobytes() for row in kept], strict=True)) == held


@pytest.mark.parametrize("dim", [1, 2, 3, 5, 127, 128, 200, 512])
def test_scores_are_rounded_exact_cosines(dim: int) -> None:
    templates, probe = unit(50, dim), unit(1, dim, seed=1)[0]
    by_definition = [
        round(math.fsum(float(a) * float(b) for a, b in zip(row, probe, strict=True)), 6) for row in templates
    ]
    assert exact_scores(templates, probe).tolist() == by_definition


def test_a_score_does_not_depend_on_the_rows_around_it_or_on_memory_layout() -> None:
    templates, probe = unit(67, 128), unit(1, 128, seed=1)[0]
    together = exact_scores(templates, probe)
    alone = [exact_scores(templates[i : i + 1], probe)[0] for i in range(67)]
    columns = exact_scores(np.asfortranarray(templates), probe)
    assert together.tobytes() == np.array(alone).tobytes() == columns.tobytes()


def test_a_score_of_nothing_has_no_minus_sign() -> None:
    templates = np.array([[0, -1], [1, 0], [-1e-9, 1]], dtype=np.float32)
    scores = exact_scores(templates, np.array([1, 0], dtype=np.float32))
    assert [str(score) for score in scores.tolist()] == ["0.0", "1.0", "0.0"]


def test_ranking_is_by_score_then_reference() -> None:
    references = np.array([9, 3, 7, 1], dtype=np.int64)
    scores = np.array([0.5, 0.25, 0.5, 0.75])
    assert ranked(references, scores, 3) == [Scored(1, 0.75), Scored(7, 0.5), Scored(9, 0.5)]
    assert ranked(references[:0], scores[:0], 3) == []


def spoilt(how: str) -> NDArray[np.float32]:
    good = unit(1, 8)[0]
    ways: dict[str, NDArray[np.float32]] = {
        "short": good[:-1],
        "matrix": good[np.newaxis, :],
        "float64": good.astype(np.float64),
        "twice as long": good * 2,
        "a little short": good * np.float32(0.998),
        "zero": np.zeros_like(good),
        "huge": np.full_like(good, 1e30),
        "nan": np.where(np.arange(8) == 5, np.float32(np.nan), good),
        "inf": np.where(np.arange(8) == 5, np.float32(np.inf), good),
    }
    return ways[how]


@pytest.mark.parametrize(
    "how", ["short", "matrix", "float64", "twice as long", "a little short", "zero", "huge", "nan", "inf"]
)
def test_a_template_that_cannot_be_compared_is_refused(how: str) -> None:
    with pytest.raises(BadTemplate):
        require_question(spoilt(how), 8, 1)
    with pytest.raises(BadTemplate):
        list(in_blocks([Change(1, "add", 1, spoilt(how))], 8))


def test_the_bad_row_of_a_block_is_named() -> None:
    templates = np.stack([*unit(2, 8), spoilt("nan")])
    block = Block(40, np.array([1, 2, 3, 4]), np.array([True, False, True, True]), templates)
    with pytest.raises(BadTemplate, match="log row 43 has length nan"):
        list(in_blocks([block], 8))


def test_templates_of_length_one_within_float16_rounding_are_taken() -> None:
    rounded = unit(20, 128).astype(np.float16).astype(np.float32)
    assert len(list(in_blocks([Block.of_adds(1, np.arange(20), rounded)], 128))) == 1


def test_blocks_whose_arrays_do_not_fit_are_refused() -> None:
    templates, ones = unit(2, 8), np.ones(2, dtype=np.bool_)
    for block in (
        Block(1, np.array([1, 2]), ones, templates[:1]),
        Block(1, np.array([1, 2]), ones, templates[:, :-1]),
        Block(1, np.array([1, 2]), ones[:1], templates),
        Block(1, np.array([[1], [2]]), ones, templates),
        Block(1, np.array([1.0, 2.0]), ones, templates),
        Block(1, np.array([1, 2]), np.array([1, 1]), templates),
    ):
        with pytest.raises(ValueError, match=r"needed|must be"):
            list(in_blocks([block], 8))


def test_catch_up_reads_from_the_watermark_to_the_end_of_the_log() -> None:
    log = [Change(seq, "add", seq, row) for seq, row in enumerate(unit(10, 8), start=1)]
    asked: list[int] = []

    def read_after(seq: int) -> Iterator[Change]:
        asked.append(seq)
        return iter(log[seq:])

    index = ExactIndex(8)
    assert catch_up(index, read_after) == 10
    log.append(Change(11, "remove", 4, None))
    assert catch_up(index, read_after) == 11
    assert catch_up(index, read_after) == 11
    assert len(index) == 9
    assert asked == [0, 10, 11]


def test_catch_up_reports_a_gap_in_the_log_instead_of_trying_for_ever() -> None:
    log = [Change(seq, "add", seq, row) for seq, row in enumerate(unit(6, 8), start=1)]
    del log[3]
    with pytest.raises(IndexOutOfStep) as caught:
        catch_up(ExactIndex(8), lambda seq: [change for change in log if change.seq > seq])
    assert (caught.value.expected, caught.value.got) == (4, 5)


def test_two_blocks_are_never_compared_by_their_arrays() -> None:
    first, second = (Block.of_adds(1, np.arange(2, dtype=np.int64), unit(2, 4)) for _ in range(2))
    assert first == first
    assert first != second


@pytest.mark.parametrize(
    ("top", "margin", "places"),
    [(2, 0.25, [0, 2, 3]), (2, 0.2, [0, 2]), (1, 0.0, [2]), (4, 0.0, [0, 1, 2, 3]), (9, 0.0, [0, 1, 2, 3])],
)
def test_every_row_that_may_be_among_the_best_is_kept(top: int, margin: float, places: list[int]) -> None:
    rough = np.array([0.75, 0.25, 1.0, 0.5], np.float32)
    assert could_be_best(rough, top, margin).tolist() == places


def test_the_margin_is_the_bound_of_float32_sums_and_of_the_rounding() -> None:
    assert rough_margin(512) == pytest.approx(2 * 1.01 * 512 / 2**24 + 2e-6, rel=1e-12)
    assert rough_margin(128) < 2e-5
