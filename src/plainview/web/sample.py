"""One-click sign-in as a made-up person: in a sample workspace that is served to this machine alone, and nowhere else.

Owns the one condition. It must never hold where a request could come from another machine: with a public name, behind a
proxy, over TLS, or from an address that is not this machine's own.
"""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

from plainview.casework.log.state import is_sample
from plainview.casework.models import Member
from plainview.casework.workspace.serving import serving, split_host

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


def is_offered(request: HttpRequest) -> bool:
    """Say whether this request may sign in as a sample person by one click."""
    how = serving()
    if how.names or how.secure or any(header in request.META for header in _FORWARDED):
        return False
    if split_host(request.get_host())[0] not in _NAMES:
        return False
    try:
        is_here = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False
    return is_here and is_sample()


def people(request: HttpRequest) -> list[Member]:
    """Return the sample people to sign in as; [] where it is not offered."""
    if not is_offered(request):
        return []
    return list(Member.objects.filter(is_sample=True, is_active=True, locked_at=None).order_by("pk"))
