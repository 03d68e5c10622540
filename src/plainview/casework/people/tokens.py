"""Tokens with which a program acts for a member: on the API, and on the command line of a served workspace.

Owns making, revoking and checking them. Only a token's hash is stored, except for the secret of a key that signs its
requests, which is sealed. A token must never be made without the second factor of its member.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.channel import channel, enter
from plainview.casework.log.guard import acting
from plainview.casework.log.state import is_sample
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Token
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.tokens import (
    ALL,
    TOKEN_DAYS,
    scopes_of,
    service_scopes,
    token_days,
    token_factor,
)

_SECRET_BYTES = 32
_MOST_NAME = 80  # characters, as in the column


@dataclass(frozen=True, slots=True)
class Wish:
    """What a token should be.

    Attributes:
        scopes: what it may do; policy.tokens.
        name: what its member calls it.
        service: the agency's system that acts with it; "" for the member's own programs.
        days: how long it is valid.
        signs: True for a key of the compatible interface: it signs its requests, so its secret is kept, sealed.
        case, purpose: what such a key searches under where a request states none.
    """

    scopes: Collection[str] = (ALL,)
    name: str = ""
    service: str = ""
    days: int = TOKEN_DAYS
    signs: bool = False
    case: str = ""
    purpose: str = ""


def make_token(
    wish: Wish = Wish(),
    *,
    has_factor: bool = False,
    checked: bool = False,
    acting_member: Member,
) -> tuple[Token, str]:
    """Create a token for the acting member; its text is shown once.

    Args:
        wish: what it should be.
        has_factor: the member has set up a second factor.
        checked: the second factor was checked for this act.
        acting_member: whose token it is.

    Raises:
        Refused: no permission, no second factor, an unknown scope, a service that does what a person decides, or days
            out of range.
    """
    with acting("token.make", Permission.TOKEN_OWN, acting_member):
        scopes = scopes_of(wish.scopes)
        rules.require(token_factor(has_factor=has_factor, checked=checked, sample=is_sample()), token_days(wish.days))
        if wish.service:
            rules.require(service_scopes(scopes))
        if wish.case:
            find.case(wish.case, acting_member)
        secret = new_code(_SECRET_BYTES)
        token = Token(
            member=acting_member,
            secret_sha256=digest(secret),
            expires_at=timezone.now() + timedelta(days=wish.days),
            name=" ".join(wish.name.split())[:_MOST_NAME],
            service=" ".join(wish.service.split())[:_MOST_NAME],
            scopes=list(scopes),
            case=wish.case.strip(),
            purpose=" ".join(wish.purpose.split()),
        )
        if wish.signs:
            token.sealed = services().openings.seal(secret.encode(), f"token:{token.public_id}".encode())
        token.save()
        write_entry(
            "token.made",
            {
                "token": token.public_id,
                "scopes": list(scopes),
                "days": wish.days,
                "signs": wish.signs,
                "service": bool(token.service),
            },
            {"name": token.name, "service_name": token.service, "case_number": token.case, "purpose": token.purpose},
            acting_member=acting_member,
        )
    return token, secret if wish.signs else f"{token.public_id}.{secret}"


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
    """Check that `text` is a current token of the acting member, and act through it; a wrong one is recorded.

    Raises:
        Refused: token.needed or token.invalid.
    """
    if not text:
        raise Refused(
            "token.needed",
            "Refused",
            "This workspace is or was served, so a command needs a token of the acting member.",
            "Sign in on its pages, make a token on the page Tokens, and set it as the environment variable PLAINVIEW_TOKEN.",
        )
    public, _, secret = text.partition(".")
    token = Token.objects.filter(public_id=public, member=acting_member).first()
    valid = token is not None and not token.sealed and token.revoked_at is None and token.expires_at > timezone.now()
    known = token.secret_sha256 if token is not None else ""
    if hmac.compare_digest(known, digest(secret)) and valid:
        assert token is not None  # noqa: S101  valid
        through = channel()
        enter(replace(through, token=token.public_id, scopes=scopes_held(token)))
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


def scopes_held(token: Token) -> tuple[str, ...]:
    """Return what the token may do; one from before tokens had scopes may do all that its member may."""
    return (ALL,) if token.scopes is None else tuple(token.scopes)


def signing_secret(token: Token) -> str:
    """Return the secret with which a key of the compatible interface signs."""
    return services().openings.open(bytes(token.sealed), f"token:{token.public_id}".encode()).decode()


_BYTES = 16  # 128 random bits: cannot be guessed


def new_code(size: int = _BYTES) -> str:
    """Draw a code of `size` random bytes, URL-safe; none begins with a dash, which a command line reads as an option."""
    while (code := secrets.token_urlsafe(size)).startswith("-"):
        pass
    return code


def digest(code: str) -> str:
    """Return the SHA-256 of a code, 64 hex digits; spaces copied with the code are ignored."""
    return hashlib.sha256(code.strip().encode()).hexdigest()
