"""Which records need a stored blob: asked before any is erased. Whoever keeps blobs adds a line here."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model, Q

from plainview.casework.models import (
    Alert,
    Preparation,
    ProbeFrame,
    Reference,
    Search,
    Still,
    Video,
    VideoPart,
)

_KEEPERS: tuple[tuple[type[Model], str, Q], ...] = (
    (Reference, "blob", Q()),
    (Search, "probe_blob", Q()),
    (Alert, "probe_blob", Q()),
    (Preparation, "blob", Q(discarded_at=None)),
    (ProbeFrame, "blob", Q()),
    (VideoPart, "blob", Q()),
    (Still, "thumbnail", Q()),
    (Video, "stamps_blob", Q()),
)
"""(model, the field that names a blob, which of its rows still need it)."""

_AT_ONCE = 500  # digests in one question: databases bound the variables of a statement


def needed(digests: Iterable[str]) -> set[str]:
    """Of these blobs the ones that some record still needs: the store does not count owners."""
    asked = sorted(set(digests))
    found: set[str] = set()
    for first in range(0, len(asked), _AT_ONCE):
        some = asked[first : first + _AT_ONCE]
        for model, column, which in _KEEPERS:
            rows = model._default_manager.filter(which, **{f"{column}__in": some})
            found |= set(rows.values_list(column, flat=True))
    return found


def picture_needed(blob: str) -> bool:
    """Say whether a reference, a search, an alert, a draft or a video needs this picture."""
    return bool(needed([blob]))
