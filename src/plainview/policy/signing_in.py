"""The rules of signing in, on plain values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.rules import not_ended

MAX_FAILURES = 5
"""Wrong second factors that lock an account, and wrong passwords after which the next one has to wait; source: CJIS
Security Policy 5.9.4, AC-7."""

FAILURE_WINDOW = timedelta(minutes=15)
"""Time within which second factors count; source: as above."""

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""Wait after the last free attempt from one place, doubled with each further one up to the longest: chosen. Growing waits
instead of a lock: NIST SP 800-63B-4, 3.2.2, because a lock can be caused by anybody who knows an address."""

FREE_EVERYWHERE, LONGEST_EVERYWHERE = 20, timedelta(minutes=15)
"""The same for all places together that the member has not signed in from: chosen, against guessing from many networks."""

FORGOTTEN = timedelta(days=1)
"""Time without a wrong password after which earlier ones no longer count: chosen."""

IDLE = timedelta(minutes=30)
"""Time without a request after which a session ends; source: CJIS Security Policy 5.9.4, AC-11."""

LONGEST_SESSION = timedelta(hours=12)
"""Time after which a session ends however busy it is: chosen, a long shift. NIST SP 800-63B-4, 2.2.3, allows 24 hours."""

REAUTHENTICATE = timedelta(minutes=5)
"""How long a sign-in counts as fresh for a dangerous act: chosen."""

TWO_PLACES = timedelta(minutes=10)
"""Two sessions that are both active within this time are at two places at once: chosen; shorter than a drive."""

RESET_DAYS = 2
"""How long a code for setting up sign-in again is valid: chosen, a weekend."""


def wait(failures: int, last_at: datetime, now: datetime, *, everywhere: bool = False) -> timedelta:
    """Return how long the next password has to wait; nothing while attempts are free.

    Args:
        failures: wrong passwords for one address from one place, none of them a day apart from the next.
        last_at: time of the last one.
        now: the time.
        everywhere: they came from all unknown places together.
    """
    free, longest = (FREE_EVERYWHERE, LONGEST_EVERYWHERE) if everywhere else (MAX_FAILURES, LONGEST_WAIT)
    if failures < free or now - last_at >= FORGOTTEN:
        return timedelta()
    doubled: int = 1 << min(failures - free, 10)
    pause = min(FIRST_WAIT * doubled, longest)
    return max(timedelta(), last_at + pause - now)


def locks(failures: Iterable[datetime], now: datetime) -> bool:
    """Return whether the wrong second factors of the last minutes lock the account; one at the window's edge has left it.

    A second factor is typed only after the right password, which somebody else may know.
    """
    return sum(1 for at in failures if now - FAILURE_WINDOW < at <= now) >= MAX_FAILURES


def idle(last_seen: datetime, now: datetime) -> bool:
    """Return whether a session that was last seen then has ended; also if the clock was set back before that time."""
    return now - last_seen >= IDLE or last_seen - now > timedelta(minutes=1)


def used_up(began: datetime, now: datetime) -> bool:
    """Return whether a session that began then has ended, however busy it is."""
    return now - began >= LONGEST_SESSION


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
        return _locked()
    if not agency_open:
        return Refused("agency.not_open", "Not signed in", "Your agency is not open.", "Ask the platform operator.")
    return Allow()


def not_locked(*, locked: bool) -> Decision:
    """Allow an act of a member whose account is not locked."""
    return _locked() if locked else Allow()


def _locked() -> Refused:
    return Refused(
        "member.locked",
        "Not signed in",
        "This account is locked: wrong second factors followed the right password.",
        "Ask an administrator of your agency to have it released, or your sign-in reset.",
        act=Permission.MEMBER_RELEASE,
    )
