"""The rules of alerts: how long they run, how many false ones they may raise, and when members are notified.

Owns the limits that no agency may loosen. An alert is a search that continues; every rule of a search applies to it too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.wording import counted

MAX_ALERT_DAYS = 90
"""Longest time until an alert is renewed or ends: chosen, a quarter of a year; the agency's own limit is usually 30 days."""

UNSOLVED_DAYS = 365
"""Time after which the alert of an unsolved case is reviewed, or ends: once a year, as the issue of alerts asks."""

MIN_ONE_IN, MAX_ONE_IN = 1_000, 10_000_000_000
"""Limits of how rare a false alert is: one in this many new references. Source of the lower limit: at
one in 1,000 a member with ten alerts and 1,000 enrolments a day reads ten strangers a day."""

DEFAULT_ONE_IN = 100_000
"""New references to one false alert, by default."""


def alert_days(days: int, most: int) -> Decision:
    """Allow an alert of 1 day up to the most days that policy permits."""
    if not 1 <= days <= most:
        return Refused(
            "alert.days",
            "Alert refused",
            f"The alert would run for {counted(days, 'day')}.",
            f"Ask for 1 to {most} days. A supervisor can renew the alert when it ends.",
        )
    return Allow()


def alert_rarity(one_in: int) -> Decision:
    """Allow a rate of false alerts within the limits."""
    if not MIN_ONE_IN <= one_in <= MAX_ONE_IN:
        return Refused(
            "alert.one_in",
            "Alert refused",
            f"The alert would allow one false alert in {one_in:,} new references.",
            f"Ask for one in {MIN_ONE_IN:,} to {MAX_ONE_IN:,}.",
        )
    return Allow()


def alert_reached(most_rare: float, one_in: int, gallery: str) -> Decision:
    """Allow a rate that the gallery's own figures reach: a threshold that nobody measured is not used."""
    if most_rare < one_in:
        return Refused(
            "alert.not_measured",
            "Alert refused",
            f"Gallery {gallery!r} cannot promise fewer than one false alert in {int(most_rare):,} new references.",
            "Ask for that rate. A gallery with more references can promise a lower one.",
        )
    return Allow()


def hours_exist(digest_hours: int, quiet_from: int | None, quiet_until: int | None) -> Decision:
    """Allow a digest every 0 to 24 hours, and quiet hours of the day with both ends stated or neither."""
    quiet = [hour for hour in (quiet_from, quiet_until) if hour is not None]
    if not 0 <= digest_hours <= 24 or len(quiet) == 1 or any(not 0 <= hour <= 23 for hour in quiet):
        return Refused(
            "alert.hours",
            "Preference not saved",
            "These hours are not valid.",
            "Choose a digest every 0 (immediately) to 24 hours, and quiet hours from one hour to another, each 0 to 23.",
        )
    return Allow()


def zone_exists(zone: str) -> Decision:
    """Allow the IANA name of a time zone, or "" for UTC."""
    if zone and zone not in available_timezones():
        return Refused(
            "alert.time_zone",
            "Preference not saved",
            f"There is no time zone {zone!r}.",
            "Use a name such as Europe/Vienna, or leave it empty for UTC.",
        )
    return Allow()


def next_moment(
    now: datetime, *, digest_hours: int, quiet_from: int | None, quiet_until: int | None, zone: str = ""
) -> datetime:
    """Return when a member is notified of something that happened now.

    Args:
        now: aware, UTC.
        digest_hours: 0 for at once; else messages wait for the next hour that is a multiple of it.
        quiet_from, quiet_until: hours of the day between which nothing is sent; None for never. They may span
            midnight.
        zone: the IANA name of the time zone of these hours; "" for UTC.
    """
    due = now.astimezone(ZoneInfo(zone)) if zone else now
    if digest_hours:
        start = due.replace(minute=0, second=0, microsecond=0)
        due = start + timedelta(hours=digest_hours - start.hour % digest_hours)
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return due.astimezone(UTC)
    while _quiet(due.hour, quiet_from, quiet_until):
        due = due.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due.astimezone(UTC)


def _quiet(hour: int, begin: int, end: int) -> bool:
    return begin <= hour < end if begin < end else hour >= begin or hour < end
