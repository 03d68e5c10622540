"""Which stored pictures are still needed."""

from __future__ import annotations

from plainview.casework.models import Canary, Reference, Search


def in_use(digest: str) -> bool:
    """True when a reference, a search or a canary still needs the picture with this digest."""
    return (
        Reference.everything.filter(blob=digest).exists()
        or Search.objects.filter(probe_blob=digest).exists()
        or Canary.objects.filter(probe_blob=digest).exists()
    )
