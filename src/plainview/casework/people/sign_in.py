"""Signing in: failures are recorded and counted, accounts locked; sessions, tokens and reset codes end.

Owns what a failure and a reset code do. It must never check a password or a second factor: django-allauth does.
"""

from __future__ import annotations

from typing import Final, Literal

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.state import is_sample
from plainview.casework.log.write import write_entry
from plainview.casework.mail.letters import write_letters
from plainview.casework.misuse.flags import raise_flag
from plainview.casework.models import Member, SignInFailure, SignInReset, Token
from plainview.casework.people import attempts, failures
from plainview.casework.people.tokens import digest
from plainview.policy import joining, rules, signing_in
from plainview.policy.decision import Decision
from plainview.policy.misuse import Finding
from plainview.policy.permissions import Permission

PASSWORD: Final = "password"  # noqa: S105  what failed, not a secret
SECOND: Final = "second factor"
SSO: Final = "sso"
Factor = Literal["password", "second factor", "sso"]
"""What failed: each is counted in its own way."""


def may_sign_in(member: Member) -> Decision:
    """Say whether the member may have a session now."""
    return signing_in.may_sign_in(
        is_active=member.is_active,
        locked=member.locked_at is not None,
        ends_on=member.ends_on,
        today=timezone.now().date(),
        agency_open=member.agency.is_open,
        sample_member=member.is_sample,
        sample_workspace=is_sample(),
    )


def record_failure(member: Member | None, tried: str, factor: Factor, *, place: str = "") -> None:
    """Record a failed attempt to sign in. A wrong password slows the next one; wrong second factors lock the account.

    Repeated ones are summarised (people.failures), so that nobody can fill the log from outside.

    Args:
        member: the account's member, None if there is no such account.
        tried: the typed address.
        factor: what failed.
        place: where a password was typed, see people.attempts.
    """
    with transaction.atomic():
        subject: dict[str, Value] = {"factor": factor}
        if member is not None:
            subject |= {"member": member.public_id, "agency": member.agency.public_id}
        if failures.deserves_entry(member):
            write_entry("sign_in.failed", subject, {"tried": tried[:254]}, acting_member=None)
        if factor == PASSWORD:
            attempts.count(tried, place, member)
        elif factor == SECOND and member is not None:
            _count_second_factor(member)


def _count_second_factor(member: Member) -> None:
    now = timezone.now()
    # The row is locked, so that two simultaneous failures both count.
    locked = Member.objects.select_for_update().get(pk=member.pk)
    SignInFailure.objects.create(member=locked, at=now, factor=SECOND)
    recent = SignInFailure.objects.filter(member=locked, factor=SECOND, at__gt=now - signing_in.FAILURE_WINDOW)
    if locked.locked_at is not None or not signing_in.locks(recent.values_list("at", flat=True), now):
        return
    locked.locked_at = now
    locked.save(update_fields=["locked_at"])
    end_access(locked)
    write_entry(
        "member.locked",
        {"member": locked.public_id, "agency": locked.agency.public_id, "failures": recent.count()},
        acting_member=None,
    )
    write_letters("member.locked", [locked.email], "Your account is locked", _LOCKED, about=locked.public_id)


_LOCKED = (
    "Wrong second factors were typed after the right password, so your account is locked, and its sessions and tokens "
    "have ended.\n\nIf that was you, ask an administrator of your agency to have it released. If not, somebody knows "
    "your password: ask for a reset of your sign-in.\n"
)


def record_session(action: str, member: Member, **subject: Value) -> None:
    """Record an event of a member's own sign-in: "session.began", "session.ended", "password.changed", …"""
    with transaction.atomic():
        write_entry(action, {"agency": member.agency.public_id, **subject}, acting_member=member)


def record_two_places(member: Member) -> None:
    """Flag for the auditor an account that is in use in two places at once: it may be shared."""
    with transaction.atomic():
        write_entry("session.two_places", {"agency": member.agency.public_id}, acting_member=member)
        says = "The account was active in two places within ten minutes: another network and another browser."
        raise_flag(Finding("misuse.two_places", says), member, None)


def use_reset(code: str, password: str) -> Member:
    """Set the password of the member to whom a reset code belongs; the code can be used once.

    Raises:
        Refused: invitation.invalid.
    """
    with transaction.atomic():
        rows = SignInReset.objects.select_for_update().select_related("member__agency")
        reset = rows.filter(code_sha256=digest(code)).first()
        rules.require(
            joining.invitation_valid(
                reset is not None,
                reset is not None and reset.used_at is not None,
                reset.expires_at if reset else None,
                timezone.now(),
            )
        )
        assert reset is not None  # noqa: S101  require() raises otherwise
        reset.used_at = timezone.now()
        reset.save(update_fields=["used_at"])
        return set_password(reset.member, password)


def set_password(member: Member, password: str) -> Member:
    """Set a password that the member chose and that Django's validators have checked."""
    with transaction.atomic():
        member.set_password(password)
        member.save(update_fields=["password"])
        write_entry("password.set", {"agency": member.agency.public_id}, acting_member=member)
    return member


def end_sessions(member: Member, *, but: str = "") -> int:
    """End every session of a member except the one with the key `but`; return how many."""
    from allauth.usersessions.models import UserSession

    rows = UserSession.objects.filter(user=member).exclude(session_key=but)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)


def end_access(member: Member) -> None:
    """End every session and token of a member, in the running transaction."""
    end_sessions(member)
    end_tokens(member)


def end_tokens(member: Member) -> int:
    """End every token of a member; return how many. The library ends the other sessions of a changed password itself."""
    return Token.objects.filter(member=member, revoked_at=None).update(revoked_at=timezone.now())


def end_session(number: int, *, acting_member: Member) -> None:
    """End one of the acting member's own sessions.

    Raises:
        Refused: no permission, or not a session of theirs.
    """
    with acting("session.end", Permission.SESSION_OWN, acting_member):
        find.session(number, acting_member).end()
        write_entry(
            "session.ended",
            {"agency": acting_member.agency.public_id, "how": "by its owner"},
            acting_member=acting_member,
        )
