"""Finding the token that a request of the API carries, and the member for whom it stands.

Owns who may act by a token now. A wrong token of a known id is recorded, and only the first of an hour: somebody who
guesses must not fill the log. It must never say whether an id exists: every wrong token is refused in the same words.
"""

from __future__ import annotations

import hmac
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework.log.write import write_entry
from plainview.casework.models import Token
from plainview.casework.people import failures
from plainview.casework.people.sign_in import may_sign_in
from plainview.casework.people.tokens import digest
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

_SEEN = timedelta(minutes=1)
"""How often the last use of a token is written: a write for each request would cost more than most requests."""

_LONGEST = 200  # characters of a token's text; a longer text is not a token of ours


def token_of(text: str) -> Token:
    """Return the token with this text, whose member may act now.

    Raises:
        Refused: token.invalid, or why its member may not act (policy.signing_in).
    """
    public, _, secret = text.strip().partition(".")
    token = token_by_id(public) if len(text) <= _LONGEST else None
    if token is None or token.sealed:
        raise _invalid()
    if not hmac.compare_digest(token.secret_sha256, digest(secret)) or not is_current(token):
        record_refused(token)
        raise _invalid()
    return stands_for(token)


def is_bearer(text: str) -> bool:
    """Say whether this is the text of a current token; nothing is noted or recorded."""
    token = token_by_id(text.strip().partition(".")[0]) if len(text) <= _LONGEST else None
    secret = text.strip().partition(".")[2]
    good = token is not None and not token.sealed and hmac.compare_digest(token.secret_sha256, digest(secret))
    return good and token is not None and is_current(token)


def is_key(public_id: str) -> bool:
    """Say whether this is the id of a current key that signs its requests; nothing is noted or recorded."""
    token = token_by_id(public_id)
    return token is not None and bool(token.sealed) and is_current(token)


def token_by_id(public_id: str) -> Token | None:
    """Return the token with this id and its member, even if it has ended, or None."""
    rows = Token.objects.select_related("member__agency")
    return (
        rows.filter(public_id=public_id).first()
        if public_id.isascii() and public_id.isalnum() and len(public_id) < 20
        else None
    )


def is_current(token: Token) -> bool:
    """Say whether the token is neither revoked nor expired."""
    return token.revoked_at is None and token.expires_at > timezone.now()


def stands_for(token: Token) -> Token:
    """Return the token if its member may act now, and note its use.

    Raises:
        Refused: why the member may not act.
    """
    answer = may_sign_in(token.member)
    if isinstance(answer, Refused):
        raise answer
    now = timezone.now()
    if token.used_at is None or now - token.used_at >= _SEEN:
        Token.objects.filter(pk=token.pk).update(used_at=now)
    return token


def record_refused(token: Token) -> None:
    """Record that somebody showed a wrong, revoked or expired token with this id."""
    with transaction.atomic():
        if failures.deserves_entry(token.member):
            write_entry(
                "token.refused",
                {"agency": token.member.agency.public_id, "member": token.member.public_id},
                {"token": token.public_id},
                acting_member=None,
            )


def _invalid() -> Refused:
    return Refused(
        "token.invalid",
        "Refused",
        "The token is not a valid token.",
        "Make a new token.",
        act=Permission.TOKEN_OWN,
    )
