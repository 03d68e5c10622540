"""The rules of a published feed: one named publisher, its hosts, one list, and nothing that the list does not name.

Owns what may be fetched, and when what the publisher withdrew is erased. It must never allow a host that is not named,
a page, or a link that was found anywhere but in the publisher's own list: that would be crawling, which Plainview does
not do (docs/adr/0001).
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission

MIN_SECONDS_BETWEEN = 0.1
"""Shortest pause between two requests, seconds: chosen, for files on a host that is made for many readers. The default
of a feed is longer, and a publisher's robots.txt may ask for more."""

MAX_GRACE_DAYS = 90
"""Longest time for which a notice that its publisher withdrew is kept, days: chosen."""

MAX_HOSTS = 5
"""Most hosts of one feed: chosen; a list and its pictures are on one or two."""

SHRUNK = 0.5
"""A list with less than this share of the notices of the last complete one counts as incomplete: chosen."""

MAX_ADDRESS = 2000
"""Longest link, characters: what every browser and server accepts."""


def feed_passport(publisher: str, basis: str) -> Decision:
    """Allow a feed that names its publisher and its legal basis."""
    missing = [label for label, text in (("publisher", publisher), ("legal basis", basis)) if not text.strip()]
    if missing:
        return Refused(
            "feed.passport",
            "Feed refused",
            f"These are missing: {', '.join(missing)}.",
            "State the publisher and the legal basis of the feed.",
        )
    return Allow()


def feed_address(url: str) -> Decision:
    """Allow the https address of a list on a named host, without a user name."""
    if host_of(url) is None:
        return Refused(
            "feed.address",
            "Feed refused",
            "The address of the list does not have the form https://HOST/PATH.",
            "Give the https address at which the publisher offers the list.",
        )
    return Allow()


def feed_rate(seconds_between: float) -> Decision:
    """Allow a pause between requests within the limits."""
    if not MIN_SECONDS_BETWEEN <= seconds_between <= 3600:
        return Refused(
            "feed.rate",
            "Feed refused",
            f"The pause between two requests is not between {MIN_SECONDS_BETWEEN} and 3600 seconds.",
            "Choose a pause in that range, such as 2 seconds.",
        )
    return Allow()


def feed_withdrawal(grace_days: int, every_hours: int) -> Decision:
    """Allow a time of grace and a time between two runs within the limits; 0 hours: the feed is run by hand."""
    if not 0 <= grace_days <= MAX_GRACE_DAYS or not 0 <= every_hours <= 24 * 30:
        return Refused(
            "feed.times",
            "Feed refused",
            f"The days until a withdrawn notice is erased are not between 0 and {MAX_GRACE_DAYS}, or the hours between "
            "two runs are not between 0 and 720.",
            "Choose times in these ranges, such as 7 days and 24 hours.",
        )
    return Allow()


def feed_hosts(hosts: Collection[str]) -> Decision:
    """Allow a few named hosts."""
    wrong = [host for host in hosts if host_of(f"https://{host}/") != host]
    if wrong or len(hosts) > MAX_HOSTS:
        return Refused(
            "feed.hosts",
            "Feed refused",
            f"{wrong[0]!r} is not the name of a host." if wrong else f"The feed names more than {MAX_HOSTS} hosts.",
            "Name the hosts that have this publisher's pictures, such as www.example.gov.",
        )
    return Allow()


def feed_tried(publisher: str, tried: bool) -> Decision:
    """Allow a feed whose mapping has shown notices."""
    if not tried:
        return Refused(
            "feed.untried",
            "Feed not run",
            f"The feed of {publisher!r} has a mapping that was not tried yet.",
            "Try the feed first: that shows its first notices as they would be enrolled.",
        )
    return Allow()


def feed_runs(publisher: str, stopped: bool) -> Decision:
    """Allow a feed that was not stopped."""
    if stopped:
        return Refused(
            "feed.stopped",
            "Feed refused",
            f"The feed of {publisher!r} was stopped.",
            "If its legal basis is valid again, add the feed again.",
            act=Permission.GALLERY_CREATE,
        )
    return Allow()


def feed_link(url: str, hosts: Collection[str]) -> Decision:
    """Allow an https link on one of the feed's hosts."""
    if host_of(url) not in hosts:
        return Refused(
            "feed.host",
            "Link not fetched",
            f"The link is not an https link on {' or '.join(sorted(hosts))}.",
            "Add a separate feed, with its own legal basis, for another publisher.",
        )
    return Allow()


def host_of(url: str) -> str | None:
    """Return the host of an https address in lower case, with its port where it states one; None for any other."""
    parts = _split(url)
    if parts is None or parts.scheme != "https" or parts.username is not None or parts.password is not None:
        return None
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or not host.isascii() or any(mark in url for mark in ("\\", "\n", "\r", "\t", " ")):
        return None
    return host if port in (None, 443) else f"{host}:{port}"


def _split(url: str) -> SplitResult | None:
    if len(url) > MAX_ADDRESS:
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None
