"""Follow the log as an outside monitor: keep its signed heads, and check that nothing was changed between two of them.

    PLAINVIEW_URL=... PLAINVIEW_TOKEN=... python follow_log.py heads.jsonl

Run it by the clock, on a machine that the agency does not control. Each run appends the newest head to the file, after it
has checked two things: the head is signed by a key of this log, and the log that it describes begins with the log of the
head before. The token needs the scope audit.read.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

from plainview.audit.checkpoint import VerifierKey, verify
from plainview.audit.merkle import verify_consistency
from plainview.client import Client, operations
from plainview.client.types import Checkpoint


def _keys(head: Checkpoint) -> list[VerifierKey]:
    """Return the keys of the log; a new one is a change like every other, and shows in the log."""
    return [VerifierKey.parse(key) for key in head["keys"]]


def main(path: str) -> str:
    """Check the newest head against the last one that is in the file, keep it, and return what was found."""
    kept = Path(path)
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    with Client(os.environ["PLAINVIEW_URL"], os.environ["PLAINVIEW_TOKEN"]) as faces:
        newest = faces.run(operations.log_checkpoint)
        head = verify(newest["checkpoint"], _keys(newest))
        if lines:
            last = json.loads(lines[-1])
            before = verify(last["checkpoint"], _keys(last))
            answer = faces.run(operations.log_consistency, first=before.size, second=head.size)
            proof = [base64.b64decode(node) for node in answer["proof"]]
            if not verify_consistency(before.size, head.size, before.root, head.root, proof):
                sys.exit(f"The log of {head.size} entries does not begin with the log of {before.size} that was kept.")
    with kept.open("a", encoding="utf-8") as file:
        file.write(json.dumps(newest) + "\n")
    return f"{head.size} entries; the log begins with every head that was kept before."


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
