"""Signs of life: each part of the deployment records when it last did its work.

Owns the names of the parts. It must never be asked whether work is due: only the status page and the metrics read it.
"""

from __future__ import annotations

from enum import StrEnum

from django.utils import timezone

from plainview.casework.models import Beat


class Part(StrEnum):
    """A part that records its work."""

    WORKER = "worker"
    SERVER = "server"
    BACKUP = "backup"
    REHEARSAL = "rehearsal"


def beat(part: Part, note: str = "") -> None:
    """Record that a part has just done its work."""
    Beat.objects.update_or_create(part=part.value, defaults={"at": timezone.now(), "note": note})
