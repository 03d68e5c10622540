"""The rules of a published feed: one named publisher, one host, one list, and nothing that the list does not name.

Owns what may be fetched. It must never allow a second host, a page, or a link that was found anywhere else than in the
publisher's own list: that would be crawling, which Plainview does not do (docs/adr/0001).
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from plainview.policy.decision import Allow, Decision, Refused

MIN_SECONDS_BETWEEN = 0.5
"""Shortest pause between two requests, seconds: chosen; a publisher's robots.txt may ask for a longer one."""

MAX_ADDRESS = 2000
"""Longest link, characters: what every browser and server still takes."""


def feed_passport(publisher: str, basis: str) -> Decision:
    """A feed names its publisher and the legal basis on which its pictures are held."""
    missing = [label for label, text in (("publisher", publisher), ("legal basis", basis)) if not text.strip()]
    if missing:
        return Refused(
            "feed.passport",
            "Feed refused",
            f"It lacks: {', '.join(missing)}.",
            "A feed without a named publisher and a legal basis cannot exist; state both.",
        )
    return Allow()


def feed_address(url: str) -> Decision:
    """The list lies on an https host that is named, without a user name."""
    if host_of(url) is None:
        return Refused(
            "feed.address",
            "Feed refused",
            "The list's address is not of the form https://HOST/PATH.",
            "Name the list that the publisher offers over https.",
        )
    return Allow()


def feed_rate(seconds_between: float) -> Decision:
    """Requests are at least a moment apart."""
    if not MIN_SECONDS_BETWEEN <= seconds_between <= 3600:
        return Refused(
            "feed.rate",
            "Feed refused",
            f"The pause is not between {MIN_SECONDS_BETWEEN} and 3600 seconds.",
            "State another one, such as 2.",
        )
    return Allow()


def feed_runs(publisher: str, stopped: bool) -> Decision:
    """A feed that was stopped fetches nothing any more."""
    if stopped:
        return Refused(
            "feed.stopped",
            "Feed refused",
            f"The feed of {publisher!r} was stopped.",
            "If its legal basis holds again, add it anew.",
        )
    return Allow()


def feed_link(url: str, host: str) -> Decision:
    """A link is fetched, or kept as the page, only on the very host of the list, over https."""
    if host_of(url) != host:
        return Refused(
            "feed.host",
            "Not fetched",
            f"The link is not an https link on {host}.",
            "One feed has one host; another publisher's pictures need a feed with their own legal basis.",
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
