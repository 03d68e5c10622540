"""What programs ask every site for: its icon, what may be crawled, and whom to tell about a weakness."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.http import require_GET

from plainview.casework.workspace.services import services

_VALID = timedelta(days=365)
"""How long a security.txt holds: RFC 9116 recommends less than a year ahead; it is written at each request."""


@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead a browser that asks by the old address to the icon."""
    return redirect(static("plainview/icon.svg"))


@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """Let crawlers read the public register, and nothing else."""
    return HttpResponse("User-agent: *\nAllow: /register\nDisallow: /\n", content_type="text/plain; charset=utf-8")


@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Return the contact for a weakness (RFC 9116), where the operator has set one.

    Raises:
        Http404: `security_contact` is not set.
    """
    contact = str(services().workspace.settings().get("security_contact", "")).strip()
    if not contact:
        raise Http404
    until = (timezone.now() + _VALID).strftime("%Y-%m-%dT00:00:00Z")
    scheme = "" if contact.startswith(("https:", "mailto:", "tel:")) else "mailto:"
    text = f"Contact: {scheme}{contact}\nExpires: {until}\nPreferred-Languages: en\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
