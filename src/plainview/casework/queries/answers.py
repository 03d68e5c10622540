"""What a recorded answer means: the calibrated sentence of each candidate, and the cautions of the list."""

from __future__ import annotations

from dataclasses import dataclass

from plainview.casework.models import Candidate, Search
from plainview.casework.queries.galleries import open_template
from plainview.evaluation.calibration import Calibration, Rate, sentence
from plainview.evaluation.cautions import Caution, Listed, cautions_for
from plainview.evaluation.scoring import COSINE
from plainview.policy.decision import Refused


@dataclass(frozen=True, slots=True)
class Meaning:
    """How often a stranger reaches a candidate's score; None with the reason in `text` when nothing can be said."""

    rate: Rate | None
    text: str


def meanings(search: Search, candidates: list[Candidate]) -> list[Meaning]:
    """One for each candidate, by the calibration that the search was answered with: of what orders the list."""
    if search.calibration is None or search.gallery_size is None:
        return [Meaning(None, "This search was answered without a calibration.") for _ in candidates]
    held = search.calibration.data if search.scorer == COSINE else search.calibration.adjusted
    calibration, size = Calibration.from_json(held), search.gallery_size
    found = []
    for row in candidates:
        try:
            rate = calibration.rate(float(row.adjusted), size=size)
        except Refused as refused:
            found.append(Meaning(None, refused.why))
        else:
            found.append(Meaning(rate, sentence(rate, size)))
    return found


def cautions(search: Search, candidates: list[Candidate]) -> list[Caution]:
    """What to know before looking; references that were erased since are left out."""
    listed = [
        Listed(
            row.rank, float(row.adjusted), row.reference.quality, row.reference.captured_on,
            open_template(row.reference.public_id, row.reference.template),
        )
        for row in candidates
        if row.reference.template
    ]  # fmt: skip
    return cautions_for(listed, probe_quality=search.quality, probe_captured_on=search.captured_on)
