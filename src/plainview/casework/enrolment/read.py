"""Reads enrolments, always those of the member's own agency."""

from __future__ import annotations

from plainview.casework.models import Enrolment, Reference


def doubtful(run: Enrolment, most: int) -> list[tuple[Reference, list[str]]]:
    """Return the first enrolled faces of a run that may be hard to compare, with the advice; erased ones are left out."""
    listed = run.doubtful[:most]
    known = {
        reference.public_id: reference
        for reference in Reference.objects.filter(enrolment=run, public_id__in=[face["reference"] for face in listed])
    }
    return [(known[face["reference"]], face["advice"]) for face in listed if face["reference"] in known]
