"""Which of several templates show the same face, by their cosine alone. It names nobody."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAME_FACE = 0.370
"""Cosine from which two probes count as one face: FMR 1e-3 of the default pack on LFW (the pack's card)."""

TRIPWIRE = 0.464
"""Cosine from which a tripwire speaks: FMR 1e-5 of the default pack on LFW (as above)."""


LIKELY = 0.300
"""Cosine below which a face is not listed for a person who asks about themselves: chosen below `SAME_FACE`, so that an old
or poor picture of theirs is listed; benchmarks/fillers.py prints how many strangers and how many mates reach it."""


def same_faces(templates: NDArray[np.float32], threshold: float = SAME_FACE) -> list[int]:
    """Number the faces of `templates`, float32, shape (n, dimension), unit rows.

    A template belongs to the face of the earlier template that is nearest, if their cosine reaches the threshold.

    Returns:
        For each row the number of its face, from 0.
    """
    numbers: list[int] = []
    for number, template in enumerate(templates):
        if number:
            scores = templates[:number] @ template
            best = int(np.argmax(scores))
            if scores[best] >= threshold:
                numbers.append(numbers[best])
                continue
        numbers.append(max(numbers, default=-1) + 1)
    return numbers
