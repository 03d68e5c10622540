"""One template of several frames of the same person.

Owns the mean. Whether the frames show the same person is not checked here: they are stills of one person of one
video, as people have looked at them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plainview.recognition.types import Vector

MAX_FRAMES = 4
"""Frames of one probe; as many were measured (docs/reference/videos.md)."""


def fused(templates: Sequence[Vector], qualities: Sequence[int]) -> Vector:
    """The mean of the templates, each weighted by the overall quality of its face.

    Args:
        templates: float32, shape (dimension,), length 1, at least one; of one pack.
        qualities: 0 to 100, one for each; a quality of 0 counts as 1.

    Returns:
        float32, shape (dimension,), length 1. One template comes back as it is.

    Raises:
        ValueError: none, or they cancel each other out.
    """
    if len(templates) == 1:
        return templates[0]
    weights = np.maximum(np.asarray(qualities, np.float64), 1.0)
    mean = (np.stack(templates).astype(np.float64) * weights[:, None]).sum(axis=0) / weights.sum()
    length = float(np.linalg.norm(mean))
    if not length > 1e-6:
        raise ValueError("templates that cancel each other out")
    return np.asarray(mean / length, np.float32)
