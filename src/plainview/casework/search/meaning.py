"""What a recorded answer means: the calibrated sentence of each candidate, and the cautions of the list."""

from __future__ import annotations

from dataclasses import dataclass

from plainview.casework.canaries.read import in_doubt
from plainview.casework.galleries.read import open_template
from plainview.casework.models import CanaryAlarm, Candidate, Search
from plainview.policy.decision import Refused
from plainview.scores.calibration import Calibration, Rate, sentence
from plainview.scores.cautions import Caution, Listed, cautions_for
from plainview.scores.scoring import COSINE


@dataclass(frozen=True, slots=True)
class Meaning:
    """How often a stranger reaches a candidate's score; None with the reason in `text` when nothing can be said."""

    rate: Rate | None
    text: str


def meanings(search: Search, candidates: list[Candidate]) -> list[Meaning]:
    """One for each candidate, by the calibration that the search was answered with: of what orders the list."""
    if search.calibration is None or search.gallery_size is None:
        return [Meaning(None, "This search was answered without a calibration.") for _ in candidates]
    stored = search.calibration.data if search.scorer == COSINE else search.calibration.adjusted
    calibration, size = Calibration.from_json(stored), search.gallery_size
    sentences = []
    for candidate in candidates:
        try:
            rate = calibration.rate(float(candidate.adjusted), size=size)
        except Refused as refused:
            sentences.append(Meaning(None, refused.why))
        else:
            sentences.append(Meaning(rate, sentence(rate, size)))
    return sentences


ORDINARY_ONCE_IN = 2.0
"""A best score that strangers reach in more than half of all searches says nothing: chosen."""


def nothing_stands_out(meanings: list[Meaning]) -> bool:
    """True when even the first candidate's score is one that an ordinary search for a stranger brings."""
    return bool(meanings) and meanings[0].rate is not None and meanings[0].rate.once_in < ORDINARY_ONCE_IN


def cautions_about(candidate: Candidate) -> list[Caution]:
    """What to know before looking at one candidate: what concerns it, the probe, or the list as far as it is in it."""
    rows = list(Candidate.objects.filter(search_id=candidate.search_id).select_related("reference").order_by("rank"))
    all_cautions = cautions(candidate.search, rows)
    return [caution for caution in all_cautions if caution.rank in (None, candidate.rank)]


def cautions(search: Search, candidates: list[Candidate]) -> list[Caution]:
    """What to know before looking; references that were erased since are left out."""
    listed = [
        Listed(
            candidate.rank,
            float(candidate.adjusted),
            candidate.reference.quality,
            candidate.reference.captured_on,
            open_template(candidate.reference.public_id, candidate.reference.template),
            candidate.reference.quality_detail.get("cover"),
        )
        for candidate in candidates
        if candidate.reference.template
    ]
    alarm = in_doubt(search)
    doubts = [] if alarm is None else [Caution("canary_alarm", _doubt(alarm))]
    return doubts + cautions_for(
        listed,
        probe_quality=search.quality,
        probe_captured_on=search.captured_on,
        probe_cover=search.quality_detail.get("cover"),
    )


def _doubt(alarm: CanaryAlarm) -> str:
    explained = (
        "is not explained yet"
        if alarm.acknowledged_at is None
        else f"was explained on {alarm.acknowledged_at:%Y-%m-%d} only"
    )
    return (
        f"A check of this gallery by its canaries failed on {alarm.raised_at:%Y-%m-%d} and {explained}: "
        "candidates may be missing or wrong. Search again once it is."
    )
