"""Secrets that were used up or replaced after a backup stay dead when it is restored.

Owns which secrets end with a restore. The log says what happened since, where a newer copy of it is known; where none is,
every secret that can be used once ends. It must never bring back a password, code or factor that somebody had changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone

from plainview.audit.record import Entry
from plainview.casework.models import Invitation, Member, Proposal, SignInReset, Token
from plainview.casework.people.sign_in import end_sessions
from plainview.casework.people.tokens import digest, new_code
from plainview.policy.proposals import OPEN
from plainview.policy.signing_in import RESET_DAYS

_REPLACED = frozenset({"password.set", "password.changed", "factor.added", "factor.removed", "factor.reset"})
_TOTP_PERIOD_S = 30
_TOTP_SEEN_S = 150  # longer than any code of this moment is accepted


@dataclass(frozen=True, slots=True)
class Ended:
    """What a restore ended.

    Attributes:
        tokens, invitations, resets, recovery_codes: how many of each.
        proposals: ids of the open proposals, which expired.
        deactivated: addresses of members who were deactivated after the backup, and are again.
        codes: address -> code with which a member, whose password or factor was changed after the backup, sets new ones.
    """

    tokens: int
    invitations: int
    resets: int
    recovery_codes: int
    proposals: tuple[str, ...]
    deactivated: tuple[str, ...]
    codes: dict[str, str]


def end_spent(since: Sequence[Entry], *, log_known: bool) -> Ended:
    """End the secrets of a restored workspace, in the running transaction.

    Args:
        since: entries of the log from after the backup.
        log_known: there was a newer copy of the log; without one nobody knows what was used.
    """
    now = timezone.now()
    tokens = Token.objects.filter(revoked_at=None).update(revoked_at=now)
    invitations = Invitation.objects.filter(member=None, expires_at__gt=now).update(expires_at=now)
    resets = SignInReset.objects.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    proposals = _end_proposals()
    Session.objects.all().delete()
    signed_in = {entry.actor for entry in since if entry.action == "session.began"}
    recovery = Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES)
    if log_known:
        recovery = recovery.filter(user__public_id__in=signed_in)
    recovery_codes = recovery.delete()[0]
    _mark_current_codes()
    return Ended(tokens, invitations, resets, recovery_codes, proposals, _deactivate(since), _replace(since))


def _end_proposals() -> tuple[str, ...]:
    """End every open proposal: nobody knows which were decided after the backup, nor which code of a head was used."""
    now = timezone.now()
    rows = Proposal.objects.filter(state=OPEN, expires_at__gt=now)
    ids = tuple(rows.values_list("public_id", flat=True))
    rows.update(expires_at=now, head_code_sha256="")
    return ids


def _mark_current_codes() -> None:
    """Let no one-time code of this moment count: it may have been used just before the restore."""
    counter = int(time.time()) // _TOTP_PERIOD_S
    for factor in Authenticator.objects.filter(type=Authenticator.Type.TOTP).select_related("user"):
        wrapped = totp.TOTP(factor)
        secret = totp.decrypt(factor.data["secret"])
        for step in range(counter - 2, counter + 3):
            code = totp.format_hotp_value(totp.hotp_value(secret, step))
            cache.set(wrapped._get_used_cache_key(code), "y", timeout=_TOTP_SEEN_S)


def _deactivate(since: Sequence[Entry]) -> tuple[str, ...]:
    ids = {str(entry.subject.get("member")) for entry in since if entry.action == "member.deactivated"}
    members = list(Member.objects.filter(public_id__in=ids, is_active=True).order_by("email"))
    for member in members:
        member.is_active = False
        member.save(update_fields=["is_active"])
        end_sessions(member)
    return tuple(member.email for member in members)


def _replace(since: Sequence[Entry]) -> dict[str, str]:
    ids = {entry.actor for entry in since if entry.action in _REPLACED}
    ids |= {str(entry.subject.get("member")) for entry in since if entry.action == "member.sign_in_reset"}
    codes = {}
    for member in Member.objects.filter(public_id__in=ids, is_active=True).order_by("email"):
        member.set_unusable_password()
        member.save(update_fields=["password"])
        Authenticator.objects.filter(user=member).delete()
        codes[member.email] = code = new_code()
        SignInReset.objects.create(
            member=member,
            code_sha256=digest(code),
            made_by=member,
            expires_at=timezone.now() + timedelta(days=RESET_DAYS),
        )
    return codes
