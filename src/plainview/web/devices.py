"""Browsers in which a member has signed in before: strangers' wrong passwords do not slow them.

Owns one signed cookie, which names no member. It must never replace a password or a second factor: it only says under
which place an attempt counts (people.attempts). The idea is OWASP's "Slow Down Online Guessing Attacks with Device
Cookies".
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from plainview.casework.models import Member
from plainview.casework.people.attempts import DEVICE, place_of
from plainview.web.views.common import client_address

COOKIE = "device"
_SALT = "plainview.device"
_DAYS = 180  # chosen: longer than a leave
_MOST = 8  # members who share one browser, as in a squad room; the first ones give way
_FLAG = "_plainview_signed_in"


def place(request: HttpRequest, email: str) -> str:
    """Return where an attempt for this address is made: a known browser, else a network address."""
    nonce = _known(request).get(_name(email))
    return f"{DEVICE}{nonce}" if nonce else place_of(client_address(request))


def signed_in(request: HttpRequest) -> None:
    """Note that the member has just signed in; `remember` writes the cookie once there is an answer."""
    setattr(request, _FLAG, True)


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Write the cookie of a browser in which a member has just signed in."""
    member = getattr(request, "user", None)
    if not getattr(request, _FLAG, False) or not isinstance(member, Member):
        return
    known = _known(request)
    name = _name(member.email)
    nonce = known.pop(name, "") or secrets.token_urlsafe(12)
    devices = dict([*known.items()][1 - _MOST :]) | {name: nonce}
    response.set_cookie(
        _cookie(),
        signing.dumps(devices, salt=_SALT),
        max_age=_DAYS * 24 * 3600,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def _known(request: HttpRequest) -> dict[str, str]:
    try:
        value = signing.loads(request.COOKIES.get(_cookie(), ""), salt=_SALT, max_age=_DAYS * 24 * 3600)
    except signing.BadSignature:
        return {}
    return {str(name): str(nonce) for name, nonce in value.items()} if isinstance(value, dict) else {}


def _cookie() -> str:
    return f"__Host-{COOKIE}" if settings.SESSION_COOKIE_SECURE else COOKIE


def _name(email: str) -> str:
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:16]
