"""The set of codes: whatever was added and removed before, its estimates are those of a set made at once."""

from __future__ import annotations

import faiss
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.indexes import DIM, faces

from plainview.index.codes import Codes

POOL = faces(400, seed=5)

steps = st.lists(
    st.tuples(st.sampled_from(["add", "code", "remove", "load"]), st.integers(0, 399), st.integers(1, 150)),
    min_size=1,
    max_size=8,
)


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
