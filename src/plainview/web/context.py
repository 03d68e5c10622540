"""What every page knows: whether this is a sample, and where it leads."""

from __future__ import annotations

from django.http import HttpRequest

from plainview.casework.services import services


def workspace(request: HttpRequest) -> dict[str, object]:
    """Whether the workspace is a sample: every page says so."""
    return {"is_sample": services().workspace.is_sample}
