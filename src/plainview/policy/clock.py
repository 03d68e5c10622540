"""The rules about a clock that was wrong: when scheduled work waits, and who explains what the log shows.

Owns the limits. It must never stop an act of a person because of the clock: what happened is logged with the clock that
there was.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission

LEAP = timedelta(days=14)
"""How far the clock may be after the newest entry before scheduled work, which erases and ends things by time, waits for
a person: chosen, longer than most machines are off, and shorter than what a wrong clock would do harm to most."""

AHEAD, BEHIND = "ahead", "behind"
"""What was wrong: the clock ran ahead when the earlier entries were written, or it was behind afterwards."""

WRONG = (AHEAD, BEHIND)


def leapt(newest: datetime, now: datetime) -> bool:
    """Return whether the clock is so far after the newest entry that nothing may be erased by it alone."""
    return now - newest > LEAP


def work_by_clock(newest: datetime, now: datetime) -> Decision:
    """Allow scheduled work unless the clock has leapt."""
    if not leapt(newest, now):
        return Allow()
    return Refused(
        "clock.leapt",
        "Scheduled work waits",
        f"The clock says {now:%-d %b %Y, %H:%M} UTC, {(now - newest).days} days after the log's newest entry.",
        "Check the machine's clock. If it is right, any act of a member, such as signing in, lets the work go on.",
    )


def explanation_fits(wrong: str, explanation: str, closed: bool) -> Decision:
    """Allow an explanation in words of a fault that is open."""
    if closed:
        return Refused("clock.closed", "Nothing changed", "This was settled already.", "Nothing more is needed.")
    if wrong not in WRONG:
        return Refused(
            "clock.wrong",
            "Not recorded",
            f"What was wrong is one of: {', '.join(WRONG)}.",
            "Say whether the clock ran ahead before, or was behind afterwards.",
        )
    if not explanation.strip():
        return Refused("clock.reason", "Not recorded", "The explanation is missing.", "State it in a sentence.")
    return Allow()


def may_confirm(explained_by: str | None, acting: str, closed: bool) -> Decision:
    """Allow a second member to confirm an explanation; `explained_by` and `acting` are ids of members."""
    if closed:
        return Refused("clock.closed", "Nothing changed", "This was settled already.", "Nothing more is needed.")
    if explained_by is None:
        return Refused(
            "clock.unexplained",
            "Not confirmed",
            "Nobody has explained yet what was wrong with the clock.",
            "One administrator or auditor explains it, and another one confirms.",
            act=Permission.CLOCK_SETTLE,
        )
    if explained_by == acting:
        return Refused(
            "clock.own",
            "Not confirmed",
            "You explained it yourself.",
            "Ask another administrator or auditor.",
        )
    return Allow()
