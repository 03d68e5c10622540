"""Which stored files some record still needs: asked before one is deleted.

Owns the list of the tables that name a stored file. A table that is missing here loses its files.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model, Q

from plainview.casework.models import (
    Alert,
    Canary,
    DisclosurePackage,
    Enrolment,
    Preparation,
    ProbeFrame,
    ProficiencyItem,
    Reference,
    Search,
    SharedRequest,
    Still,
    Video,
    VideoPart,
)

_KEEPERS: tuple[tuple[type[Model], str, Q], ...] = (
    (Reference, "blob", Q()),
    (Search, "probe_blob", Q()),
    (SharedRequest, "probe_blob", Q()),
    (Alert, "probe_blob", Q()),
    (Canary, "probe_blob", Q()),
    (ProficiencyItem, "probe_blob", Q()),
    (Preparation, "blob", Q(discarded_at=None)),
    (DisclosurePackage, "blob", Q()),
    (ProbeFrame, "blob", Q()),
    (VideoPart, "blob", Q()),
    (Still, "thumbnail", Q()),
    (Video, "stamps_blob", Q()),
)
"""(model, the field that names a blob, which of its rows still need it)."""

_AT_ONCE = 500  # digests in one question: databases bound the variables of a statement


def needed(digests: Iterable[str]) -> set[str]:
    """Of these stored files, those that some record still needs: the store does not count owners."""
    asked = sorted(set(digests))
    found: set[str] = set()
    for first in range(0, len(asked), _AT_ONCE):
        some = asked[first : first + _AT_ONCE]
        for model, column, which in _KEEPERS:
            # Not the default manager: that of references leaves the canaries out.
            rows = model._base_manager.filter(which, **{f"{column}__in": some})
            found |= set(rows.values_list(column, flat=True))
    runs = Enrolment.objects.filter(Q(finished_at=None) | Q(failures_until__isnull=False))
    for files, failed in runs.values_list("files", "failed"):
        found |= set(asked) & {row["blob"] for row in (*files, *failed) if row.get("blob")}
    return found


def picture_needed(blob: str) -> bool:
    """Say whether some record needs this stored file."""
    return bool(needed([blob]))
