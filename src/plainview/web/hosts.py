"""Requests under a name that was not configured, forms from another origin, and other requests that are not understood.

Owns their pages, and the lines by which the operator learns what to configure: these faults are mostly the operator's
own, on the first day. It must never put a name that a caller sent into a link or into a line break of the output.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import DisallowedHost, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from plainview.casework.enrolment.incoming import MAX_FILES
from plainview.web.reception import warn

_MOST = 100  # characters of a name that a line of the output shows


class Hosts:
    """The outermost layer of the pages: a name that was not configured gets a page that says what to configure."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer under configured names only."""
        try:
            request.get_host()
        except DisallowedHost:
            name = _shown(request.META.get("HTTP_HOST", ""))
            warn(
                f"A request for {name or 'no host at all'} was refused: Plainview is not served under this name. "
                f"If people should reach it so, start `plainview serve` with --name {name or 'HOST'}; if a proxy is in "
                "front, let it pass on the Host that the browser sent."
            )
            return HttpResponse(render_to_string("wrong_host.html", {"host": name}), status=400)
        return self.get_response(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for a request that cannot be read: 400, or 413 for too many files."""
    if isinstance(exception, TooManyFilesSent):
        why = (
            f"This upload has more than {MAX_FILES:,} files. Nothing was enrolled. Upload the files in parts, "
            "or ask the operator to allow a folder of the server."
        )
        return render(request, "400.html", {"why": why}, status=413)
    return render(request, "400.html", status=400)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the page for a form that is not of this session (403); tell the operator if the origin is the reason."""
    origin = _shown(request.META.get("HTTP_ORIGIN", "") or request.META.get("HTTP_REFERER", ""))
    foreign = "checking failed" in reason
    if foreign and origin in ("", "null"):
        warn(
            "A form that does not say which page it came from was refused. If a proxy in front adds `Referrer-Policy: "
            "no-referrer` to the answers, let it pass on ours (same-origin) instead; if it removes Origin or Referer from "
            "requests, let it pass them on. A program uses the API."
        )
    elif foreign:
        name = origin.partition("://")[2].partition("/")[0]
        warn(
            f"A form from {origin} was refused: this server is reached as {request.scheme}://{_shown(request.get_host())}. "
            f"If people open it as {origin}, start `plainview serve` with --name {name or 'HOST:PORT'}; if a proxy is in "
            "front, let it pass on Host and X-Forwarded-Proto, and name it with --behind-proxy or --trusted-proxy."
        )
    return render(request, "403_csrf.html", {"foreign": foreign, "origin": origin}, status=403)


def _shown(text: str) -> str:
    return "".join(char for char in text[:_MOST] if char.isprintable() and char not in "<>\"'`\\")
