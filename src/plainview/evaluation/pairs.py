"""Compares every picture with every other, and keeps what error rates need: all mated pairs, the impostor tail.

Owns the walk over all pairs in blocks, so that a data set of 13,000 pictures (87 million pairs) fits into
memory. It must never count a pair of one person as an impostor pair, nor a pair that a person ruled out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plainview.evaluation.metrics import Floats, Ints, Weights
from plainview.evaluation.samples import Samples, Scorer

TAIL = 0.04
"""Part of the impostor pairs kept, highest first: four times what the largest rate of `FMR_POINTS` needs, so
that a resample of people still finds its threshold there."""

BINS = 120
_BLOCK = 1024
_SAMPLED = 1_000_000
_KEEP_ALL = 2_000_000


@dataclass(frozen=True, slots=True)
class Pairs:
    """All comparisons of a data set; pictures are indices into its `Samples`.

    Attributes:
        mated: float32: scores of pairs of one person.
        mated_a, mated_b: the pictures of each.
        tail: float32, highest first: the highest scores of pairs of different people.
        tail_a, tail_b: the pictures of each.
        impostors: how many impostor pairs there are in all.
        edges: float64, shape (BINS + 1,): bounds of the histogram bins.
        mated_histogram, impostor_histogram: int64, shape (BINS,): counts.
    """

    mated: Floats
    mated_a: Ints
    mated_b: Ints
    tail: Floats
    tail_a: Ints
    tail_b: Ints
    impostors: int
    edges: NDArray[np.float64]
    mated_histogram: Ints
    impostor_histogram: Ints


def compare_all(samples: Samples, scorer: Scorer) -> Pairs:
    """Compare all usable pictures without a real cover, each pair once: the earlier as the probe."""
    rows = np.flatnonzero(samples.usable & ~samples.masked)
    templates, probes, person = samples.templates[rows], samples.probes[rows], samples.person[rows]
    floor, low, high = _range(templates, scorer)
    edges = np.linspace(low, high, BINS + 1)
    skip = _ignored_columns(samples)
    mated: list[tuple[Floats, Ints, Ints]] = []
    tail: list[tuple[Floats, Ints, Ints]] = []
    impostors, histogram = 0, np.zeros(BINS, np.int64)
    for start in range(0, len(rows), _BLOCK):
        block = scorer.scores(probes[start : start + _BLOCK], templates[start:])
        height = len(block)
        later = np.arange(block.shape[1])[None, :] > np.arange(height)[:, None]
        same = person[start : start + height, None] == person[None, start:]
        other = later & ~same
        for i, who in enumerate(person[start : start + height]):
            if int(who) in skip:
                other[i, np.isin(person[start:], skip[int(who)])] = False
        a, b = np.nonzero(later & same)
        mated.append((block[a, b], rows[start + a], rows[start + b]))
        impostors += int(other.sum())
        histogram += np.histogram(np.clip(block[other], low, high), edges)[0]
        a, b = np.nonzero(other & (block >= floor))
        tail.append((block[a, b], rows[start + a], rows[start + b]))
    scores, a, b = _joined(tail)
    order = np.argsort(-scores, kind="stable")
    mated_scores, mated_a, mated_b = _joined(mated)
    return Pairs(
        mated_scores,
        mated_a,
        mated_b,
        scores[order],
        a[order],
        b[order],
        impostors,
        edges,
        np.histogram(np.clip(mated_scores, low, high), edges)[0],
        histogram,
    )


def impostor_weight(samples: Samples, chosen: NDArray[np.bool_], weights: Weights) -> float:
    """Weight of all impostor pairs among some pictures, when person p counts weights[p] times.

    The sum over pairs of different people of the product of their weights, without walking the pairs.
    """
    counts = np.bincount(samples.person[chosen], minlength=len(samples.people)) * weights
    total = (counts.sum() ** 2 - (counts**2).sum()) / 2
    return float(total - sum(counts[a] * counts[b] for a, b in samples.ignored))


def _range(templates: Floats, scorer: Scorer) -> tuple[float, float, float]:
    """Return (the score above which the tail is kept, least, greatest score shown), from sampled pairs."""
    if len(templates) < 2:
        return -np.inf, -1.0, 1.0
    chosen = np.random.default_rng(0).permutation(len(templates))[: int(_SAMPLED**0.5)]
    block = scorer.scores(templates[chosen], templates[chosen])
    sampled = block[np.triu_indices(len(chosen), 1)]
    low, high = float(sampled.min()), float(max(sampled.max(), np.quantile(sampled, 0.5) + 0.5))
    margin = 0.05 * (high - low) or 1.0
    if len(templates) ** 2 / 2 <= _KEEP_ALL:
        return -np.inf, low - margin, high + margin
    return float(np.quantile(sampled, 1 - TAIL)), low - margin, high + margin


def _ignored_columns(samples: Samples) -> dict[int, list[int]]:
    skip: dict[int, list[int]] = {}
    for a, b in samples.ignored:
        skip.setdefault(a, []).append(b)
        skip.setdefault(b, []).append(a)
    return skip


def _joined(parts: list[tuple[Floats, Ints, Ints]]) -> tuple[Floats, Ints, Ints]:
    if not parts:
        return np.empty(0, np.float32), np.empty(0, np.int64), np.empty(0, np.int64)
    return (
        np.concatenate([part[0] for part in parts]).astype(np.float32),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )
