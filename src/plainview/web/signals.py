"""Signals of the sign-in library, recorded in the log."""

from __future__ import annotations

import ipaddress
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from plainview.casework.models import Member
from plainview.casework.people.sign_in import SECOND, end_tokens, record_failure, record_session, record_two_places
from plainview.policy.signing_in import TWO_PLACES
from plainview.web import devices
from plainview.web.views.common import client_address

_WORDS = {"totp": "totp", "webauthn": "passkey", "recovery_codes": "recovery code"}


def connect() -> None:
    """Connect every handler, once."""
    handlers = {
        account.user_logged_in: _began,
        user_logged_out: _ended,
        account.password_changed: _password_changed,
        mfa.authenticator_added: _factor_added,
        mfa.authenticator_removed: _factor_removed,
        mfa.authenticator_reset: _factor_reset,
        mfa.authentication_failed: _factor_failed,
    }
    for signal, handler in handlers.items():
        signal.connect(handler, dispatch_uid=f"plainview.{handler.__name__}")


def _began(sender: object, request: HttpRequest, user: Member, **_: Any) -> None:
    record_session("session.began", user)
    devices.signed_in(request)
    if _elsewhere(request, user):
        record_two_places(user)


def _elsewhere(request: HttpRequest, member: Member) -> bool:
    """Say whether another session of the member was active just now, from another network and another browser."""
    recent = UserSession.objects.filter(user=member, last_seen_at__gt=timezone.now() - TWO_PLACES)
    address, agent = client_address(request), request.META.get("HTTP_USER_AGENT", "")
    return any(
        _network(session.ip) != _network(address) and session.user_agent != agent
        for session in recent.exclude(session_key=request.session.session_key)
    )


def _network(address: str) -> str:
    """Return the /24 or /64 of an address: a phone changes address within it while its owner stays."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False))


def _ended(sender: object, request: HttpRequest, user: Member | None, **_: Any) -> None:
    if isinstance(user, Member) and request.path.startswith("/accounts/logout"):
        record_session("session.ended", user, how="signed out")


def _password_changed(sender: object, request: HttpRequest, user: Member, **_: Any) -> None:
    with transaction.atomic():
        record_session("password.changed", user, tokens_ended=end_tokens(user))


def _factor_added(sender: object, request: HttpRequest, user: Member, authenticator: Any, **_: Any) -> None:
    record_session("factor.added", user, factor=_WORDS[authenticator.type])


def _factor_removed(sender: object, request: HttpRequest, user: Member, authenticator: Any, **_: Any) -> None:
    record_session("factor.removed", user, factor=_WORDS[authenticator.type])


def _factor_reset(sender: object, request: HttpRequest, user: Member, authenticator: Any, **_: Any) -> None:
    record_session("factor.reset", user, factor=_WORDS[authenticator.type])


def _factor_failed(sender: object, request: HttpRequest, user: Member, **_: Any) -> None:
    record_failure(user, user.email, SECOND)
