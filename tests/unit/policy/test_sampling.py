"""A draw is the same for everybody who knows its seed, takes nothing twice, and gives each member their share."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.decisions import rule_of

from plainview.policy.sampling import draw, finding_follows, sample_asked, seed_of

POPULATIONS = st.lists(st.sampled_from("ABCD"), min_size=1, max_size=60).map(
    lambda members: [(f"S{i}", member) for i, member in enumerate(members)]
)


@given(POPULATIONS, st.integers(1, 70), st.text(max_size=5), st.booleans())
def test_a_draw_is_reproducible_and_without_repeats(
    rows: list[tuple[str, str]], wanted: int, seed: str, stratified: bool
) -> None:
    drawn = draw(rows, wanted, seed, stratified=stratified)
    assert drawn == draw(list(reversed(rows)), wanted, seed, stratified=stratified)
    assert len(drawn) == len(set(drawn)) == min(wanted, len(rows))
    assert set(drawn) <= {search for search, _ in rows}
    if stratified:
        members = Counter(member for _, member in rows)
        got = Counter(dict(rows)[search] for search in drawn)
        if wanted >= len(members):
            assert set(got) == set(members)
        for member, count in members.items():
            # One place each first, then by share: nobody is further from their share than the other members' first places.
            assert abs(got[member] - count * len(drawn) / len(rows)) <= len(members)


@pytest.mark.parametrize(
    ("searches", "wanted", "places"),
    [
        ({"A": 5, "B": 5}, 4, {"A": 2, "B": 2}),
        ({"A": 5, "B": 5}, 5, {"A": 2, "B": 3}),  # of two that are as far behind, the later name
        ({"A": 6, "B": 3, "C": 1}, 5, {"A": 3, "B": 1, "C": 1}),
        ({"A": 8, "B": 1, "C": 1}, 6, {"A": 4, "B": 1, "C": 1}),
        ({"A": 3, "B": 2, "C": 1}, 2, {"A": 1, "B": 1}),  # too few for everybody: those with the most searches
    ],
)
def test_places_go_one_each_and_then_to_whom_their_share_lacks_most(
    searches: dict[str, int], wanted: int, places: dict[str, int]
) -> None:
    rows = [(f"{member}{number}", member) for member, count in searches.items() for number in range(count)]
    drawn = draw(rows, wanted, "seed", stratified=True)
    assert Counter(search[0] for search in drawn) == places


def test_every_search_has_the_same_chance() -> None:
    rows = [(f"S{i}", "A") for i in range(10)]
    seen = Counter(name for i in range(2000) for name in draw(rows, 3, f"seed {i}", stratified=False))
    assert all(500 < count < 700 for count in seen.values())  # 600 expected, five standard deviations are 102


def test_everything_that_was_announced_is_in_the_seed() -> None:
    told = {"agency": "A1", "wanted": 5, "since": "", "stratified": False}
    seeds = {
        seed_of("00", "mine", **told),
        seed_of("01", "mine", **told),
        seed_of("00", "yours", **told),  # type: ignore[arg-type]
        *(
            seed_of("00", "mine", **told | change)
            for change in (  # type: ignore[arg-type]
                {"agency": "A2"},
                {"wanted": 6},
                {"since": "2026-01-01"},
                {"stratified": True},
            )
        ),
    }
    assert len(seeds) == 7


@pytest.mark.parametrize(
    ("decision", "rule"),
    [
        (sample_asked(1, "x"), None),
        (sample_asked(500, "x" * 200), None),
        (sample_asked(5, "x" * 201), "sample.nonce"),
        (sample_asked(0, "x"), "sample.size"),
        (sample_asked(501, "x"), "sample.size"),
        (sample_asked(5, "  "), "sample.nonce"),
        (finding_follows("", "in order", ""), None),
        (finding_follows("question", "breach", "no case named"), None),
        (finding_follows("", "fine", ""), "sample.finding"),
        (finding_follows("breach", "in order", ""), "sample.found"),
        (finding_follows("", "question", "why"), "sample.words"),
        (finding_follows("", "question", "no case"), "sample.words"),
        (finding_follows("question", "in order", ""), None),
    ],
)
def test_rule(decision: object, rule: str | None) -> None:
    assert rule_of(decision) == rule


@pytest.mark.parametrize(
    ("searches", "wanted", "places"),
    [
        ({"A": 6, "B": 3, "C": 1}, 5, {"A": 3, "B": 1, "C": 1}),  # shares 3.0, 1.5, 0.5
        ({"A": 6, "B": 3, "C": 1}, 2, {"A": 1, "B": 1}),  # the two who searched most
        ({"A": 2, "B": 2}, 3, {"A": 1, "B": 2}),  # a tie: the later id
        ({"A": 1, "B": 9}, 9, {"A": 1, "B": 8}),
        ({"A": 3}, 9, {"A": 3}),
    ],
)
def test_a_draw_in_proportion_gives_one_place_each_and_the_rest_by_share(
    searches: dict[str, int], wanted: int, places: dict[str, int]
) -> None:
    rows = [(f"{member}{i}", member) for member, count in searches.items() for i in range(count)]
    assert Counter(name[0] for name in draw(rows, wanted, "seed", stratified=True)) == places


def test_the_seed_is_a_hash_that_anyone_can_make_again() -> None:
    text = '["plainview-sample-1", "00", "mine", "A1", 5, "", false]'
    assert seed_of("00", "mine", agency="A1", wanted=5, since="", stratified=False) == sha256(text.encode()).hexdigest()


def test_the_order_is_that_of_the_hashes_with_the_seed() -> None:
    rows = [(f"S{i}", "A") for i in range(9)]
    by_hash = sorted((sha256(f"x:S{i}".encode()).digest(), f"S{i}") for i in range(9))
    assert draw(rows, 4, "x", stratified=False) == [name for _, name in by_hash[:4]]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 40))
def test_nobody_gets_more_places_than_they_have_searches(searches: list[int], wanted: int) -> None:
    rows = [(f"{member}-{i}", str(member)) for member, count in enumerate(searches) for i in range(count)]
    assert len(draw(rows, wanted, "seed", stratified=True)) == min(wanted, len(rows))
