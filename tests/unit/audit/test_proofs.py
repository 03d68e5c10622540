"""Proof files prove what they say, and a changed one proves nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.audit.logfile import Record
from plainview.audit.merkle import Frontier
from plainview.audit.proofs import BadProof, Tree, check, consistency, inclusion


def tree_of(records: list[Record]) -> Tree:
    leaves, frontiers = [record.leaf for record in records], [Frontier()]
    for leaf in leaves:
        frontiers.append(frontiers[-1].append(leaf))
    return Tree(len(leaves), leaves.__getitem__, frontiers.__getitem__)


def test_every_pair_of_sizes_and_every_entry(records: list[Record]) -> None:
    tree = tree_of(records)
    for second in (1, 7, 8, 40):
        for first in range(second + 1):
            assert f"extend the {first} of" in check(json.dumps(consistency("l", tree, first, second)))
        for entry in range(second):
            proof = inclusion("l", tree, entry, records[entry].canonical, second)
            assert f"entry {entry} of the {second}" in check(json.dumps(proof))
            for change in ({"entry": entry + 1}, {"canonical": "{}"}, {"root": "00" * 32}):
                with pytest.raises(BadProof):
                    check(json.dumps({**proof, **change}))


@pytest.mark.parametrize("sizes", [(-1, 3), (3, 2), (0, 41)])
def test_sizes_that_the_log_never_had(records: list[Record], sizes: tuple[int, int]) -> None:
    with pytest.raises(BadProof):
        consistency("l", tree_of(records), *sizes)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(BadProof):
        check(text)


@pytest.mark.parametrize(("entry", "size"), [(-1, 40), (40, 40), (7, 7), (8, 7), (0, 41)])
def test_no_entry_is_proven_that_the_log_or_the_size_does_not_hold(
    records: list[Record], entry: int, size: int
) -> None:
    with pytest.raises(BadProof, match="the log has the entries 0 to 39"):
        inclusion("l", tree_of(records), entry, b"{}", size)
