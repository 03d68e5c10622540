"""Small cells: whatever is published, alone, added up or subtracted from what was published before, points to nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.policy.small_cells import SMALLEST, fits, named, periods, roughly, split, stepped

counts = st.integers(0, 9)
cells = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 9), max_size=5)
tables = st.lists(cells, max_size=9)


def month(i: int) -> str:
    return f"20{10 + i // 12}-{i % 12 + 1:02d}"


def published(table: list[Counter[str]] | list[dict[str, int]]) -> dict[tuple[str, str], int]:
    """Every number of a register's table but its sums: (months, offence or "other") -> count."""
    found: dict[tuple[str, str], int] = {}
    rows = periods(map(month, range(len(table))), {month(i): row for i, row in enumerate(table)})
    for row in rows:
        if row.searches is None:
            assert (row.offences, row.other) == ({}, 0)
            assert row is rows[-1]
            continue
        assert row.searches == sum(row.offences.values()) + row.other
        span = f"{row.first}..{row.last}"
        found |= {(span, name): count for name, count in row.offences.items()} | {(span, "other"): row.other}
    return found


@settings(deadline=None)
@given(tables)
def test_every_number_of_every_row_is_none_or_enough(table: list[dict[str, int]]) -> None:
    assert all(map(fits, published(table).values()))


@settings(deadline=None)
@given(tables)
def test_two_registers_differ_by_whole_rows_only(table: list[dict[str, int]]) -> None:
    registers = [published(table[:size]) for size in range(len(table) + 1)]
    for earlier, later in combinations(registers, 2):
        assert earlier.items() <= later.items()  # what was published never changes
        for name in {*"abcde", "other"}:  # nor do the sums by offence, nor the sum of all, differ by a few
            gone = sum(n for (_, of), n in later.items() if of == name) - sum(
                n for (_, of), n in earlier.items() if of == name
            )
            assert fits(gone)
        assert fits(sum(later.values()) - sum(earlier.values()))


@settings(deadline=None)
@given(tables)
def test_the_rows_are_the_months_in_order_and_nothing_is_lost_but_the_newest_few(
    table: list[dict[str, int]],
) -> None:
    rows = periods(map(month, range(len(table))), {month(i): row for i, row in enumerate(table)})
    spans = [(row.first, row.last) for row in rows]
    assert [first for first, _ in spans[1:]] == [
        month(i + 1) for i in range(len(table)) if month(i) in {last for _, last in spans[:-1]}
    ]
    assert sum(sum(row.values()) for row in table) - sum(published(table).values()) < SMALLEST


def twins(table: list[Counter[str]]) -> Iterator[list[Counter[str]]]:
    """Every table with one search more or less, or one that fell into another month or was for another offence."""
    cells = [(i, name) for i in range(len(table)) for name in "abcd"]
    for taken, put in product([None, *cells], repeat=2):
        moved = [Counter(row) for row in table]
        if taken is not None:
            moved[taken[0]][taken[1]] -= 1
        if put is not None:
            moved[put[0]][put[1]] += 1
        if taken != put and (taken is None or moved[taken[0]][taken[1]] >= 0):
            yield [+row for row in moved]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 7), max_size=3), max_size=4))
def test_no_small_number_follows_from_what_is_published_even_for_who_knows_the_rule(
    table: list[dict[str, int]],
) -> None:
    """For every small month and every small cell there is another table, with another number there, published alike."""
    truth = [Counter(row) for row in table]
    told = published(truth)
    alike = [twin for twin in twins(truth) if published(twin) == told]
    for i, row in enumerate(truth):
        if 0 < row.total() < SMALLEST:
            assert any(twin[i].total() != row.total() for twin in alike)
        for name, count in row.items():
            if count < SMALLEST:
                assert any(twin[i][name] != count for twin in alike)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 9), max_size=5))
def test_offences_are_named_or_put_together(cells: dict[str, int]) -> None:
    if not fits(sum(cells.values())):
        return
    shown, other = named(cells)
    assert all(shown[name] == cells[name] >= SMALLEST for name in shown)
    assert fits(other)
    assert sum(shown.values()) + other == sum(cells.values())
    # No more is put together than it takes: without its largest, the rest would be too few.
    together = sorted(count for name, count in cells.items() if name not in shown)
    assert not together or together[-1] < SMALLEST or not fits(sum(together[:-1]))


@settings(deadline=None)
@given(st.lists(st.tuples(counts, counts, counts), max_size=12))
def test_parts_of_wholes_and_what_is_left_of_them_are_enough(rows: list[tuple[int, int, int]]) -> None:
    told = [(sum(row), row[:2]) for row in rows]
    steps = [split(told[:size]) for size in range(len(rows) + 1)]
    for (before, parts_before), (after, parts_after) in combinations(steps, 2):
        old = parts_before or [0, 0]
        new = parts_after or [0, 0]
        moved = [b - a for a, b in zip(old, new, strict=True)]
        assert all(map(fits, moved))
        assert fits(after - before - sum(moved))


@settings(deadline=None)
@given(st.lists(counts, max_size=20))
def test_a_count_moves_by_enough_or_not_at_all(months: list[int]) -> None:
    ends = list(accumulate(months))
    shown = [stepped(ends[:size]) for size in range(len(ends) + 1)]
    for earlier, later in combinations(shown, 2):
        assert fits((later or 0) - (earlier or 0))
    assert (shown[-1] is None) == (0 < (ends[-1] if ends else 0) < SMALLEST)
    assert (ends[-1] if ends else 0) - (shown[-1] or 0) < SMALLEST


@settings(deadline=None)
@given(st.lists(st.integers(-9, 9), max_size=20))
def test_a_count_that_falls_is_never_small_either(steps: list[int]) -> None:
    shown = 0
    for size in range(len(steps)):
        now = stepped(accumulate(steps[: size + 1], lambda a, b: max(a + b, 0), initial=0)) or 0
        assert fits(now)
        assert fits(abs(now - shown))
        shown = now


def test_a_size_is_told_to_two_digits() -> None:
    assert [roughly(n) for n in (0, 99, 100, 104, 110, 12_345)] == [None, None, 100, 100, 110, 12_000]


def test_fewer_than_five_is_small() -> None:
    assert SMALLEST == 5
    assert [fits(count) for count in (0, 1, 4, 5, 6)] == [True, False, False, True, True]


def test_rows_wait_until_every_part_and_the_rest_fit() -> None:
    assert split([(10, [5]), (7, [2]), (6, [3])]) == (23, [10])  # the second row waits for the third: 13, 5 and 8
    assert split([(10, [5]), (7, [2])]) == (10, [5])
    assert split([(7, [2]), (9, [2]), (9, [5])]) == (25, [9])
    assert split([]) == (0, [])
