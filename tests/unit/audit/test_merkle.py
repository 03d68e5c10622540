"""The tree is that of RFC 9162: published vectors, and the RFC's recursive definitions written out here."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    consistency_proof_by,
    inclusion_proof,
    inclusion_proof_by,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The reference vectors of Certificate Transparency (RFC 6962, whose tree RFC 9162 keeps): the eight inputs,
# the roots of their prefixes and the proofs, as in google/certificate-transparency, merkle_tree_test.cc and
# merkle_verifier_test.go, which every implementation since has copied.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in INPUTS]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATH_0_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
INCLUSION = [  # 0-based leaf, size, path
    (0, 1, []),
    (0, 8, PATH_0_OF_8),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [  # older size, newer size, proof
    (1, 1, []),
    (1, 8, PATH_0_OF_8),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def unhex(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in hashes]


def some_leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


# --- the RFC's own words, word for word and without a thought for speed


def mth(leaves: list[bytes]) -> bytes:
    """MTH(D_n), RFC 9162, 2.1.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D_n), RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D_n, b), RFC 9162, 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


# --- published vectors


def test_the_empty_tree_and_the_empty_leaf() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == ROOTS[0]
    assert root_of([]) == Frontier().root() == EMPTY_ROOT


def test_published_roots() -> None:
    frontier = Frontier()
    for number, (leaf, root) in enumerate(zip(LEAVES, ROOTS, strict=True), start=1):
        frontier = frontier.append(leaf)
        assert frontier.size == number
        assert frontier.root().hex() == root
        assert root_of(LEAVES[:number]).hex() == root


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_published_inclusion_proofs(index: int, size: int, proof: list[str]) -> None:
    assert inclusion_proof(LEAVES[:size], index) == unhex(proof)
    assert verify_inclusion(LEAVES[index], index, size, unhex(proof), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_published_consistency_proofs(first: int, second: int, proof: list[str]) -> None:
    assert consistency_proof(LEAVES[:second], first) == unhex(proof)
    old, new = bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1])
    assert verify_consistency(first, second, old, new, unhex(proof))


# --- against the recursive definitions


@given(count=st.integers(0, 70))
def test_frontier_and_root_follow_the_definition(count: int) -> None:
    leaves = some_leaves(count)
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    assert frontier.root() == root_of(leaves) == mth(leaves)
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier
    assert len(frontier.to_bytes()) == 8 + 32 * count.bit_count()


@given(data=st.data(), count=st.integers(1, 70))
def test_inclusion_follows_the_definition(data: st.DataObject, count: int) -> None:
    leaves, index = some_leaves(count), data.draw(st.integers(0, count - 1))
    proof = inclusion_proof(leaves, index)
    assert proof == path(index, leaves)
    assert verify_inclusion(leaves[index], index, count, proof, mth(leaves))


@given(data=st.data(), second=st.integers(1, 70))
def test_consistency_follows_the_definition(data: st.DataObject, second: int) -> None:
    leaves, first = some_leaves(second), data.draw(st.integers(1, second))
    proof = consistency_proof(leaves, first)
    assert proof == subproof(first, leaves, True)
    assert verify_consistency(first, second, mth(leaves[:first]), mth(leaves), proof)


# --- what must not verify


@given(data=st.data(), count=st.integers(2, 40))
def test_a_wrong_inclusion_proof_does_not_verify(data: st.DataObject, count: int) -> None:
    leaves, index = some_leaves(count), data.draw(st.integers(0, count - 1))
    proof, root = inclusion_proof(leaves, index), mth(leaves)
    other = data.draw(st.integers(0, count - 1).filter(lambda number: number != index))
    assert not verify_inclusion(leaves[index], other, count, proof, root)
    assert not verify_inclusion(leaves[other], index, count, proof, root)
    assert not verify_inclusion(leaves[index], index, count, proof, EMPTY_ROOT)
    assert not verify_inclusion(leaves[index], index, count, proof[:-1], root)
    assert not verify_inclusion(leaves[index], index, count, [*proof, root], root)
    assert not verify_inclusion(leaves[index], index, count, [*proof[:-1], b""], root)
    assert not verify_inclusion(leaves[index], count, count, proof, root)
    assert not verify_inclusion(leaves[index], index, 2 * count, proof, root)
    assert not verify_inclusion(leaves[index], -1, count, proof, root)
    step = data.draw(st.integers(0, len(proof) - 1))
    assert not verify_inclusion(leaves[index], index, count, [*proof[:step], root, *proof[step + 1 :]], root)


@given(data=st.data(), second=st.integers(2, 40))
def test_a_wrong_consistency_proof_does_not_verify(data: st.DataObject, second: int) -> None:
    leaves, first = some_leaves(second), data.draw(st.integers(1, second - 1))
    proof, old, new = consistency_proof(leaves, first), mth(leaves[:first]), mth(leaves)
    forged = mth([leaf_hash(b"changed"), *leaves[1:first]])
    assert not verify_consistency(first, second, forged, new, proof)
    assert not verify_consistency(first, second, old, forged, proof)
    assert not verify_consistency(first, second, new, old, proof)
    assert not verify_consistency(second, first, new, old, proof)
    assert not verify_consistency(first, 2 * second, old, new, proof)
    assert not verify_consistency(first, second, old, new, [])
    assert not verify_consistency(first, second, old, new, proof[:-1])
    assert not verify_consistency(first, second, old, new, [*proof, new])
    assert not verify_consistency(first, second, old, new, [*proof[:-1], b""])
    step = data.draw(st.integers(0, len(proof) - 1))
    assert not verify_consistency(first, second, old, new, [*proof[:step], forged, *proof[step + 1 :]])


def test_equal_and_empty_trees() -> None:
    root = mth(some_leaves(5))
    assert consistency_proof(some_leaves(5), 0) == []
    assert verify_consistency(0, 5, EMPTY_ROOT, root, [])
    assert not verify_consistency(0, 5, root, root, [])
    assert not verify_consistency(0, 5, EMPTY_ROOT, root, [root])
    assert verify_consistency(5, 5, root, root, [])
    assert not verify_consistency(5, 5, EMPTY_ROOT, root, [])
    assert not verify_consistency(5, 5, root, root, [root])
    assert not verify_consistency(-1, 5, root, root, [])


@pytest.mark.parametrize("index", [-1, 8])
def test_no_proof_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(LEAVES, index)


@pytest.mark.parametrize("first", [-1, 9])
def test_no_proof_of_a_prefix_that_is_not_there(first: int) -> None:
    with pytest.raises(ValueError, match="no prefix"):
        consistency_proof(LEAVES, first)


def test_leaves_and_nodes_are_hashed_apart() -> None:
    left, right = LEAVES[:2]
    assert node_hash(left, right) != leaf_hash(left + right)


# --- the stored frontier


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(7),
        bytes(9),
        (1).to_bytes(8, "big"),
        (1).to_bytes(8, "big") + bytes(31),
        (1).to_bytes(8, "big") + bytes(64),
        (3).to_bytes(8, "big") + bytes(32),
        bytes(8) + bytes(32),
    ],
)
def test_bytes_that_are_no_frontier_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.from_bytes(data)


def test_a_frontier_checks_itself() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier(1, (b"short",))
    with pytest.raises(ValueError, match="leaves"):
        Frontier(-1, ())
    assert Frontier(2**64 - 1, (bytes(32),) * 64).size == 2**64 - 1
    with pytest.raises(ValueError, match="leaves"):
        Frontier(2**64, (bytes(32),))


def test_appending_leaves_the_old_frontier_as_it_was() -> None:
    frontiers = [Frontier()]
    for leaf in LEAVES:
        frontiers.append(frontiers[-1].append(leaf))
    assert [frontier.root().hex() for frontier in frontiers[1:]] == ROOTS
    assert all(after.size == before.size + 1 for before, after in pairwise(frontiers))


def test_a_proof_from_stored_frontiers_is_the_same_and_takes_few_lookups() -> None:
    leaves = [leaf_hash(str(i).encode()) for i in range(70)]
    frontiers = [Frontier()]
    for leaf in leaves:
        frontiers.append(frontiers[-1].append(leaf))
    for size in range(1, 71):
        for index in range(size):
            asked: list[int] = []

            def frontier(at: int, asked: list[int] = asked) -> Frontier:
                asked.append(at)
                return frontiers[at]

            made = inclusion_proof_by(index, size, leaves.__getitem__, frontier)
            assert made == inclusion_proof(leaves[:size], index)
            assert len(asked) <= 8 * 8
            assert all(0 < at <= size for at in asked)
    for index, size in ((-1, 1), (0, 0), (5, 5)):
        with pytest.raises(ValueError, match="has no leaf"):
            inclusion_proof_by(index, size, leaves.__getitem__, frontiers.__getitem__)


def test_a_consistency_proof_from_stored_frontiers_is_the_one_from_all_leaves() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(70)]
    frontiers = {0: Frontier()}
    for number, leaf in enumerate(leaves):
        frontiers[number + 1] = frontiers[number].append(leaf)
    for size in (*range(1, 34), 64, 65, 70):
        for first in range(size + 1):
            proof = consistency_proof_by(first, size, leaves.__getitem__, frontiers.__getitem__)
            assert proof == consistency_proof(leaves[:size], first)
    for first, size in ((-1, 1), (6, 5)):
        with pytest.raises(ValueError, match="no prefix"):
            consistency_proof_by(first, size, leaves.__getitem__, frontiers.__getitem__)


def test_hashes_that_are_cut_at_another_place_are_no_proof() -> None:
    """Joined they are the same bytes, so that only their lengths tell."""
    leaves = some_leaves(6)
    first, second, *more = consistency_proof(leaves, 5)  # what is hashed is the second and then the first
    assert verify_consistency(5, 6, mth(leaves[:5]), mth(leaves), [first, second, *more])
    moved = [first[1:], second + first[:1], *more]
    assert not verify_consistency(5, 6, mth(leaves[:5]), mth(leaves), moved)
    first, *more = inclusion_proof(leaves, 0)
    assert verify_inclusion(leaves[0], 0, 6, [first, *more], mth(leaves))
    assert not verify_inclusion(leaves[0] + first[:1], 0, 6, [first[1:], *more], mth(leaves))


@pytest.mark.parametrize(("first", "second"), [(4, 2), (8, 1), (-1, 0), (-2, 3)])
def test_no_tree_extends_a_larger_one_or_one_of_less_than_nothing(first: int, second: int) -> None:
    root = mth(some_leaves(3))
    assert not verify_consistency(first, second, root, root, [])
    assert not verify_consistency(first, second, EMPTY_ROOT, root, [])
