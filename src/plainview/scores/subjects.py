"""The one template by which a person with several pictures is compared: the mean of the pictures' templates.

Owns the mean. It must never weigh pictures by what is searched for: a person has one template, the same for every probe.
Measured against the best of the pictures, and against both, in docs/explanation/subjects.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_LENGTH = 1e-3
"""Mean of unit vectors below which there is no direction left: the pictures contradict each other wholly, and the first
one counts. Chosen; the means of one person's pictures measure .6 to 1 (default pack, LFW)."""


def mean_template(templates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of templates, of length 1.

    Args:
        templates: float32, shape (pictures, dimension), unit rows, in a fixed order: the same pictures give the same bits.

    Returns:
        float32, shape (dimension,), length 1.
    """
    if len(templates) == 1:
        return np.asarray(templates[0], dtype=np.float32)
    mean = templates.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length < LEAST_LENGTH:
        return np.asarray(templates[0], dtype=np.float32)
    return np.asarray(mean / length, dtype=np.float32)
