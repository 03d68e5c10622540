"""Whether an index answers what the templates say: its rows compared with scores computed from the templates.

Owns the comparison only. It must never take a score from the index on trust, and never change the index.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plainview.index.base import SCORE_DECIMALS, Scored, exact_scores
from plainview.recognition.types import Vector

TOLERANCE = 1.5 * 10.0**-SCORE_DECIMALS
"""Cosine by which an answer may miss the exact score: one step of its rounding, and half of one for float64."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One reference on which index and templates disagree.

    Attributes:
        reference: its number.
        exact: the score by its template; None: there is no such template.
        answered: the score that the index gave; None: the index did not answer it.
    """

    reference: int
    exact: float | None
    answered: float | None


def disagreements(
    answer: Sequence[Scored], templates: Mapping[int, Vector], probe: Vector, must: Collection[int] = ()
) -> list[Disagreement]:
    """Hold an index's answer against the templates.

    Args:
        answer: what the index gave for `probe`.
        templates: the template of every reference that may be in the answer, by reference number.
        probe: see `Vector`.
        must: references that the answer must hold; each has a template.

    Returns:
        Rows with another score than their template's, rows without a template, rows that are there twice, and
        references of `must` that are not there; in order of the answer, then of `must`.
    """
    wanted = [row.reference for row in answer if row.reference in templates] + list(must)
    numbers = list(dict.fromkeys(wanted))
    rows = np.stack([templates[number] for number in numbers]) if numbers else np.empty((0, len(probe)), np.float32)
    exact = dict(zip(numbers, exact_scores(rows, probe).tolist(), strict=True))
    disagreeing, seen = [], set()
    for row in answer:
        score = exact.get(row.reference)
        # Written so that a NaN disagrees.
        if score is None or row.reference in seen or not abs(row.score - score) <= TOLERANCE:
            disagreeing.append(Disagreement(row.reference, score, row.score))
        seen.add(row.reference)
    return disagreeing + [Disagreement(number, exact[number], None) for number in must if number not in seen]
