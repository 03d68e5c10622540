"""A member's background work: its progress, and cancelling it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from plainview.casework import find
from plainview.casework.jobs import cancel
from plainview.web.views.common import member_of


@require_GET
def job(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the job, or for htmx its progress alone."""
    job = find.job(public_id, member_of(request))
    part = request.headers.get("HX-Request") == "true"
    return render(request, "_job.html" if part else "job.html", {"job": job})


@require_POST
def job_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Cancel a job."""
    return redirect("job", cancel(public_id, acting_member=member_of(request)).public_id)
