"""Plainview: face search for investigations that can account for every search it runs.

This package owns its version and what must be set before any library of ours is imported. It imports nothing else, so
that the decoder's restricted child can import it cheaply.
"""

import os

__version__ = "0.1.0"

# onnxruntime looks up a telemetry host once it is imported, and its own call to stop that does not. Children inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# The helper threads of faiss (OpenMP) and numpy (OpenBLAS) wait for work by spinning, for up to 20 ms of CPU after each
# comparison of a batch of pictures (docs/reference/recognition.md, "Cost"): they sleep instead.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # two to the power of this: processor cycles; 4 is the least
