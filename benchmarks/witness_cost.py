"""What witnesses cost: the proof for one request, and one request at a witness, as ratios and milliseconds.

    python benchmarks/witness_cost.py [--entries 50000]

Prints one JSON object: `proof_ratio` is the time of a consistency proof from all leaves divided by that from stored
frontiers, as the log's client makes it; `cosign_ms` is one new checkpoint at a witness, with the writes to the disk;
`replay_ms` is the same checkpoint again, which writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from plainview.audit.checkpoint import Signer
from plainview.audit.merkle import Frontier, consistency_proof, consistency_proof_by, leaf_hash
from plainview.audit.submission import format_submission
from plainview.audit.witness import Witness

ROUNDS = 20


def _ms(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - began))
    return median(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=50_000)
    size = parser.parse_args().entries
    leaves = [leaf_hash(number.to_bytes(8, "big")) for number in range(size)]
    tree, stored = Frontier(), [b""]
    for leaf in leaves:
        tree = tree.append(leaf)
        stored.append(tree.to_bytes())

    def frontier(at: int) -> Frontier:
        return Frontier.from_bytes(stored[at])

    old = size - 137
    proof = consistency_proof_by(old, size, leaves.__getitem__, frontier)
    assert proof == consistency_proof(leaves, old)  # noqa: S101
    quick = _ms(lambda: consistency_proof_by(old, size, leaves.__getitem__, frontier))
    whole = _ms(lambda: consistency_proof(leaves, old), 3)
    signer = Signer.generate("log.example/bench")
    with tempfile.TemporaryDirectory() as folder:
        witness = Witness.create(Path(folder) / "w", "witness.example/w1")
        witness.follow(signer.verifier)
        sizes = iter(range(1, 10 * ROUNDS))
        asked = [0]

        def cosign() -> None:
            before, now = asked[0], next(sizes)
            note = signer.sign(now, frontier(now).root())
            steps = consistency_proof_by(before, now, leaves.__getitem__, frontier)
            witness.add_checkpoint(format_submission(before, steps, note), 1_790_000_000)
            asked[0] = now

        cosigned = _ms(cosign)
        last = asked[0]
        again = format_submission(last, [], signer.sign(last, frontier(last).root()))
        replayed = _ms(lambda: witness.add_checkpoint(again, 1_790_000_000))
    result = {
        "entries": size,
        "proof_hashes": len(proof),
        "proof_ratio": round(whole / quick, 1),
        "cosign_ms": round(cosigned, 2),
        "replay_ms": round(replayed, 2),
    }
    sys.stdout.write(f"{json.dumps(result)}\n")


if __name__ == "__main__":
    main()
