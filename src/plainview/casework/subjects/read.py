"""Reads the subjects of a gallery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Min

from plainview.casework.galleries.subjects import number_of
from plainview.casework.models import Gallery, Reference, Subject


@dataclass(frozen=True, slots=True)
class Known:
    """A subject with pictures: its id, the source's number, its pictures, and the dates of the first and last of them."""

    subject: str
    number: str
    pictures: int
    first: date | None
    last: date | None


def subjects_of(gallery: Gallery, *, limit: int) -> list[Known]:
    """Return the subjects of a gallery that have pictures, those with most first."""
    rows = list(Subject.objects.filter(gallery=gallery, pictures__gt=0).order_by("-pictures", "pk")[:limit])
    living = Reference.objects.filter(subject__in=rows).exclude(template=b"").values_list("subject_id")
    dates = {key: (first, last) for key, first, last in living.annotate(Min("captured_on"), Max("captured_on"))}
    return [
        Known(subject.public_id, number_of(subject), subject.pictures, *dates.get(subject.pk, (None, None)))
        for subject in rows
    ]
