"""Tokens with which a member acts on the command line of a served workspace; only their hash is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Token
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

TOKEN_DAYS = 90
"""How long a token is valid: chosen, a quarter, like the dry run of a policy."""

_SECRET_BYTES = 32


def make_token(*, acting_member: Member) -> tuple[Token, str]:
    """Create a token for the acting member; its text is shown once.

    Raises:
        Refused: no permission.
    """
    with acting("token.make", Permission.TOKEN_OWN, acting_member):
        secret = new_code(_SECRET_BYTES)
        token = Token.objects.create(
            member=acting_member,
            secret_sha256=digest(secret),
            expires_at=timezone.now() + timedelta(days=TOKEN_DAYS),
        )
        write_entry("token.made", {"token": token.public_id}, acting_member=acting_member)
    return token, f"{token.public_id}.{secret}"


def revoke_token(public_id: str, *, acting_member: Member) -> Token:
    """End a token of the acting member.

    Raises:
        Refused: no permission, or no such token of theirs.
    """
    with acting("token.revoke", Permission.TOKEN_OWN, acting_member):
        token = find.token(public_id, acting_member)
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        write_entry("token.revoked", {"token": token.public_id}, acting_member=acting_member)
    return token


def require_token(text: str, *, acting_member: Member) -> None:
    """Check that `text` is a current token of the acting member; a wrong one is recorded.

    Raises:
        Refused: token.needed or token.invalid.
    """
    if not text:
        raise Refused(
            "token.needed",
            "Refused",
            "This workspace is being served, so the command line needs a token.",
            "Make a token of the acting member and set it as the environment variable PLAINVIEW_TOKEN.",
            act=Permission.TOKEN_OWN,
        )
    public, _, secret = text.partition(".")
    token = Token.objects.filter(public_id=public, member=acting_member).first()
    valid = token is not None and token.revoked_at is None and token.expires_at > timezone.now()
    known = token.secret_sha256 if token is not None else ""
    if hmac.compare_digest(known, digest(secret)) and valid:
        return
    with transaction.atomic():
        write_entry(
            "token.refused",
            {"agency": acting_member.agency.public_id},
            {"token": public[:32]},
            acting_member=acting_member,
        )
    raise Refused(
        "token.invalid",
        "Refused",
        "The token is not a valid token of this member.",
        "Make a new token.",
        act=Permission.TOKEN_OWN,
    )


_BYTES = 16  # 128 random bits: cannot be guessed


def new_code(size: int = _BYTES) -> str:
    """Draw a code of `size` random bytes, URL-safe; none begins with a dash, which a command line reads as an option."""
    while (code := secrets.token_urlsafe(size)).startswith("-"):
        pass
    return code


def digest(code: str) -> str:
    """Return the SHA-256 of a code, 64 hex digits; spaces copied with the code are ignored."""
    return hashlib.sha256(code.strip().encode()).hexdigest()
