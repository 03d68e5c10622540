"""Context of every page: the sample notice and the navigation."""

from __future__ import annotations

from django.http import HttpRequest

from plainview.casework.log.state import is_sample
from plainview.web.nav import OWN, PLACES, places


def workspace(request: HttpRequest) -> dict[str, object]:
    """Return whether the workspace is a sample, and the places that this member may open."""
    return {
        "is_sample": is_sample(),
        "nav": places(request, PLACES),
        "own_nav": places(request, OWN),
    }
