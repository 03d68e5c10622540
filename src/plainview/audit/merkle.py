"""The Merkle tree of RFC 9162, section 2.1: hashes, roots, inclusion and consistency proofs.

Owns the arithmetic only: it knows leaves as 32-byte hashes and never sees what an entry says. Everything here
is a pure function or an immutable value; nothing reads a clock, a file or a database. It must never accept a
proof that the RFC's own algorithm would not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
"""Length in bytes of a SHA-256 hash (FIPS 180-4), the only hash of RFC 9162's default and of this log."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves: the hash of the empty string (RFC 9162, 2.1.1)."""

_SIZE_BYTES = 8


def leaf_hash(data: bytes) -> bytes:
    """Return the 32-byte hash of a leaf: SHA-256(0x00 || data) (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an inner node: SHA-256(0x01 || left || right) (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All of a tree that is needed to append to it: the roots of its perfect subtrees, largest first.

    A tree of `size` leaves falls into one perfect subtree for every bit set in `size`, so the frontier holds
    at most 64 hashes however long the log is. It is immutable: `append` returns the next frontier, so that a
    transaction that is rolled back leaves nothing behind.

    Attributes:
        size: number of leaves, 0 to 2**64 - 1.
        nodes: one 32-byte hash for every bit set in `size`, from the highest bit to the lowest.

    Raises:
        ValueError: the number or length of the hashes does not fit the size.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size < 1 << (8 * _SIZE_BYTES):
            raise ValueError(f"a tree cannot have {self.size} leaves")
        if len(self.nodes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} frontier hashes")
        if any(len(node) != HASH_BYTES for node in self.nodes):
            raise ValueError(f"a frontier hash has {HASH_BYTES} bytes")

    def append(self, leaf: bytes) -> Frontier:
        """Return the frontier after one more leaf, in O(log size) time.

        Args:
            leaf: the 32-byte leaf hash.
        """
        nodes = list(self.nodes)
        node, carry = leaf, self.size
        # Appending a leaf is adding one in binary: every trailing 1 bit merges two subtrees of equal height.
        while carry & 1:
            node = node_hash(nodes.pop(), node)
            carry >>= 1
        nodes.append(node)
        return Frontier(self.size + 1, tuple(nodes))

    def root(self) -> bytes:
        """Return the 32-byte root of the tree (RFC 9162, 2.1.1)."""
        if not self.nodes:
            return EMPTY_ROOT
        *larger, root = self.nodes
        for node in reversed(larger):
            root = node_hash(node, root)
        return root

    def to_bytes(self) -> bytes:
        """Return the size as 8 bytes, big-endian, followed by the hashes: 8 to 2,056 bytes for a database."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.nodes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: the bytes are not exactly one frontier.
        """
        hashes = data[_SIZE_BYTES:]
        if len(data) < _SIZE_BYTES or len(hashes) % HASH_BYTES:
            raise ValueError("these bytes are not a stored frontier")
        nodes = tuple(hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES))
        return cls(int.from_bytes(data[:_SIZE_BYTES], "big"), nodes)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over these 32-byte leaf hashes, in order."""
    return _subroot(leaves, 0, len(leaves))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion proof of leaf `index` in the tree of all `leaves` (RFC 9162, 2.1.3.1).

    Args:
        leaves: every 32-byte leaf hash of the tree.
        index: 0-based number of the leaf.

    Returns:
        The sibling hashes from the leaf upwards.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves has no leaf {index}")
    start, stop = 0, len(leaves)
    siblings = []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            siblings.append(_subroot(leaves, middle, stop))
            stop = middle
        else:
            siblings.append(_subroot(leaves, start, middle))
            start = middle
    siblings.reverse()
    return siblings


def inclusion_proof_by(
    index: int, size: int, leaf: Callable[[int], bytes], frontier: Callable[[int], Frontier]
) -> list[bytes]:
    """Return what `inclusion_proof` returns, from stored frontiers: a few hundred lookups in any log.

    Args:
        index: 0-based number of the leaf.
        size: number of leaves of the tree.
        leaf: gives the 32-byte hash of one leaf.
        frontier: gives the frontier of the tree of that many leaves, 1 to `size`.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    start, stop = 0, size
    siblings = []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            siblings.append(subroot_by(middle, stop, leaf, frontier))
            stop = middle
        else:
            siblings.append(subroot_by(start, middle, leaf, frontier))
            start = middle
    siblings.reverse()
    return siblings


def subroot_by(start: int, stop: int, leaf: Callable[[int], bytes], frontier: Callable[[int], Frontier]) -> bytes:
    """Return the 32-byte root over the leaves `start` to `stop`, a subtree of RFC 9162, from stored frontiers.

    Args:
        start: number of the first leaf: a multiple of the smallest power of two that is not below `stop - start`.
        stop: number of the leaf after the last.
        leaf: gives the 32-byte hash of one leaf.
        frontier: gives the frontier of the tree of that many leaves, 1 to `stop`.
    """
    if stop - start == 1:
        return leaf(start)
    middle = start + _split(stop - start)
    # A left subtree ends where the frontier's last perfect subtree is exactly it: nothing was merged into it yet.
    return node_hash(frontier(middle).nodes[-1], subroot_by(middle, stop, leaf, frontier))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether the proof shows that `leaf` is number `index` of the tree (RFC 9162, 2.1.3.2).

    Args:
        leaf: 32-byte leaf hash.
        index: 0-based number of the leaf.
        size: number of leaves of the tree.
        proof: what `inclusion_proof` returned.
        root: 32-byte root of the tree of that size.
    """
    if not 0 <= index < size or any(len(step) != HASH_BYTES for step in proof):
        return False
    fn, sn, computed = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            computed = node_hash(step, computed)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and computed == root


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the tree of all leaves extends that of the `first` first (RFC 9162, 2.1.4.1).

    The proof is empty when the two trees are the same, or when the first is empty (an empty tree is a
    prefix of every tree; the RFC leaves that case out).

    Raises:
        ValueError: `first` is negative or larger than the tree.
    """
    return _consistency(first, len(leaves), lambda start, stop: _subroot(leaves, start, stop))


def consistency_proof_by(
    first: int, size: int, leaf: Callable[[int], bytes], frontier: Callable[[int], Frontier]
) -> list[bytes]:
    """Return what `consistency_proof` returns for the tree of `size` leaves, from stored frontiers.

    Args:
        first: number of leaves of the older tree.
        size: number of leaves of the newer tree.
        leaf: gives the 32-byte hash of one leaf.
        frontier: gives the frontier of the tree of that many leaves, 1 to `size`.

    Raises:
        ValueError: `first` is negative or larger than the tree.
    """
    return _consistency(first, size, lambda start, stop: subroot_by(start, stop, leaf, frontier))


def _consistency(first: int, size: int, subroot: Callable[[int, int], bytes]) -> list[bytes]:
    if not 0 <= first <= size:
        raise ValueError(f"a tree of {size} leaves has no prefix of {first} leaves")
    if first == 0:
        return []
    start, stop = 0, size
    proof = []
    on_old_root = True  # whether the subtree in hand is still the old tree itself, whose root the verifier has
    while first < stop:
        middle = start + _split(stop - start)
        if first <= middle:
            proof.append(subroot(middle, stop))
            stop = middle
        else:
            proof.append(subroot(start, middle))
            start = middle
            on_old_root = False
    if not on_old_root:
        proof.append(subroot(start, stop))
    proof.reverse()
    return proof


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether the proof shows that the second tree extends the first (RFC 9162, 2.1.4.2).

    Args:
        first: number of leaves of the older tree.
        second: number of leaves of the newer tree.
        first_root: 32-byte root of the older tree.
        second_root: 32-byte root of the newer tree.
        proof: what `consistency_proof` returned.
    """
    if not 0 <= first <= second or any(len(step) != HASH_BYTES for step in proof):
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    steps = list(proof)
    if first & (first - 1) == 0:  # a power of two: the old root is itself a node of the new tree
        steps.insert(0, first_root)
    if not steps:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(step, old), node_hash(step, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`, where RFC 9162 cuts a tree of `size` >= 2 leaves."""
    return 1 << ((size - 1).bit_length() - 1)


def _subroot(leaves: Sequence[bytes], start: int, stop: int) -> bytes:
    frontier = Frontier()
    for index in range(start, stop):
        frontier = frontier.append(leaves[index])
    return frontier.root()
