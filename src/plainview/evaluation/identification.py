"""The open-set identification protocol: probes of enrolled people and of strangers against one gallery.

Owns who is enrolled, who is a stranger, and FNIR, FPIR, rank-1 and CMC over several random galleries. It must
never enrol a picture that is also a probe, and never drop a probe because no face was found in it: that is a
missed search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plainview.evaluation import metrics
from plainview.evaluation.metrics import (
    FPIR_POINTS,
    MIN_EXPECTED_PROBES,
    MIN_PEOPLE,
    Estimate,
    Floats,
    Ints,
    insufficient,
)
from plainview.evaluation.samples import MakeScorer, Samples
from plainview.scores.subjects import mean_template

SPLITS = 5
"""Galleries. The first enrols each person's first picture by name, the others a random one."""

STRANGERS = 1 / 3
"""Where fewer of the people than this have one picture only, random others are left out of the gallery and
searched for, so that there are strangers enough for FPIR."""

DISCARD_FPIR = "0.01"
"""Where the error-versus-discard curve is drawn, and where groups are compared."""

_DISCARDED = np.linspace(0, 0.5, 26)
"""Shares rejected; beyond half a curve says little (ISO/IEC 29794-1 looks at the first 20 %)."""

LONGEST_LIST = 50
"""Ranks of the CMC: the longest candidate list (FBI NGI allows 2 to 50)."""


@dataclass(frozen=True, slots=True)
class Split:
    """What one gallery gave.

    Attributes:
        gallery: pictures enrolled of each person.
        mated, strangers: probes, pictures.
        mate_scores: float32; -inf: failure to acquire.
        mate_ranks: int64, from 1.
        top_scores: float32: each stranger's highest score.
    """

    gallery: list[Ints]
    mated: Ints
    strangers: Ints
    mate_scores: Floats
    mate_ranks: Ints
    top_scores: Floats


@dataclass(frozen=True, slots=True)
class GroupFnir:
    """FNIR of the mated probes of one group at the threshold for everybody's `DISCARD_FPIR`; probes and people, first split."""

    fnir: Estimate
    mated_probes: int
    mated_people: int


@dataclass(frozen=True, slots=True)
class Identification:
    """Results of the protocol, means over the splits.

    Attributes:
        gallery_size, gallery_pictures: people enrolled in the first split, and their pictures.
        mated_probes, mated_people, strangers, stranger_people: probes and the people in them, first split.
        left_out: people who could have been enrolled and were searched for as strangers.
        failed_probes: mated probes without a template, first split.
        rank1: Estimate.
        cmc: shares at rank 1, 2, ...; empty where rank1 is insufficient.
        fnir: FPIR point -> FNIR.
        thresholds: FPIR point -> threshold of the first split.
        discard: the error-versus-discard curve at `DISCARD_FPIR`: (share of mated probes rejected for the lowest quality,
            FNIR of the others), mean over the splits; empty where that FNIR is insufficient.
        by_group: column -> value -> `GroupFnir`; empty where that FNIR is insufficient.
    """

    gallery_size: int
    gallery_pictures: int
    mated_probes: int
    mated_people: int
    strangers: int
    stranger_people: int
    left_out: int
    failed_probes: int
    rank1: Estimate
    cmc: list[float]
    fnir: dict[str, Estimate]
    thresholds: dict[str, float | None]
    discard: list[tuple[float, float]]
    by_group: dict[str, dict[str, GroupFnir]]


def identify(
    samples: Samples,
    probes: Floats,
    is_probe: NDArray[np.bool_],
    make_scorer: MakeScorer,
    *,
    seed: int,
    replicates: int,
    splits: int = SPLITS,
    enrol: int = 1,
    compare: int | None = None,
) -> Identification:
    """Run the protocol.

    Args:
        samples: the pictures; those that are usable and not masked may be enrolled.
        probes: float32, shape (n, d): the template of each picture as a probe; NaN: failure to acquire.
        is_probe: bool, shape (n,): which pictures may be probes.
        make_scorer: makes the scorer of a gallery.
        seed: of galleries and bootstrap.
        replicates: resamples of people; the galleries stay as they are.
        splits: galleries.
        enrol: pictures of a person that are enrolled, at most: each keeps one to be searched with. More than one are
            compared through their mean (`scores.subjects`), as searches do.
        compare: pictures of each person, the first of those enrolled, that are compared; None: all. With 1 it says what
            the same people and probes give with one reference each.
    """
    runs: list[Split] = []
    left_out = 0
    for number in range(splits):
        random = np.random.default_rng([seed, number])
        gallery, left_out = _gallery(samples, is_probe, random, enrol, first=not number)
        if not gallery:
            why = insufficient("nobody has one picture to enrol and another to search with")
            points = dict.fromkeys(FPIR_POINTS, why), dict.fromkeys(FPIR_POINTS)
            return Identification(0, 0, 0, 0, 0, 0, 0, 0, why, [], *points, [], {})
        runs.append(_search(samples, probes, is_probe, gallery, compare, make_scorer))
    return _summary(samples, probes, runs, left_out, seed, replicates)


def _gallery(
    samples: Samples, is_probe: NDArray[np.bool_], random: np.random.Generator, enrol: int, *, first: bool
) -> tuple[list[Ints], int]:
    """Choose the references of everybody who then still has a probe, and leave some people out as strangers."""
    enrollable = samples.usable & ~samples.masked
    chosen: list[Ints] = []
    with_probe = 0
    for person in range(len(samples.people)):
        own = np.flatnonzero(samples.person == person)
        probes = own[is_probe[own]]
        with_probe += bool(len(probes))
        references = [i for i in own[enrollable[own]] if len(probes) > bool(is_probe[i])]
        if not references:
            continue
        if enrol == 1:
            chosen.append(np.array([references[0] if first else random.choice(references)], np.int64))
            continue
        ordered = references if first else random.permutation(references).tolist()
        most = min(enrol, len(ordered))
        while most > 1 and not len(np.setdiff1d(probes, ordered[:most])):
            most -= 1
        chosen.append(np.array(ordered[:most], np.int64))
    lacking = int(np.ceil(with_probe * STRANGERS)) - (with_probe - len(chosen))
    lacking = min(max(0, lacking), len(chosen) - 1) if chosen else 0
    out = set(random.permutation(len(chosen))[:lacking].tolist())
    return [own for place, own in enumerate(chosen) if place not in out], lacking


def _search(
    samples: Samples,
    probes: Floats,
    is_probe: NDArray[np.bool_],
    gallery: list[Ints],
    compare: int | None,
    make_scorer: MakeScorer,
) -> Split:
    enrolled = samples.person[[own[0] for own in gallery]]
    templates = np.stack([mean_template(samples.templates[own[:compare]]) for own in gallery])
    column = np.full(len(samples.people), -1)
    column[enrolled] = np.arange(len(gallery))
    rows = np.setdiff1d(np.flatnonzero(is_probe), np.concatenate(gallery))
    mated, strangers = rows[column[samples.person[rows]] >= 0], rows[column[samples.person[rows]] < 0]
    scorer = make_scorer(templates)
    scores = np.full((len(rows), len(gallery)), -np.inf, np.float32)
    sound = np.isfinite(probes[rows, 0])
    scores[sound] = scorer.scores(probes[rows[sound]], templates)
    place = {int(position): i for i, position in enumerate(rows)}
    for a, b in samples.ignored:
        for probe_person, other in ((a, b), (b, a)):
            if column[other] >= 0:
                scores[samples.person[rows] == probe_person, column[other]] = -np.inf
    own = scores[[place[int(position)] for position in mated]]
    mates = column[samples.person[mated]]
    mate_scores = own[np.arange(len(mated)), mates]
    own[np.arange(len(mated)), mates] = -np.inf
    mate_ranks = metrics.ranks(mate_scores, own)
    # The mate's own place was emptied above; for a failed probe it ties with everybody and must not count twice.
    mate_ranks[~np.isfinite(mate_scores)] = len(gallery) + 1
    tops = (
        scores[[place[int(position)] for position in strangers]].max(axis=1)
        if len(strangers)
        else np.empty(0, np.float32)
    )
    return Split(gallery, mated, strangers, mate_scores, mate_ranks, tops)


def _summary(
    samples: Samples, probes: Floats, runs: Sequence[Split], left_out: int, seed: int, replicates: int
) -> Identification:
    ones = np.ones(len(samples.people))
    value = _rates(samples, runs, ones)
    draws = [_rates(samples, runs, weights) for weights in metrics.resamples(len(ones), replicates, seed)]
    first = runs[0]
    people, strangers = (len(set(samples.person[rows].tolist())) for rows in (first.mated, first.strangers))
    few = f"{people} people with mated probes; {MIN_PEOPLE} are needed" if people < MIN_PEOPLE else ""
    fnir: dict[str, Estimate] = {}
    thresholds: dict[str, float | None] = {}
    for point, rate in FPIR_POINTS.items():
        expected = strangers * rate
        trouble = few
        if expected < MIN_EXPECTED_PROBES * (1 - 1e-9):
            trouble = (
                f"{expected:.1f} false positives expected among {strangers} strangers at FPIR {point}; "
                f"{MIN_EXPECTED_PROBES} are needed"
            )
        thresholds[point] = None if trouble else float(_threshold(samples, first, ones, rate))
        fnir[point] = (
            insufficient(trouble)
            if trouble
            else metrics.with_interval(value[point], [draw[point] for draw in draws], people)
        )
    rank1 = (
        insufficient(few) if few else metrics.with_interval(value["rank1"], [draw["rank1"] for draw in draws], people)
    )
    longest = min(LONGEST_LIST, len(first.gallery))
    curves = [metrics.cmc(run.mate_ranks, np.ones(len(run.mated)), longest) for run in runs]
    return Identification(
        gallery_size=len(first.gallery),
        gallery_pictures=sum(map(len, first.gallery)),
        mated_probes=len(first.mated),
        mated_people=people,
        strangers=len(first.strangers),
        stranger_people=strangers,
        left_out=left_out,
        failed_probes=int((~np.isfinite(probes[first.mated, 0])).sum()),
        rank1=rank1,
        cmc=[] if few else np.mean(curves, axis=0).tolist(),
        fnir=fnir,
        thresholds=thresholds,
        discard=_discard(samples, runs) if fnir[DISCARD_FPIR].value is not None else [],
        by_group=_by_group(samples, runs, seed, replicates) if fnir[DISCARD_FPIR].value is not None else {},
    )


def _by_group(samples: Samples, runs: Sequence[Split], seed: int, replicates: int) -> dict[str, dict[str, GroupFnir]]:
    """Return the FNIR of each labelled group, means over the splits, with intervals over people."""
    drawn = [np.ones(len(samples.people)), *metrics.resamples(len(samples.people), replicates, seed)]
    thresholds = [[_threshold(samples, run, weights, FPIR_POINTS[DISCARD_FPIR]) for run in runs] for weights in drawn]
    groups: dict[str, dict[str, GroupFnir]] = {}
    for column, labels in samples.groups.items():
        for value in sorted(set(labels.tolist()) - {""}):
            of = [labels[run.mated] == value for run in runs]
            first = runs[0].mated[of[0]]
            people = len(set(samples.person[first].tolist()))
            rates = []
            for weights, own in zip(drawn, thresholds, strict=True):
                counted = [weights[samples.person[run.mated[which]]] for run, which in zip(runs, of, strict=True)]
                rates.append(
                    float(
                        np.mean(
                            [
                                metrics.rate_below(run.mate_scores[which], times, threshold)
                                for run, which, times, threshold in zip(runs, of, counted, own, strict=True)
                            ]
                        )
                    )
                )
            few = insufficient(f"{people} people of {column} {value} with mated probes; {MIN_PEOPLE} are needed")
            fnir = few if people < MIN_PEOPLE else metrics.with_interval(rates[0], rates[1:], people)
            groups.setdefault(column, {})[value] = GroupFnir(fnir, len(first), people)
    return groups


def _discard(samples: Samples, runs: Sequence[Split]) -> list[tuple[float, float]]:
    """Reject mated probes by quality, lowest first; probes of one quality are rejected in equal parts."""
    curves = []
    for run in runs:
        missed = run.mate_scores < _threshold(samples, run, np.ones(len(samples.people)), FPIR_POINTS[DISCARD_FPIR])
        quality = samples.quality[run.mated]
        curves.append([_left(missed, quality, share) for share in _DISCARDED])
    return [
        (round(float(share), 4), float(rate)) for share, rate in zip(_DISCARDED, np.mean(curves, axis=0), strict=True)
    ]


def _left(missed: NDArray[np.bool_], quality: Ints, share: float) -> float:
    """Return the share of misses among the probes that are left."""
    rejected = share * len(quality)
    weights = np.ones(len(quality))
    for value in np.unique(quality):
        here = quality == value
        weights[here] = 1 - min(1.0, max(0.0, rejected / here.sum()))
        rejected -= here.sum()
    return float((weights * missed).sum() / weights.sum())


def _threshold(samples: Samples, run: Split, weights: NDArray[np.float64], rate: float) -> np.float32:
    order = np.argsort(-run.top_scores, kind="stable")
    counted = weights[samples.person[run.strangers[order]]]
    return metrics.threshold_at(run.top_scores[order], counted, float(counted.sum()), rate)


def _rates(samples: Samples, runs: Sequence[Split], weights: NDArray[np.float64]) -> dict[str, float]:
    """Rank-1 rate and FNIR at each point, means over the splits, when person p counts weights[p] times."""
    sums: dict[str, list[float]] = {"rank1": [], **{point: [] for point in FPIR_POINTS}}
    for run in runs:
        counted = weights[samples.person[run.mated]]
        if not counted.sum():
            continue
        sums["rank1"].append(float(counted[run.mate_ranks == 1].sum() / counted.sum()))
        for point, rate in FPIR_POINTS.items():
            threshold = _threshold(samples, run, weights, rate)
            sums[point].append(metrics.rate_below(run.mate_scores, counted, threshold))
    return {name: float(np.mean(replicates)) if replicates else np.nan for name, replicates in sums.items()}
