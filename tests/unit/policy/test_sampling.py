"""A draw is the same for everybody who knows its seed, takes nothing twice, and gives each member their share."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.policy.decision import Refused
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
        (sample_asked(0, "x"), "sample.size"),
        (sample_asked(501, "x"), "sample.size"),
        (sample_asked(5, "  "), "sample.nonce"),
        (finding_follows("", "in order", ""), None),
        (finding_follows("question", "breach", "no case was named"), None),
        (finding_follows("", "fine", ""), "sample.finding"),
        (finding_follows("breach", "in order", ""), "sample.found"),
        (finding_follows("", "question", "why"), "sample.words"),
    ],
)
def test_rule(decision: object, rule: str | None) -> None:
    assert (decision.rule_id if isinstance(decision, Refused) else None) == rule
