"""The state of the deployment, for administrators and auditors; and the page of an error."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET

from plainview.casework.upkeep.read import PARTS
from plainview.casework.upkeep.read import status as read_status
from plainview.storage.base import is_full, said_of
from plainview.web.references import reference


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """Show each part with its state."""
    state = read_status()
    parts = [{"name": name, **state[name]} for name in PARTS]
    return render(request, "status.html", {"state": state, "parts": parts})


def record_failed_page(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """Return the page for stored files or a log that cannot be used, or a full disk (503): no act runs unrecorded."""
    return render(request, "record_failed.html", {"why": said_of(error)}, status=503)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page of an error of ours; the server's log has its number. A disk can be full before a view is asked."""
    error = sys.exc_info()[1]
    if is_full(error):
        return record_failed_page(request, error)
    # Without the request: what broke may break again where the member is read.
    text = render_to_string("500.html", {"reference": reference(request), "now": timezone.now()})
    return HttpResponse(text, status=500)
