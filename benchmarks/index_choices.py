"""The measurements behind docs/adr/0005: a fixed code against a trained one, and the cost of sealed rows.

    python benchmarks/index_choices.py [TEMPLATES.npy]

Without a file of templates, float32 (rows, dimension), synthetic ones are used; plainview.cli.bench.search says how
they are generated. The times are of the calling thread; trust the ratios.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from plainview.cli.bench.search import _gallery
from plainview.index.codes import Codes, near_codes, near_scores, spread
from plainview.index.records import Append, RecordFile, new_nonce

Rows = NDArray[np.float32]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def codes(rows: Rows) -> None:
    """Print how far the estimates of a fixed and of a trained code are off, for strangers."""
    dim = rows.shape[1]
    enrolled, probes = rows[: len(rows) // 2], rows[len(rows) // 2 :][:200]
    exact = probes @ enrolled.T
    strangers = exact < 0.45
    fixed = Codes(dim)
    slots = np.arange(len(enrolled))
    fixed.add(slots, enrolled)
    errors = []
    for number, probe in enumerate(probes):
        above, estimates = fixed.above(probe, -0.5, None)
        errors.append((estimates - exact[number, above])[strangers[number, above]])
    _say(f"fixed code: computed spread {spread(dim):.5f}, measured {np.concatenate(errors).std():.5f}")
    pq = faiss.ProductQuantizer(dim, dim // 2, 4)
    pq.train(rows[len(rows) // 2 :])
    decoded = pq.decode(pq.compute_codes(enrolled))
    lost = float(((enrolled - decoded) ** 2).sum(axis=1).mean())
    trained = (probes @ decoded.T) / (1 - lost) - exact
    _say(f"trained code (faiss PQ, on the other half): loses {lost:.4f}, spread {trained[strangers].std():.5f}")


def reading(rows: Rows, wanted: int = 5000) -> None:
    """Print milliseconds of reading and scoring scattered rows: plain, sealed, with near codes, one by one."""
    dim, count = rows.shape[1], len(rows)
    probe = rows[0]
    random = np.random.default_rng(1)
    half = rows.astype(np.float16)
    with tempfile.TemporaryDirectory() as folder:
        nonce, files = new_nonce(), {}
        for name, payload in (("rows", rows.view(np.uint8)), ("near", near_codes(rows).view(np.uint8))):
            files[name] = RecordFile(Path(folder) / name, os.urandom(32), payload.shape[1])
            files[name].write(0, nonce, np.arange(count), payload)
            files[name].see(count, [Append(0, nonce)])

        def timed(run: Callable[[NDArray[np.int64]], object]) -> float:
            times = []
            for _ in range(30):
                slots = np.sort(random.choice(count, wanted, replace=False))
                began = time.thread_time()
                for begin in range(0, wanted, 512):
                    run(slots[begin : begin + 512])
                times.append((time.thread_time() - began) * 1e3)
            return statistics.median(times)

        def sealed(slots: NDArray[np.int64]) -> object:
            return files["rows"].read(slots)[2].view(np.float32) @ probe

        def near(slots: NDArray[np.int64]) -> object:
            return near_scores(files["near"].read(slots)[2].view(np.int8), probe)

        _say(f"{wanted} scattered rows of {count}, {dim} components, read and scored, ms:")
        _say(f"  float32, not sealed          {timed(lambda s: rows[s] @ probe):.2f}")
        _say(f"  float16, not sealed          {timed(lambda s: half[s].astype(np.float32) @ probe):.2f}")
        _say(f"  float32, sealed and checked  {timed(sealed):.2f}")
        _say(f"  near codes, sealed, checked  {timed(near):.2f}")
    gcm = AESGCM(os.urandom(32))
    values = [gcm.encrypt(bytes(12), values.tobytes(), None) for values in rows[:wanted]]
    began = time.thread_time()
    for value in values:
        gcm.decrypt(bytes(12), value, None)
    _say(f"  opened one at a time (GCM)   {(time.thread_time() - began) * 1e3:.2f}")


if __name__ == "__main__":
    faiss.omp_set_num_threads(1)
    templates = np.load(sys.argv[1]) if len(sys.argv) > 1 else next(_gallery(100_000, 128))[1]
    codes(templates[:20_000])
    reading(next(_gallery(100_000, 128))[1])
