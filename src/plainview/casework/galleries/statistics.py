"""Reads the sources of a gallery of the member's own agency, and pairs of pictures that are nearly the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Avg, Case, CharField, Count, Max, Min, Q, Sum, When
from django.db.models.functions import Cast, Left

from plainview.casework import find
from plainview.casework.models import Enrolment, Member, NearDuplicate, Reference

LOW_QUALITY = 30
"""Overall quality (0 to 100) below which a reference counts as low: chosen, a third of a portrait's."""


@dataclass(frozen=True, slots=True)
class SourceStatistics:
    """One source of a gallery.

    Attributes:
        kind, name: as the enrolment recorded them; see casework.enrolment.manifest.Items.
        runs: enrolments from this source; the newest began at `newest`.
        pictures, references: current numbers; a picture with several faces has several references.
        subjects: people of these references, by the source's numbers.
        erased: references that were expunged.
        mean_quality, low_quality: mean overall quality, and references below `LOW_QUALITY`.
        first_captured, last_captured: capture dates as they were stated (2024-11-05, 2024-11 or 2024).
        undated: references without one.
        duplicates, near_duplicates, failed: totals over its runs; failures by code as far as they are listed.
    """

    kind: str
    name: str
    runs: int
    newest: str
    pictures: int
    references: int
    erased: int
    mean_quality: float | None
    low_quality: int
    first_captured: str | None
    last_captured: str | None
    undated: int
    duplicates: int
    near_duplicates: int
    failed: int
    subjects: int = 0
    failed_by_code: dict[str, int] = field(default_factory=dict)


def gallery_statistics(name: str, member: Member) -> list[SourceStatistics]:
    """Return every source of a gallery, in the order in which they were first used.

    Raises:
        Refused: gallery.unknown.
    """
    gallery = find.gallery(name, member)
    erased = Q(template=b"")
    precise = Case(When(captured_precision="year", then=4), When(captured_precision="month", then=7), default=10)
    stated = Left(Cast("captured_on", CharField()), precise)
    by_source = {
        (figures["enrolment__source_kind"], figures["enrolment__source_name"]): figures
        for figures in Reference.objects.filter(gallery=gallery)
        .values("enrolment__source_kind", "enrolment__source_name")
        .annotate(
            pictures=Count("blob", distinct=True, filter=~erased),
            references=Count("pk", filter=~erased),
            subjects=Count("subject", distinct=True, filter=~erased),
            erased=Count("pk", filter=erased),
            mean=Avg("quality", filter=~erased),
            low=Count("pk", filter=~erased & Q(quality__lt=LOW_QUALITY)),
            first=Min(stated),
            last=Max(stated),
            undated=Count("pk", filter=~erased & Q(captured_on=None)),
        )
    }
    nothing: dict[str, Any] = {
        "pictures": 0,
        "references": 0,
        "subjects": 0,
        "erased": 0,
        "mean": None,
        "low": 0,
        "first": None,
        "last": None,
        "undated": 0,
    }
    sources = []
    runs = (
        Enrolment.objects.filter(gallery=gallery)
        .values("source_kind", "source_name")
        .annotate(
            runs=Count("pk"),
            begun=Min("pk"),
            newest=Max("started_at"),
            same=Sum("duplicates"),
            near=Sum("near_duplicates"),
            bad=Sum("failed_total"),
        )
        .order_by("begun")
    )
    for run in runs:
        key = (run["source_kind"], run["source_name"])
        figures = by_source.get(key, nothing)
        sources.append(
            SourceStatistics(
                key[0],
                key[1],
                run["runs"],
                run["newest"].isoformat(timespec="seconds"),
                figures["pictures"],
                figures["references"],
                figures["erased"],
                None if figures["mean"] is None else round(figures["mean"], 1),
                figures["low"],
                figures["first"],
                figures["last"],
                figures["undated"],
                run["same"],
                run["near"],
                run["bad"],
                figures["subjects"],
                _codes(gallery.pk, *key),
            )
        )
    return sources


def _codes(gallery_id: int, kind: str, name: str) -> dict[str, int]:
    runs = Enrolment.objects.filter(gallery_id=gallery_id, source_kind=kind, source_name=name)
    codes: Counter[str] = Counter()
    for failed in runs.values_list("failed", flat=True).iterator(20):
        codes.update(str(failure["code"]) for failure in failed)
    return dict(codes.most_common())


def near_pairs(name: str, member: Member, *, limit: int = 1000) -> list[NearDuplicate]:
    """Return pairs of nearly identical enrolled pictures, newest first, with both references loaded.

    Raises:
        Refused: gallery.unknown.
    """
    gallery = find.gallery(name, member)
    rows = NearDuplicate.objects.filter(enrolment__gallery=gallery, reference__isnull=False).select_related(
        "reference", "near"
    )
    return list(rows.order_by("-pk")[:limit])
