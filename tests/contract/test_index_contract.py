"""What every index adapter must do; a new adapter is one more line in `tests.factories.indexes.ADAPTERS`.

The oracle is a plain dict and float64 arithmetic. Nothing here looks inside an adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.factories.indexes import ADAPTERS, DIM, adds, as_block, by_hand, faces

from plainview.index.base import (
    BATCH,
    BadTemplate,
    Block,
    Change,
    Index,
    IndexOutOfStep,
    Scored,
    catch_up,
)
from plainview.recognition.types import Vector
from plainview.scores.subjects import mean_template


@pytest.fixture(params=ADAPTERS)
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Index]:
    return lambda: ADAPTERS[request.param](DIM, tmp_path_factory.mktemp("index"))


def test_an_empty_index_answers_with_nothing(make: Callable[[], Index]) -> None:
    index = make()
    assert (len(index), index.watermark, index.dim) == (0, 0, DIM)
    assert index.search(faces(1)[0], 5) == []
    index.apply([])
    assert index.watermark == 0


def test_scores_and_order_are_those_of_float64_arithmetic(make: Callable[[], Index]) -> None:
    templates = faces(3500)
    held = {1 + i: row for i, row in enumerate(templates)}
    index = make()
    index.apply(adds(templates))
    assert (len(index), index.watermark) == (3500, 3500)
    for probe in [*faces(3, seed=1), templates[17]]:
        assert index.search(probe, 50) == by_hand(held, probe, 50)
    assert index.search(templates[17], 1) == [Scored(18, 1.0)]


def test_scores_closer_than_float32_can_tell_are_still_ordered(make: Callable[[], Index]) -> None:
    """Rows that a float32 product cannot separate: neighbours of one face at steps of about 1e-6 of score."""
    probe, other = faces(2)
    rows = probe + np.linspace(0.02, 0.0202, 400, dtype=np.float64)[:, np.newaxis] * other
    templates = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    held = {1 + i: row for i, row in enumerate(templates)}
    index = make()
    index.apply(adds(templates))
    for top in (1, 7, 50):
        assert index.search(probe, top) == by_hand(held, probe, top)


def test_equal_scores_are_ordered_by_reference(make: Callable[[], Index]) -> None:
    template = faces(1)[0]
    index = make()
    index.apply([Change(i, "add", reference, template) for i, reference in enumerate((30, 10, 20), start=1)])
    assert [s.reference for s in index.search(template, 2)] == [10, 20]


def test_a_top_larger_than_the_gallery_returns_all_of_it(make: Callable[[], Index]) -> None:
    index = make()
    index.apply(adds(faces(3)))
    assert len(index.search(faces(1)[0], 1000)) == 3


def test_a_candidate_list_without_places_is_refused(make: Callable[[], Index]) -> None:
    for top in (0, -1):
        with pytest.raises(ValueError, match="1 place or more"):
            make().search(faces(1)[0], top)


def test_blocks_and_single_changes_come_to_the_same(make: Callable[[], Index]) -> None:
    templates = faces(BATCH + 500)  # more than one batch of single changes
    references = np.arange(1, len(templates) + 1)
    probe = faces(1, seed=9)[0]
    one, other, mixed = make(), make(), make()
    one.apply(adds(templates))
    other.apply([Block.of_adds(1, references, templates)])
    mixed.apply(
        [
            *adds(templates[:10]),
            Block.of_adds(11, references[10:200], templates[10:200]),
            Block.of_adds(201, references[:0], templates[:0]),
            *adds(templates[200:], first_seq=201, first_reference=201),
        ]
    )
    assert one.search(probe, 30) == other.search(probe, 30) == mixed.search(probe, 30)
    assert one.watermark == other.watermark == mixed.watermark == len(templates)
    assert len(one) == len(other) == len(mixed) == len(templates)


def test_within_a_block_the_last_row_of_a_reference_decides(make: Callable[[], Index]) -> None:
    a, b, c, d = faces(4)
    index = make()
    index.apply([Change(1, "add", 5, a)])
    rows = [
        Change(2, "add", 7, a),
        Change(3, "remove", 5, None),
        Change(4, "add", 8, b),
        Change(5, "remove", 7, None),
        Change(6, "add", 5, c),
        Change(7, "add", 8, d),
        Change(8, "remove", 9, None),
    ]
    index.apply([as_block(rows)])
    assert index.watermark == 8
    assert len(index) == 2
    assert index.search(c, 9) == by_hand({5: c, 8: d}, c, 9)


def test_a_removed_reference_is_never_found_again(make: Callable[[], Index]) -> None:
    templates = faces(50)
    index = make()
    index.apply(adds(templates))
    index.apply([Change(51, "remove", 8, None)])
    assert len(index) == 49
    assert 8 not in {s.reference for s in index.search(templates[7], 50)}
    index.apply([Change(52, "remove", 8, None)])  # absent: only the watermark moves
    assert (len(index), index.watermark) == (49, 52)
    index.apply([Change(53, "add", 8, templates[7])])
    assert index.search(templates[7], 1) == [Scored(8, 1.0)]


def test_a_block_of_removals_only_needs_no_dimension(make: Callable[[], Index]) -> None:
    templates = faces(5)
    index = make()
    index.apply(adds(templates))
    index.apply([Block(6, np.array([2, 4]), np.zeros(2, dtype=np.bool_), np.empty((0, 0), dtype=np.float32))])
    assert (index.watermark, len(index)) == (7, 3)
    assert {row.reference for row in index.search(templates[1], 5)} == {1, 3, 5}


def test_an_add_of_a_present_reference_replaces_its_template(make: Callable[[], Index]) -> None:
    old, new = faces(2)
    index = make()
    index.apply([Change(1, "add", 1, old), Change(2, "add", 1, new)])
    assert index.search(old, 5) == by_hand({1: new}, old, 5)
    index.apply([Change(3, "add", 1, old)])
    assert index.search(old, 5) == [Scored(1, 1.0)]


def test_a_person_is_held_once_by_the_mean_of_their_pictures_through_every_change(make: Callable[[], Index]) -> None:
    """What the reader of the log hands on of a subject: the lead with the newest mean, every other picture as a remove."""
    one, two, three, other = faces(4)
    whole, without_two = mean_template(np.stack([one, two, three])), mean_template(np.stack([one, three]))
    index = make()
    index.apply([Change(1, "add", 1, whole), Change(2, "remove", 2, None), Change(3, "remove", 3, None)])
    index.apply([Change(4, "add", 9, other)])
    assert index.search(one, 5) == by_hand({1: whole, 9: other}, one, 5)
    index.apply([Change(5, "remove", 2, None), Change(6, "add", 1, without_two)])  # the second was erased
    assert index.search(two, 5) == by_hand({1: without_two, 9: other}, two, 5)
    index.apply([Change(7, "remove", 1, None), Change(8, "add", 3, three)])  # so was the lead
    assert index.search(one, 5) == by_hand({3: three, 9: other}, one, 5)
    assert len(index) == 2


def test_an_expunged_add_handed_on_as_a_remove_changes_nothing_else(make: Callable[[], Index]) -> None:
    templates = faces(3)
    whole, erased = make(), make()
    whole.apply([*adds(templates), Change(4, "remove", 2, None)])
    erased.apply(
        [
            Change(1, "add", 1, templates[0]),
            Change(2, "remove", 2, None),
            Change(3, "add", 3, templates[2]),
            Change(4, "remove", 2, None),
        ]
    )
    assert whole.search(templates[1], 3) == erased.search(templates[1], 3)
    assert whole.watermark == erased.watermark == 4


@pytest.mark.parametrize("seq", [0, 1, 3, 5], ids=["zero", "going back", "again", "gap"])
def test_a_row_out_of_step_is_refused(make: Callable[[], Index], seq: int) -> None:
    row = Change(seq, "add", 9, faces(1)[0])
    for log in ([row], [as_block([row])]):
        index = make()
        index.apply(adds(faces(3)))
        with pytest.raises(IndexOutOfStep) as caught:
            index.apply(log)
        assert (caught.value.expected, caught.value.got) == (4, seq)
        assert (index.watermark, len(index)) == (3, 3)


def test_a_gap_within_one_call_leaves_an_exact_image_of_the_log(make: Callable[[], Index]) -> None:
    templates = faces(6)
    log = adds(templates)
    index = make()
    with pytest.raises(IndexOutOfStep):
        index.apply([*log[:3], *log[4:]])
    assert index.watermark <= 3
    assert len(index) == index.watermark


@pytest.mark.parametrize("bend", ["short", "long", "nan"])
def test_a_template_that_cannot_be_compared_is_refused(make: Callable[[], Index], bend: str) -> None:
    good = faces(3)
    bad = {"short": good[2][:-1], "long": good[2] * 2, "nan": np.full_like(good[2], np.nan)}[bend]
    index = make()
    index.apply(adds(good[:2]))
    with pytest.raises(BadTemplate):
        index.search(bad, 3)
    with pytest.raises(BadTemplate):
        index.apply([Change(3, "add", 3, good[2]), Change(4, "add", 4, bad)])
    assert index.watermark in (2, 3)
    assert len(index) == index.watermark
    with pytest.raises(BadTemplate):
        index.apply([Block.of_adds(index.watermark + 1, np.array([9]), bad[np.newaxis, :])])
    assert len(index) == index.watermark


@pytest.mark.parametrize("wrap", [set, list, lambda s: np.array(sorted(s), dtype=np.int64)])
def test_among_compares_those_references_only(make: Callable[[], Index], wrap: Callable[[set[int]], set[int]]) -> None:
    templates = faces(500)
    index = make()
    index.apply(adds(templates))
    wanted = {3, 50, 51, 499, 100_000, -1}  # two that the index does not hold
    held = {reference: templates[reference - 1] for reference in (3, 50, 51, 499)}
    for top in (2, 10):
        assert index.search(templates[0], top, among=wrap(wanted)) == by_hand(held, templates[0], top)
    assert index.search(templates[0], 10, among=wrap(set())) == []
    everyone = set(range(1, 501))
    assert index.search(templates[0], 10, among=wrap(everyone)) == index.search(templates[0], 10)


def test_clear_forgets_and_a_rebuild_is_the_same(make: Callable[[], Index]) -> None:
    templates = faces(300)
    log = [*adds(templates), *(Change(301 + i, "remove", 1 + 3 * i, None) for i in range(100))]
    index = make()
    index.apply(log)
    before = index.search(templates[1], 40)
    index.clear()
    assert (len(index), index.watermark) == (0, 0)
    assert index.search(templates[1], 40) == []
    index.apply(log)
    assert index.search(templates[1], 40) == before


def test_the_order_of_arrival_does_not_show_in_the_answer(make: Callable[[], Index]) -> None:
    templates = faces(400)
    templates[200:220] = templates[0]  # ties, so that order could show
    probe = templates[0]
    wanted: list[Scored] | None = None
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(400)
        noise = faces(50, seed=77)
        index = make()
        index.apply(Change(i, "add", 1000 + i, row) for i, row in enumerate(noise, start=1))
        index.apply([Block.of_adds(51, order.astype(np.int64) + 1, templates[order])])
        index.apply(Change(450 + i, "remove", 1000 + i, None) for i in range(1, 51))
        answer = index.search(probe, 100)
        assert wanted in (None, answer)
        wanted = answer


def test_many_threads_catching_up_at_once_all_end_level(make: Callable[[], Index]) -> None:
    templates = faces(2000)
    log = adds(templates)
    index, start = make(), Barrier(4)

    def read_after(seq: int) -> Iterator[Block]:
        for first in range(seq + 1, len(log) + 1, 100):
            rows = templates[first - 1 : min(first + 99, len(log))]
            yield Block.of_adds(first, np.arange(first, first + len(rows)), rows)

    def follow(_: int) -> int:
        start.wait()
        return catch_up(index, read_after)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(follow, range(4))) == [2000] * 4
    assert len(index) == 2000
    assert index.search(templates[5], 1) == [Scored(6, 1.0)]


def test_a_search_during_changes_sees_one_state_of_the_log(make: Callable[[], Index]) -> None:
    """Each block moves one template from reference 1 to 2 or back: a torn search would see both or none."""
    template, background = faces(1)[0], faces(2000, seed=3)
    index = make()
    index.apply([Change(1, "add", 1, template), *adds(background, first_seq=2, first_reference=100)])
    seen: list[list[Scored]] = []
    done = False

    def search() -> None:
        while not done:
            seen.append(index.search(template, 2))

    thread = Thread(target=search)
    thread.start()
    try:
        for turn in range(150):
            gone, here = (1, 2) if turn % 2 == 0 else (2, 1)
            first, second = 2002 + 2 * turn, 2003 + 2 * turn
            move = [Change(first, "remove", gone, None), Change(second, "add", here, template)]
            index.apply([as_block(move)])
    finally:
        done = True
        thread.join()
    assert seen
    assert all(len(answer) == 2 for answer in seen)
    assert {answer[0] for answer in seen} <= {Scored(1, 1.0), Scored(2, 1.0)}
    assert all(answer[1].score < 0.9 for answer in seen)


POOL = faces(12, seed=5)
ROWS = st.lists(st.tuples(st.integers(1, 8), st.none() | st.integers(0, 11)), min_size=1, max_size=12)


class LogAgainstDict(RuleBasedStateMachine):
    """Any log at all, against a dict that does what the rules say."""

    make: Callable[[], Index]

    def __init__(self) -> None:
        super().__init__()
        self.index = type(self).make()
        self.held: dict[int, Vector] = {}
        self.seq = 0
        self.log: list[Change] = []

    def _row(self, reference: int, face: int | None) -> Change:
        self.seq += 1
        if face is None:
            self.held.pop(reference, None)
            self.log.append(Change(self.seq, "remove", reference, None))
        else:
            self.held[reference] = POOL[face]
            self.log.append(Change(self.seq, "add", reference, POOL[face]))
        return self.log[-1]

    @rule(rows=ROWS)
    def changes(self, rows: list[tuple[int, int | None]]) -> None:
        self.index.apply([self._row(*row) for row in rows])

    @rule(rows=ROWS)
    def block(self, rows: list[tuple[int, int | None]]) -> None:
        changes = [self._row(*row) for row in rows]
        self.index.apply([as_block(changes)])

    @rule(shift=st.integers(-3, 3).filter(lambda shift: shift != 0))
    def out_of_step(self, shift: int) -> None:
        with pytest.raises(IndexOutOfStep):
            self.index.apply([Change(self.seq + 1 + shift, "add", 1, POOL[0])])

    @rule()
    def lost_and_rebuilt(self) -> None:
        self.index.clear()
        catch_up(self.index, lambda seq: self.log[seq:])

    @rule(face=st.integers(0, 11), top=st.integers(1, 10), among=st.none() | st.sets(st.integers(1, 10)))
    def search(self, face: int, top: int, among: set[int] | None) -> None:
        compared = {r: row for r, row in self.held.items() if among is None or r in among}
        assert self.index.search(POOL[face], top, among=among) == by_hand(compared, POOL[face], top)

    @invariant()
    def counts(self) -> None:
        assert (len(self.index), self.index.watermark) == (len(self.held), self.seq)


@pytest.mark.long
def test_any_log_against_a_dict(make: Callable[[], Index]) -> None:
    class Machine(LogAgainstDict):
        pass

    Machine.make = staticmethod(make)
    run_state_machine_as_test(Machine, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))
