"""The rules of signing in, on plain values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.rules import not_ended

MAX_FAILURES = 5
"""Failures that lock an account; source: CJIS Security Policy 5.9.4, AC-7."""

FAILURE_WINDOW = timedelta(minutes=15)
"""Time within which they count; source: as above."""

IDLE = timedelta(minutes=30)
"""Time without a request after which a session ends; source: CJIS Security Policy 5.9.4, AC-11."""

REAUTHENTICATE = timedelta(minutes=5)
"""How long a sign-in counts as fresh for a dangerous act: chosen."""

TWO_PLACES = timedelta(minutes=10)
"""Two sessions that are both active within this time are at two places at once: chosen; shorter than a drive."""

RESET_DAYS = 2
"""How long a code for setting up sign-in again is valid: chosen, a weekend."""


def locks(failures: Iterable[datetime], now: datetime) -> bool:
    """Return whether the failures of the last minutes lock the account; one exactly at the window's edge has left it."""
    return sum(1 for at in failures if now - FAILURE_WINDOW < at <= now) >= MAX_FAILURES


def idle(last_seen: datetime, now: datetime) -> bool:
    """Return whether a session that was last seen then has ended; also if the clock was set back before that time."""
    return now - last_seen >= IDLE or last_seen - now > timedelta(minutes=1)


def may_sign_in(
    *,
    is_active: bool,
    locked: bool,
    ends_on: date | None,
    today: date,
    agency_open: bool,
    sample_member: bool,
    sample_workspace: bool,
) -> Decision:
    """Allow an active, unlocked member of an open agency up to their last day; sample people in a sample workspace only."""
    if sample_member and not sample_workspace:
        return Refused(
            "member.sample",
            "Not signed in",
            "A sample member can sign in only to a sample workspace.",
            "Sign in with a real account.",
        )
    if not is_active:
        return Refused(
            "member.inactive",
            "Not signed in",
            "This account is not active.",
            "Ask your agency administrator.",
        )
    ended = not_ended(ends_on, today)
    if isinstance(ended, Refused):
        return ended
    if locked:
        return Refused(
            "member.locked",
            "Not signed in",
            "This account is locked after failed attempts.",
            "Ask an administrator of your agency to release it.",
            act=Permission.MEMBER_RELEASE,
        )
    if not agency_open:
        return Refused("agency.not_open", "Not signed in", "Your agency is not open.", "Ask the platform operator.")
    return Allow()
