"""A code of an authenticator app is taken once.

Owns how long a used code is remembered: as long as it could be used. The library remembers it for one period, and takes
it again in the next.
"""

from __future__ import annotations

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache


def remember_codes() -> None:
    """Let the library remember each used code for as long as it is valid; RFC 6238, section 5.2."""
    TOTP._mark_code_used = _mark_code_used  # it has no setting for this


def _mark_code_used(factor: TOTP, code: str) -> bool:
    valid_for = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    return bool(cache.add(factor._get_used_cache_key(code), "y", timeout=valid_for))
