"""Proofs as files: what an outsider checks without the log, and without its operator.

Owns two JSON forms, of a consistency proof and of an inclusion proof (RFC 9162, 2.1.3 and 2.1.4). Both state
roots; a root is worth what the signed checkpoint is worth in which the reader finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from plainview.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof_by,
    inclusion_proof_by,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

CONSISTENCY: Final = "plainview.consistency.v1"
INCLUSION: Final = "plainview.inclusion.v1"


class BadProof(ValueError):
    """This is not a proof, or it proves nothing; the message says which."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A log's tree, from what is stored of it.

    Attributes:
        size: number of entries.
        leaf: gives the 32-byte leaf hash of an entry.
        frontier: gives the frontier of the tree of that many entries, 1 to `size`.
    """

    size: int
    leaf: Callable[[int], bytes]
    frontier: Callable[[int], Frontier]

    def root(self, size: int) -> str:
        """Return the root of the first `size` entries, in hexadecimal."""
        return (self.frontier(size).root() if size else EMPTY_ROOT).hex()


def consistency(log: str, tree: Tree, first: int, second: int) -> dict[str, Any]:
    """Return the proof that the tree of `second` entries extends that of `first`.

    Raises:
        BadProof: the log has no such sizes.
    """
    if not 0 <= first <= second <= tree.size:
        raise BadProof(f"the log has {tree.size} entries: choose sizes 0 <= from <= to <= {tree.size}")
    return {
        "type": CONSISTENCY,
        "log": log,
        "from": {"size": first, "root": tree.root(first)},
        "to": {"size": second, "root": tree.root(second)},
        "proof": [step.hex() for step in consistency_proof_by(first, second, tree.leaf, tree.frontier)],
    }


def inclusion(log: str, tree: Tree, entry: int, canonical: bytes, size: int) -> dict[str, Any]:
    """Return the proof that the entry, given in canonical form, is number `entry` of the tree of `size`.

    Raises:
        BadProof: the log has no such entry or size.
    """
    if not 0 <= entry < size <= tree.size:
        raise BadProof(f"the log has the entries 0 to {tree.size - 1}; the size must cover the entry")
    return {
        "type": INCLUSION,
        "log": log,
        "entry": entry,
        "canonical": canonical.decode(),
        "size": size,
        "root": tree.root(size),
        "proof": [step.hex() for step in inclusion_proof_by(entry, size, tree.leaf, tree.frontier)],
    }


def check(text: str) -> str:
    """Verify a proof file; return one sentence that says what it proves.

    Raises:
        BadProof: it proves nothing.
    """
    try:
        data = json.loads(text)
        steps = [bytes.fromhex(step) for step in data["proof"]]
        if data["type"] == CONSISTENCY:
            old, new = data["from"], data["to"]
            sizes, roots = _sizes(old["size"], new["size"]), (old["root"], new["root"])
            first, second = map(bytes.fromhex, roots)
            sound = verify_consistency(*sizes, first, second, steps)
            claim = f"the {sizes[1]} entries of root {roots[1]} extend the {sizes[0]} of root {roots[0]}"
        elif data["type"] == INCLUSION:
            entry, size = _sizes(data["entry"], data["size"])
            leaf = leaf_hash(data["canonical"].encode())
            sound = verify_inclusion(leaf, entry, size, steps, bytes.fromhex(data["root"]))
            claim = f"this is entry {entry} of the {size} entries of root {data['root']}"
        else:
            raise BadProof("this is not a proof that is known here")
    except BadProof:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BadProof("this is not a proof file") from None
    if not sound:
        raise BadProof(f"the proof fails: it does not show that {claim}")
    return claim


def _sizes(first: object, second: object) -> tuple[int, int]:
    if type(first) is not int or type(second) is not int:
        raise BadProof("a size is not a whole number")
    return first, second
