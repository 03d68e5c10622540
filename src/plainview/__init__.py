"""Plainview: face search for investigations that can account for every search it runs.

This package owns its version and what must be set before any library of ours is imported. It imports nothing else, so
that the decoder's restricted child can import it cheaply.
"""

import os

__version__ = "0.1.0"

# onnxruntime looks up a telemetry host once it is imported, and its own call to stop that does not. Children inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Searches of several people share the cores: a multiplication that waits for its second thread takes a hundred times as long
# there (10,000 templates: p95 of 7.3 ms, not 0.1), and alone it gains nothing.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The helper threads of faiss (OpenMP) wait for work by spinning, for up to 20 ms of CPU after each comparison of a batch of
# pictures (docs/reference/recognition.md, "Cost"): they sleep instead.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
