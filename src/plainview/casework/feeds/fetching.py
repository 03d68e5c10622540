"""Fetching a publisher's lists and pictures, politely, from its own hosts and from no other.

Owns the order at each host: robots.txt first, one request at a time with a pause between two, the wait that the host
asks for, redirects only to the publisher's hosts. It must never ask a host that is not among them. The connection
itself is `casework.outgoing`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from protego import Protego

from plainview import __version__
from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.mail import address
from plainview.casework.outgoing import Connection, Host, Limits, Reply, Unanswered
from plainview.casework.workspace.services import services
from plainview.policy.decision import Allow
from plainview.policy.feeds import feed_link, host_of

AGENT = "plainview-feed"
"""The name by which a robots.txt addresses Plainview."""

ROBOTS_BYTES = 500 * 1024
"""Bytes of robots.txt that are read; source: RFC 9309, 2.5: at least 500 KiB."""

REDIRECTS = 5
"""Redirects followed for one file; source: RFC 9309, 2.3.1.2, at least five."""

LONGEST_WAIT = 120.0
"""Longest wait that a host may ask for within a run, seconds: chosen; after a longer one the run is repeated later."""

WHOLE_S = 50.0
"""Longest time for one file, seconds: less than the lease of a worker's job."""

_TRIES = 3  # requests for one file while the host asks to wait


def user_agent() -> str:
    """Return the User-Agent header: name, version and where the operator can be reached."""
    outgoing = services().workspace.settings().get("feeds")
    contact = outgoing.get("contact") if isinstance(outgoing, dict) else None
    return f"{AGENT}/{__version__} ({contact or address()})"


@dataclass
class _Place:
    """A host with its rules for programs and the moment (monotonic seconds) from which it may be asked again."""

    host: Host
    pause: float
    free_at: float = 0.0
    rules: Protego | None = None


@dataclass
class Fetcher:
    """One publisher's hosts, each looked up once.

    Attributes:
        hosts: host names, with the port if it is not 443.
        pause: seconds between two requests to one host; a host's robots.txt may ask for more.
        connection: which addresses are allowed.
        sleep: waits.
    """

    hosts: Collection[str]
    pause: float
    connection: Connection = field(default_factory=Connection)
    sleep: Callable[[float], None] = time.sleep
    _places: dict[str, _Place] = field(default_factory=dict)

    def get(self, url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None) -> Reply:
        """Return the answer 200 to a request for a file, or 304 if `headers` have a condition.

        Raises:
            Unusable: feed.host, feed.robots, feed.redirect, feed.gone (404, 410), feed.denied (401, 403), feed.busy
                (429, 503), feed.answer (any other), feed.too_large, feed.unreachable, feed.private_address.
        """
        for _ in range(REDIRECTS + 1):
            place = self._place(url)
            if place.rules is not None and not place.rules.can_fetch(url, AGENT):
                raise Unusable("feed.robots", "The host's robots.txt does not allow programs to fetch this.")
            reply = self._patiently(place, url, max_bytes, headers or {})
            if not (300 <= reply.status < 400 and reply.status != 304):
                return _usable(reply, conditional=bool(headers))
            url = self._redirected(url, reply)
        raise Unusable("feed.redirect", f"The host redirects more than {REDIRECTS} times.")

    def close(self) -> None:
        """Close every connection."""
        for place in self._places.values():
            place.host.close()

    def _redirected(self, url: str, reply: Reply) -> str:
        target = urljoin(url, reply.headers.get("location", ""))
        if host_of(target) not in self.hosts:
            raise Unusable(
                "feed.redirect",
                f"The host redirects to {(host_of(target) or 'an address that is not https')[:100]}, "
                "which is not a host of this feed.",
            )
        return target

    def _place(self, url: str) -> _Place:
        allowed = feed_link(url, self.hosts)
        if not isinstance(allowed, Allow):
            raise Unusable(allowed.rule_id, allowed.why)
        name = host_of(url)
        assert name is not None  # noqa: S101  feed_link() refuses otherwise
        if name not in self._places:
            try:
                place = _Place(Host(url, self.connection), self.pause)
            except Unanswered as error:
                raise _unusable(error) from None
            self._read_robots(name, place)
            self._places[name] = place
        return self._places[name]

    def _read_robots(self, name: str, place: _Place) -> None:
        """Read the host's rules for programs (RFC 9309), before anything else of it.

        Raises:
            Unusable: feed.robots: they cannot be read, so nothing is fetched.
        """
        try:
            url = f"https://{name}/robots.txt"
            reply = self._patiently(place, url, ROBOTS_BYTES, {})
            for _ in range(REDIRECTS):
                if reply.status in (200, 304) or not 300 <= reply.status < 400:
                    break
                url = urljoin(url, reply.headers.get("location", ""))
                if host_of(url) != name:
                    break
                reply = self._patiently(place, url, ROBOTS_BYTES, {})
            text = b"" if reply.status in (404, 410) else _usable(reply).body
        except Unusable as error:
            place.host.close()
            raise Unusable(
                "feed.robots", f"The robots.txt of {name} cannot be read, so nothing is fetched: {error.why}"
            ) from None
        place.rules = Protego.parse(text.decode("utf-8", "replace"))
        asked = float(place.rules.crawl_delay(AGENT) or 0)
        place.free_at += max(0.0, asked - place.pause)
        place.pause = max(place.pause, asked)

    def _patiently(self, place: _Place, url: str, max_bytes: int, headers: Mapping[str, str]) -> Reply:
        """Ask; while the host asks for a wait that is short enough, wait and ask again."""
        for attempt in range(1, _TRIES + 1):
            left = place.free_at - time.monotonic()
            if left > 0:
                self.sleep(left)
            try:
                reply = place.host.exchange(
                    "GET",
                    url,
                    headers={"User-Agent": user_agent(), "Accept": "*/*", **headers},
                    limits=Limits(max_bytes=max_bytes, whole_s=WHOLE_S),
                )
            except Unanswered as error:
                raise _unusable(error) from None
            finally:
                place.free_at = time.monotonic() + place.pause
            wait = reply.retry_after
            if reply.status not in (429, 503) or wait is None or wait > LONGEST_WAIT or attempt == _TRIES:
                return reply
            self.sleep(max(wait, place.pause))
        raise AssertionError


def _unusable(error: Unanswered) -> Unusable:
    codes = {"address": "feed.private_address", "too_large": "feed.too_large"}
    return Unusable(codes.get(error.code, "feed.unreachable"), error.why)


def _usable(reply: Reply, *, conditional: bool = False) -> Reply:
    status = reply.status
    if status == 200 or (status == 304 and conditional):
        return reply
    if 300 <= status < 400 and status != 304:
        raise Unusable("feed.redirect", "The host redirects to another host, which is not followed.")
    if status in (404, 410):
        raise Unusable("feed.gone", "The host does not have this file, or no longer has it.")
    if status in (401, 403):
        raise Unusable(
            "feed.denied",
            f"The host does not let this program in (status {status}). Plainview does not pretend to be a browser.",
        )
    if status in (429, 503):
        wait = reply.retry_after
        asked = f" and asks to wait {wait:.0f} seconds" if wait else ""
        raise Unusable("feed.busy", f"The host is busy{asked}; run the feed again later.")
    raise Unusable("feed.answer", f"The host answers with status {status}.")
