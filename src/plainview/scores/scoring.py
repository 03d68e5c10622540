"""The one scoring function that searches, calibration, re-runs and the evaluation share.

Owns what orders a candidate list: the cosine, less three quarters of how near the probe and the reference each lie to
everybody. A face that resembles many others reaches high scores with strangers too; without its nearness one score
means more nearly the same for every pair. No label of any group is used, and no template is changed: the exact cosine
is shown beside it. What was tried, and what it gains, is in docs/explanation/score-normalisation.md.

A gallery of fewer than 100 references has too few for a nearness: there the cosine itself orders the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

NEARNESS, COSINE = "nearness-2", "cosine"
"""Names of the two ways to score; "nearness-1" averaged the nearest fifty of the whole gallery, its own doubles too."""

COHORT = 1_000
"""References of the gallery, drawn once, that nearness is measured against: more changes the figures by less than
their noise, and this many cost a search .1 ms."""

LEAST = 100
"""Smallest gallery with a nearness: the nearest fifty are then half of it (measured: at 50 it gains nothing)."""

NEAREST, PASSED_OVER = 50, 5
"""Nearness is the mean of the 6th to the 50th highest score against the cohort. The first five are passed over,
because other pictures of the same person may be among them."""

WEIGHT = 0.75
"""How much of the nearness of probe and of reference is taken off; tuned on one half of the people of lfw-dev."""

SAME = 0.999
"""Cosine from which a member of the cohort is the same picture and does not count."""

DECIMALS = 6
"""Decimals of a nearness and of a score, as of the index's cosines: what is left is the same on every machine."""

SHORT_LIST = 200
"""References, at least, with the highest cosines among which a search orders its list."""

_BLOCK = 1024  # rows of scores at once: 8 MB


class Scorer:
    """Scores templates relative to a cohort of the gallery. Safe to use from several threads."""

    def __init__(self, cohort: Floats | None = None) -> None:
        """Take the cohort, float32, shape (n, d), rows of length 1; without one the score is the cosine."""
        self._cohort = np.empty((0, 1)) if cohort is None else cohort.astype(np.float64)

    @property
    def name(self) -> str:
        """`NEARNESS` or `COSINE`: what is recorded with every list that it ordered."""
        return NEARNESS if len(self._cohort) else COSINE

    def nearness(self, templates: Floats) -> Doubles:
        """How near each template lies to the cohort.

        Args:
            templates: float32, shape (m, d), rows of length 1.

        Returns:
            float64, shape (m,), rounded. It depends on one template and the cohort only, so that a gallery keeps it
            beside its references and a search computes one number.
        """
        if not len(self._cohort):
            return np.zeros(len(templates))
        means = []
        for best in self._nearest(templates):
            used = best[:, PASSED_OVER:NEAREST] if best.shape[1] > PASSED_OVER else best
            counted = used > -1.0
            means.append(np.where(counted, used, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1))
        return np.round(np.concatenate(means), DECIMALS) if means else np.zeros(0)

    def share(self, templates: Floats) -> Doubles:
        """What one more person of the cohort, near to each template, takes off its scores: float64, shape (m,).

        A calibration searches references as strangers, and gives back what they have put into the nearness of the
        others: a person among the five nearest moves the sixth into the mean and the fiftieth out of it.
        """
        if not len(self._cohort):
            return np.zeros(len(templates))
        shares = [
            (best[:, min(PASSED_OVER, best.shape[1] - 1)] - np.maximum(best[:, -1], 0)) / (NEAREST - PASSED_OVER)
            for best in self._nearest(templates)
        ]
        return WEIGHT * np.maximum(np.concatenate(shares), 0) if shares else np.zeros(0)

    @property
    def size(self) -> int:
        """Members of the cohort."""
        return len(self._cohort)

    def _nearest(self, templates: Floats) -> Iterator[Doubles]:
        """The `NEAREST` highest scores of each template and the next one, falling, in blocks of templates."""
        count = min(NEAREST + 1, len(self._cohort))
        for start in range(0, len(templates), _BLOCK):
            scores = templates[start : start + _BLOCK].astype(np.float64) @ self._cohort.T
            scores[scores > SAME] = -1.0
            best = np.partition(scores, len(self._cohort) - count, axis=1)[:, -count:]
            yield -np.sort(-best, axis=1)

    def scores(self, probes: Floats, references: Floats) -> Floats:
        """Score every probe (m, d) against every reference (n, d): float32, shape (m, n); higher is more similar."""
        taken = self.nearness(probes)[:, None] + self.nearness(references)[None, :]
        return np.asarray(probes @ references.T - WEIGHT * taken, dtype=np.float32)


def cohort_rows(size: int, seed: int = 0) -> Rows:
    """Which references of a gallery of `size` are its cohort: int64, ascending; none below `LEAST`."""
    if size < LEAST:
        return np.empty(0, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(size, min(COHORT, size), replace=False)).astype(np.int64)


def scorer_of(gallery: Floats) -> Scorer:
    """The scorer of a gallery, from its templates: float32, shape (n, d), rows of length 1."""
    return Scorer(gallery[cohort_rows(len(gallery))])


class HasCosine(Protocol):
    """One reference of an index's answer: its number and its exact cosine (`index.base.Scored`)."""

    @property
    def reference(self) -> int:
        """The reference's number."""

    @property
    def score(self) -> float:
        """Its cosine with the probe."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a list: the reference's number, its exact cosine, and the score that orders the list."""

    reference: int
    cosine: float
    score: float


def ordered(
    candidates: Iterable[HasCosine], probe: float, nearness: Mapping[int, float], top: int | None = None
) -> list[Listed]:
    """Order references by score, equal ones by number.

    Args:
        candidates: the short list.
        probe: the probe's nearness.
        nearness: of the references by number; one that is not there was erased meanwhile and is left out.
        top: length of the list at most; None for all.
    """
    scored = [
        (-round(cosine - WEIGHT * (probe + nearness[reference]), DECIMALS), reference, cosine)
        for reference, cosine in ((candidate.reference, candidate.score) for candidate in candidates)
        if reference in nearness
    ]
    return [Listed(reference, cosine, -lost) for lost, reference, cosine in sorted(scored)[:top]]


def short_list(top: int) -> int:
    """How many references with the highest cosines are scored for a list of `top`."""
    return max(SHORT_LIST, 10 * top)
