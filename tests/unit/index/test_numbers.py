"""The numbers of the indexes are those whose speed, memory and lists docs/explanation/scale.md and ADR 5 give."""

from __future__ import annotations

import pytest

from plainview.index import base, check, codes, compressed, exact, growing, halves, looking, records, slots
from plainview.index.errors import IndexIncomplete
from plainview.index.sharded import index as sharded

STATED = {
    "a template": ((base.BATCH, base.UNIT_TOLERANCE, base.SCORE_DECIMALS), (4096, 0.001, 6)),
    "a check": (check.TOLERANCE, pytest.approx(1.5e-6)),
    "when codes are scanned": ((compressed.ALL_BELOW, growing.GROW_AT, growing.SHRINK_AT), (4096, 100_000, 50_000)),
    "how far a scan goes": ((compressed.CUT, looking.BEYOND, looking._FEW, looking._FIRST), (2.9, 0.001, 0.01, 1024)),
    "the first guess": ((compressed._LESS, compressed._MORE, compressed._SAMPLE), (0.002, 0.04, 1024)),
    "two threads": ((halves.TWO_FROM, compressed._NEAR_ON_TWO), (200_000, 1024)),
    "what is done together": (
        (codes._TOGETHER, compressed._PART, exact._FIRST_CAPACITY, slots.AT_ONCE, slots._RUN, records._AT_ONCE),
        (64, 65_536, 1024, 1024, 65_536, 262_144),
    ),
    "what waits": ((slots._WAITING, slots._HOLES, compressed._LOOKS), (8192, 0.25, 3)),
    "parts": ((sharded.REACH, sharded._ATTEMPTS, sharded._PAUSE_S), (50_000, 50, 0.02)),
}


@pytest.mark.parametrize("name", STATED)
def test_a_number_is_the_one_that_was_measured(name: str) -> None:
    number, stated = STATED[name]
    assert number == stated


def test_a_slot_that_is_gone_is_below_every_cosine() -> None:
    assert slots.GONE < -1


def test_an_index_of_which_nothing_was_searched_has_no_list_and_no_size() -> None:
    error = IndexIncomplete(1, 3)
    assert (error.compared, error.parts, error.list_of_others, error.size, error.missing) == (1, 3, None, 0, ())
