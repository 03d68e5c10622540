"""What a person should know before looking at a candidate list: plain sentences with stable ids.

Owns the limits. A warning never says who somebody is, and none means nothing more than that no limit was passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from plainview.recognition.cover import COVERED
from plainview.scores.same_face import SAME_FACE
from plainview.tables.dates import years_apart

HAIR = 0.02
"""Cosine within which two candidates are hard to tell apart by score: chosen, a sixth of the spread of the scores of
one person's pictures (.12 on LFW, default pack)."""

ENTERED_TWICE = 0.5
"""Cosine of the templates of two subjects from which they are possibly one person, entered twice: of 54,615 pairs of two
people none reaches it (the highest .473), and of people who are entered twice everyone does with two pictures in one
entry (175), and .967 of 331 with one picture in each (benchmarks/entered_twice.py, tuning half of lfw-dev)."""

PHOTOGRAPHS_ALIKE = "photographs_alike"
"""Name, among the components of a probe's quality, of the lowest cosine of two of its photographs, where it has several."""

AGE_GAP_YEARS = 10
"""Years between two pictures from which faces have changed; source: FRTE ageing, and Williams (Detroit)."""

OUTSIDE = 0.2
"""Share of the inner face outside the picture from which it counts as partial: chosen; of 2,844 faces of lfw-dev nearly
none is cut, a face cut at its middle has about a half outside."""

_HIDDEN = {
    "cover": ("cover", COVERED, "mouth or nose seem covered"),
    "eye_cover": ("eye_cover", COVERED, "eyes seem covered, as by dark glasses"),
    "outside": ("partial", OUTSIDE, "face is only partly in the picture"),
}
"""Component of the quality -> (end of the warning's id, limit, what a person is told)."""

LOW_QUALITY = 30
"""Overall quality (0 to 100) below which a face is hard to compare: chosen; see recognition/quality.py for its parts."""


@dataclass(frozen=True, slots=True)
class Caution:
    """One warning: its id, and what to tell the person; `rank` is None when it is about the probe or the whole list."""

    id: str
    text: str
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One candidate as the warnings see it.

    Attributes:
        rank, score, quality, captured_on: as in the list.
        template: float32, unit length; of a subject with several pictures their mean.
        components: of its quality (recognition.quality.COMPONENTS); those that were not measured yet are missing.
        captured_precision: how much of the date is known.
        subject: the number of the person's subject, where the source states one.
    """

    rank: int
    score: float
    quality: int
    captured_on: date | None
    template: NDArray[np.float32]
    components: Mapping[str, float] = field(default_factory=dict)
    captured_precision: str = "day"
    subject: int | None = None


def cautions_for(
    listed: Sequence[Listed],
    *,
    probe_quality: int,
    probe_captured_on: date | None,
    probe_components: Mapping[str, float] | None = None,
) -> list[Caution]:
    """Every warning for a candidate list, those of the probe first."""
    cautions = []
    if probe_quality < LOW_QUALITY:
        cautions.append(
            Caution(
                "probe_quality",
                f"The probe's quality is {probe_quality} of 100: scores mean less than usual.",
            )
        )
    for ending, words in _hidden(probe_components or {}):
        text = f"The probe's {words}: scores run lower than usual, and the person may be further down or missing."
        cautions.append(Caution(f"probe_{ending}", text))
    alike = (probe_components or {}).get(PHOTOGRAPHS_ALIKE)
    if alike is not None and alike < SAME_FACE:
        text = "Two photographs of the probe are less alike than those of one person usually are: check that all show the same person."
        cautions.append(Caution("probe_photographs", text))
    cautions += _look_alikes(listed) + _entered_twice(listed)
    for candidate in listed:
        for ending, words in _hidden(candidate.components):
            text = f"The reference's {words}: look for another picture of this person."
            cautions.append(Caution(f"reference_{ending}", text, candidate.rank))
        if candidate.quality < LOW_QUALITY:
            text = f"The reference's quality is {candidate.quality} of 100: look for another picture of this person."
            cautions.append(Caution("reference_quality", text, candidate.rank))
        if probe_captured_on and candidate.captured_on:
            fewest, most = years_apart(probe_captured_on, candidate.captured_on, candidate.captured_precision)
            if most >= AGE_GAP_YEARS:  # also if it is only possible: a date may be a year
                years = f"{most:.0f}" if round(fewest) == round(most) else f"{fewest:.0f} to {most:.0f}"
                text = f"The pictures are {years} years apart: faces change in that time."
                cautions.append(Caution("age_gap", text, candidate.rank))
    return cautions


def _hidden(components: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return (end of the id, words) for each part of a face that its quality says cannot be seen."""
    return [
        (ending, words)
        for name, (ending, limit, words) in _HIDDEN.items()
        if components.get(name) is not None and components[name] >= limit
    ]


def _entered_twice(listed: Sequence[Listed]) -> list[Caution]:
    """Two people by the source's numbers who have nearly the same face: one of them may be entered twice."""
    people = [candidate for candidate in listed if candidate.subject is not None]
    cautions = []
    for place, candidate in enumerate(people):
        for other in people[:place]:
            if candidate.subject != other.subject and float(candidate.template @ other.template) >= ENTERED_TWICE:
                text = (
                    f"Ranks {other.rank} and {candidate.rank} are two people by the source's numbers, with nearly the same "
                    "face: possibly entered twice. The owner of the gallery can check."
                )
                cautions.append(Caution("entered_twice", text, candidate.rank))
                break
    return cautions


def _look_alikes(listed: Sequence[Listed]) -> list[Caution]:
    """Different people whose scores differ by a hair: the first of them is no better than the others."""
    if len(listed) < 2:
        return []
    near = [candidate for candidate in listed if listed[0].score - candidate.score <= HAIR]
    people: list[Listed] = []
    for candidate in near:
        if all(float(candidate.template @ other.template) < SAME_FACE for other in people):
            people.append(candidate)
    if len(people) < 2:
        return []
    ranks = ", ".join(str(candidate.rank) for candidate in people)
    return [
        Caution(
            "look_alikes",
            f"Ranks {ranks} show different people whose scores differ by {HAIR} or less: the order says nothing.",
        )
    ]
