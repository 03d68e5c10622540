"""The page for a request that the server could not read.

Owns its words. It must need nothing of the request: its host or its form may be what is wrong.
"""

from __future__ import annotations

from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.template import loader

from plainview.casework.enrolment.incoming import MAX_FILES


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what is wrong with the request, and what to do next."""
    why = "The server could not read this request, and nothing was changed."
    next_step = "Go back, reload the page and try again. If it happens again, tell the operator the time."
    if isinstance(exception, TooManyFilesSent):
        why = f"This upload has more than {MAX_FILES:,} files. Nothing was enrolled."
        next_step = "Upload the files in parts, or ask the operator to allow a folder of the server."
    page = loader.get_template("400.html").render({"why": why, "next_step": next_step})
    return HttpResponse(page, status=400)
