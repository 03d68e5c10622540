"""Score normalisation: how near a face lies to everybody, taken off its scores. No label of any group is used.

A face that resembles many others of the gallery reaches high scores with strangers too. Half of that nearness is taken
off for the probe and half for the reference, so that one threshold means more nearly the same for every pair. What was
tried, and what it gains and does not, stands in docs/explanation/score-normalisation.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NEAREST = 50
"""Members of the cohort whose scores count as a face's nearness; tuned on one half of the people of lfw-dev."""

WEIGHT = 0.75
"""How much of the nearness of probe and of reference is taken off; tuned as above."""

SAME = 0.999
"""Cosine from which a member of the cohort is the very picture itself and does not count."""

_BLOCK = 1024  # rows of scores at once


class Normaliser:
    """Scores pairs of templates relative to a cohort, usually the gallery itself."""

    name = "nearness-1"

    def __init__(self, cohort: Floats) -> None:
        """Take the cohort, float32, shape (n, d), rows of length 1; an empty one leaves the cosine as it is."""
        self._cohort = cohort

    def nearness(self, templates: Floats) -> Floats:
        """How near each template lies to the cohort: the mean of its highest scores.

        Args:
            templates: float32, shape (m, d), rows of length 1.

        Returns:
            float32, shape (m,). It depends on one template and the cohort only, so that a gallery keeps it beside
            its references and a search computes one number.
        """
        found = np.zeros(len(templates), dtype=np.float32)
        if not len(self._cohort):
            return found
        count = min(NEAREST, len(self._cohort))
        for start in range(0, len(templates), _BLOCK):
            scores = templates[start : start + _BLOCK] @ self._cohort.T
            scores[scores > SAME] = -1.0
            best = np.partition(scores, len(self._cohort) - count, axis=1)[:, -count:]
            counted = best > -1.0
            total = np.where(counted, best, 0).sum(axis=1)
            found[start : start + _BLOCK] = total / np.maximum(counted.sum(axis=1), 1)
        return found

    def scores(self, probes: Floats, references: Floats) -> Floats:
        """Score every probe (m, d) against every reference (n, d): float32, shape (m, n); higher is more similar."""
        taken = self.nearness(probes)[:, None] + self.nearness(references)[None, :]
        return np.asarray(probes @ references.T - WEIGHT * taken, dtype=np.float32)
