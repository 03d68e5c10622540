"""The rules of alerts: how long, how many false ones, in which hours a member is told.

Owns the limits that no agency may loosen. An alert is a search that goes on; every rule of a search holds for it too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from plainview.policy.decision import Allow, Decision, Refused

MAX_ALERT_DAYS = 90
"""Longest time until an alert is renewed or ends: chosen, a quarter; the agency's own limit is usually 30 days."""

UNSOLVED_DAYS = 365
"""Time after which the alert of an unsolved case is reviewed, or ends: once a year, as its issue asks."""

MIN_ONE_IN, MAX_ONE_IN = 1_000, 10_000_000_000
"""How rare a false alert must be at least, and can be asked to be, in new references. Source of the lower limit: at
one in 1,000 a member with ten alerts and 1,000 enrolments a day reads ten strangers a day."""

DEFAULT_ONE_IN = 100_000
"""New references to one false alert, when nothing else is asked for."""


def alert_days(days: int, most: int) -> Decision:
    """An alert ends, and policy says when at the latest."""
    if not 1 <= days <= most:
        return Refused(
            "alert.days",
            "Alert refused",
            f"{days} days were asked for.",
            f"Ask for 1 to {most}; a supervisor can renew it when it ends.",
        )
    return Allow()


def alert_rarity(one_in: int) -> Decision:
    """How many false alerts are accepted is stated, and within limits."""
    if not MIN_ONE_IN <= one_in <= MAX_ONE_IN:
        return Refused(
            "alert.one_in",
            "Alert refused",
            f"One false alert in {one_in:,} new references was asked for.",
            f"Ask for {MIN_ONE_IN:,} to {MAX_ONE_IN:,}.",
        )
    return Allow()


def alert_reached(most_rare: float, one_in: int, gallery: str) -> Decision:
    """The gallery's own figures reach that far: a threshold that nobody measured is not used."""
    if most_rare < one_in:
        return Refused(
            "alert.not_measured",
            "Alert refused",
            f"In gallery {gallery!r} no more than one false alert in {int(most_rare):,} new references can be promised.",
            "Ask for that, or enrol more: a larger gallery knows more of its tail.",
        )
    return Allow()


def hours_exist(digest_hours: int, quiet_from: int | None, quiet_until: int | None) -> Decision:
    """Digests come every 0 to 24 hours, quiet hours are hours of the day, and both ends are stated or none."""
    quiet = [hour for hour in (quiet_from, quiet_until) if hour is not None]
    if not 0 <= digest_hours <= 24 or len(quiet) == 1 or any(not 0 <= hour <= 23 for hour in quiet):
        return Refused(
            "alert.hours",
            "Not saved",
            "These hours do not exist.",
            "A digest comes every 0 (at once) to 24 hours; quiet hours go from one hour (0 to 23) to another.",
        )
    return Allow()


def webhook_address(url: str, *, sample: bool) -> Decision:
    """Messages go to https addresses; in a sample workspace also to this machine."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:  # e.g. half of an IPv6 address
        parts, host = None, None
    local = sample and host in ("127.0.0.1", "localhost", "::1")
    if parts is None or not host or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        return Refused(
            "webhook.address",
            "Webhook refused",
            "Its address is not an https:// one.",
            "Give one, so that nobody on the way can read or change what is sent.",
        )
    return Allow()


def next_moment(now: datetime, *, digest_hours: int, quiet_from: int | None, quiet_until: int | None) -> datetime:
    """When a member is told of what was raised now.

    Args:
        now: aware, UTC.
        digest_hours: 0 for at once; else messages wait for the next hour that is a multiple of it.
        quiet_from, quiet_until: hours of the day (UTC) between which nothing is sent; None for never. They may
            span midnight.
    """
    due = now
    if digest_hours:
        start = now.replace(minute=0, second=0, microsecond=0)
        due = start + timedelta(hours=digest_hours - start.hour % digest_hours)
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return due
    while _quiet(due.hour, quiet_from, quiet_until):
        due = due.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due


def _quiet(hour: int, begin: int, end: int) -> bool:
    return begin <= hour < end if begin < end else hour >= begin or hour < end
