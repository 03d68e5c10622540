"""Checking a member's second factor outside a session: for an act on the command line that gives power.

Owns that check. django-allauth knows the codes; a code is taken once, and a wrong one counts as a failed sign-in.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from plainview.casework.models import Member
from plainview.casework.people.sign_in import SECOND, record_failure


def has_factor(member: Member) -> bool:
    """Say whether the member has set up a second factor."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=member, type__in=kinds).exists())


def check_code(member: Member, code: str) -> bool:
    """Say whether it is the current code of the member's authenticator app, or one of the recovery codes; use it up."""
    if member.locked_at is not None:
        return False
    for kind, factor in ((Authenticator.Type.TOTP, TOTP), (Authenticator.Type.RECOVERY_CODES, RecoveryCodes)):
        stored = Authenticator.objects.filter(user=member, type=kind).first()
        if stored is not None and bool(factor(stored).validate_code(code.strip())):
            return True
    record_failure(member, member.email, SECOND)
    return False
