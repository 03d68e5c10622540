"""The meaning of a recorded answer: a calibrated sentence for each candidate, and the cautions about the list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plainview.casework.canaries.read import in_doubt
from plainview.casework.galleries.read import open_template
from plainview.casework.models import CanaryAlarm, Candidate, Reference, Search
from plainview.casework.search.candidates import pictures_by_rank
from plainview.policy.decision import Refused
from plainview.recognition.types import Vector
from plainview.scores.calibration import Calibration, Rate, sentence
from plainview.scores.cautions import Caution, Listed, cautions_for
from plainview.scores.scoring import COSINE
from plainview.scores.subjects import mean_template


@dataclass(frozen=True, slots=True)
class Meaning:
    """How often strangers score as high as a candidate; None if the rate is unknown, with the reason in `text`."""

    rate: Rate | None
    text: str


def meanings(search: Search, candidates: list[Candidate]) -> list[Meaning]:
    """Return the meaning of each candidate, by the search's own calibration of the score that orders the list."""
    if search.calibration is None or search.gallery_size is None:
        return [Meaning(None, "This search was answered without a calibration.") for _ in candidates]
    stored = search.calibration.data if search.scorer == COSINE else search.calibration.adjusted
    calibration, size = Calibration.from_json(stored), search.gallery_size
    try:
        rates = calibration.rates([float(candidate.adjusted) for candidate in candidates], size=size)
    except Refused as refused:
        return [Meaning(None, refused.why) for _ in candidates]
    return [Meaning(rate, sentence(rate, size)) for rate in rates]


ORDINARY_ONCE_IN = 2.0
"""A best score is ordinary when strangers reach it in more than one of this many searches: chosen, half of them."""


def nothing_stands_out(meanings: list[Meaning]) -> bool:
    """Say whether even the first candidate's score is ordinary in a search for a stranger."""
    return bool(meanings) and meanings[0].rate is not None and meanings[0].rate.once_in < ORDINARY_ONCE_IN


def cautions_about(candidate: Candidate) -> list[Caution]:
    """Return the cautions about one candidate: those about the candidate itself, the probe and the whole list."""
    rows = list(Candidate.objects.filter(search_id=candidate.search_id).select_related("reference").order_by("rank"))
    all_cautions = cautions(candidate.search, rows)
    return [caution for caution in all_cautions if caution.rank in (None, candidate.rank)]


def cautions(search: Search, candidates: list[Candidate]) -> list[Caution]:
    """Return the cautions about a candidate list, without candidates of whom every picture was erased since."""
    left = {
        rank: [shown.reference for shown in pictures if shown.reference.template]
        for rank, pictures in pictures_by_rank(candidates).items()
    }
    listed = [
        Listed(
            candidate.rank,
            float(candidate.adjusted),
            nearest.quality,
            nearest.captured_on,
            _template(left[candidate.rank]),
            nearest.quality_detail,
            nearest.captured_precision or "day",
            candidate.subject_id,
        )
        for candidate in candidates
        for nearest in left[candidate.rank][:1]
    ]
    alarm = in_doubt(search)
    doubts = [Caution("incomplete", incomplete(**search.incomplete))] if search.incomplete else []
    doubts += [] if alarm is None else [Caution("canary_alarm", _doubt(alarm))]
    return doubts + cautions_for(
        listed,
        probe_quality=search.quality,
        probe_captured_on=search.captured_on,
        probe_components=search.quality_detail,
    )


def incomplete(parts: int, missing: list[int]) -> str:
    """Say what of the gallery was not compared: the numbers of the missing ones of so many parts."""
    return (
        f"{parts - len(missing)} of {parts} parts of the gallery were compared: the person may be in "
        f"{'the part' if len(missing) == 1 else 'the parts'} that did not answer. Search again when the index is whole."
    )


def _template(left: list[Reference]) -> Vector:
    """Return the template of a candidate: of the picture, or the mean of the pictures that are left."""
    ordered = sorted(left, key=lambda reference: reference.pk)
    return mean_template(np.stack([open_template(reference.public_id, reference.template) for reference in ordered]))


def _doubt(alarm: CanaryAlarm) -> str:
    explained = (
        "has not been explained yet"
        if alarm.acknowledged_at is None
        else f"was explained only on {alarm.acknowledged_at:%-d %b %Y}"
    )
    return (
        f"A canary check of this gallery failed on {alarm.raised_at:%-d %b %Y} and {explained}: "
        "candidates may be missing or wrong. Search again once the fault is explained."
    )
