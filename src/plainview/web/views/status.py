"""The state of the deployment, for administrators and auditors; and the page of an error."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET

from plainview.casework.upkeep.read import PARTS
from plainview.casework.upkeep.read import status as read_status
from plainview.web.references import reference


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """Show each part with its state."""
    state = read_status()
    parts = [{"name": name, **state[name]} for name in PARTS]
    return render(request, "status.html", {"state": state, "parts": parts})


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page of an error of ours; the server's log has its number."""
    # Without the request: what broke may break again where the member is read.
    text = render_to_string("500.html", {"reference": reference(request), "now": timezone.now()})
    return HttpResponse(text, status=500)
