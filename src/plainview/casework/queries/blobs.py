"""Which stored files some record still needs: asked before one is deleted.

Owns the list of the tables that name a stored file. A table that is missing here loses its files.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from plainview.casework.models import Alert, Enrolment, Preparation, ProficiencyItem, Reference, Search


def needed(digests: Collection[str]) -> set[str]:
    """Of these stored files, those that some record needs."""
    wanted = set(digests)
    held = set(Reference.objects.filter(blob__in=wanted).values_list("blob", flat=True))
    held |= set(Search.objects.filter(probe_blob__in=wanted).values_list("probe_blob", flat=True))
    held |= set(Alert.objects.filter(probe_blob__in=wanted).values_list("probe_blob", flat=True))
    items = ProficiencyItem.objects.filter(probe_blob__in=wanted)
    held |= set(items.values_list("probe_blob", flat=True))
    drafts = Preparation.objects.filter(blob__in=wanted, discarded_at=None)
    held |= set(drafts.values_list("blob", flat=True))
    runs = Enrolment.objects.filter(Q(finished_at=None) | Q(failures_until__isnull=False))
    for files, failed in runs.values_list("files", "failed"):
        held |= wanted & {row["blob"] for row in (*files, *failed) if row.get("blob")}
    return held


def picture_needed(digest: str) -> bool:
    """Whether some record needs this stored file."""
    return bool(needed({digest}))
