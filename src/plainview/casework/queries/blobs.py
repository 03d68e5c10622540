"""Which records need a stored picture: asked before any is erased. Whoever keeps pictures adds a line here."""

from __future__ import annotations

from plainview.casework.models import Alert, Preparation, ProficiencyItem, Reference, Search


def picture_needed(blob: str) -> bool:
    """Say whether a reference, a search, an alert, a proficiency item or a draft shows this picture."""
    return (
        Reference.objects.filter(blob=blob).exists()
        or Search.objects.filter(probe_blob=blob).exists()
        or Alert.objects.filter(probe_blob=blob).exists()
        or ProficiencyItem.objects.filter(probe_blob=blob).exists()
        or Preparation.objects.filter(blob=blob, discarded_at=None).exists()
    )
