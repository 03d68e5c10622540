"""Fetching one file at a time from one host, politely, and nothing but that file.

Owns the connection: the host's name is looked up once, every address must be public, and the connection goes to that
same address, so that a second look-up cannot lead elsewhere (DNS rebinding). It must never follow a redirect, use a
proxy from the environment, read more than it is allowed to, or ask twice within the pause. No Django here.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import urllib3
from protego import Protego
from urllib3.exceptions import HTTPError

from plainview import __version__
from plainview.casework.enrolment.items import Unusable
from plainview.policy.wording import counted

AGENT = f"plainview-feed/{__version__}"
"""The User-Agent header; a robots.txt names it `plainview-feed`."""

ROBOTS_BYTES = 500 * 1024
"""Bytes of robots.txt that are read; source: RFC 9309, 2.5: at least 500 KiB."""

_CONNECT_S, _READ_S, _WHOLE_S = 10.0, 30.0, 120.0  # ends an answer that trickles in byte by byte
_PIECE = 1 << 16
_NAT64 = ip_network("64:ff9b::/96")

Resolver = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises:
        OSError: the host has no address.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted({str(address[4][0]) for address in addresses})


def is_public(address: str) -> bool:
    """Say whether an address is on the public internet, also when another one is embedded in it (mapped, NAT64, 6to4)."""
    number = ip_address(address.partition("%")[0])
    if isinstance(number, IPv6Address) and number in _NAT64:
        number = IPv4Address(int(number) & 0xFFFFFFFF)
    elif isinstance(number, IPv6Address):
        number = number.ipv4_mapped or number.sixtofour or number
    return number.is_global and not (number.is_multicast or number.is_reserved or number.is_loopback)


class Host:
    """One https host, reached at one address for as long as this object lives."""

    def __init__(
        self,
        host: str,
        *,
        seconds_between: float,
        private: bool = False,
        ca_file: str | None = None,
        resolver: Resolver = resolve,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look up the host.

        Args:
            host: its name, with the port if it is not 443.
            seconds_between: pause between two requests, seconds.
            private: allow addresses that are not public; for a publisher in one's own network, and for tests.
            ca_file: certificates to trust in addition to the system's.
            resolver: looks up names.
            sleep: waits.

        Raises:
            Unusable: feed.unreachable, feed.private_address.
        """
        parts = urlsplit(f"https://{host}")
        self._name, self._port, self._netloc = str(parts.hostname), parts.port or 443, host
        self.seconds_between = seconds_between
        self._sleep, self._free_at = sleep, 0.0
        try:
            addresses = resolver(self._name, self._port)
        except OSError as error:
            raise Unusable("feed.unreachable", f"The host {self._name} cannot be found ({error.strerror}).") from None
        hidden = [address for address in addresses if not is_public(address)]
        if not addresses or (hidden and not private):
            raise Unusable(
                "feed.private_address",
                f"The host {self._name} resolves to {hidden[0] if hidden else 'no address'}, which is not on the public internet.",
            )
        self._pool = urllib3.HTTPSConnectionPool(
            addresses[0],
            self._port,
            server_hostname=self._name,
            assert_hostname=self._name,
            maxsize=1,
            cert_reqs="CERT_REQUIRED",
            ca_certs=ca_file,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S),
        )

    def get(self, url: str, *, max_bytes: int) -> bytes:
        """Return the body of a file on this host.

        Raises:
            Unusable: feed.redirect, feed.gone (404, 410), feed.busy (429, 503), feed.answer (any other answer than
                200), feed.too_large, feed.unreachable.
        """
        parts = urlsplit(url)
        if parts.netloc.lower().removesuffix(":443") != self._netloc:
            raise Unusable("feed.host", f"The link is not on {self._netloc}.")
        self._wait()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": self._netloc, "User-Agent": AGENT, "Accept-Encoding": "identity", "Accept": "*/*"}
        try:
            answer = self._pool.request(
                "GET", target, headers=headers, redirect=False, preload_content=False, decode_content=False
            )
            try:
                _require_ok(answer.status)
                return _body(answer, max_bytes)
            finally:
                answer.close()  # the rest of the answer stays unread
        except (HTTPError, OSError, ValueError) as error:
            raise Unusable("feed.unreachable", f"{self._name} did not answer: {type(error).__name__}.") from None
        finally:
            self._free_at = time.monotonic() + self.seconds_between

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def _wait(self) -> None:
        left = self._free_at - time.monotonic()
        if left > 0:
            self._sleep(left)


class Robots:
    """A host's rules for programs (RFC 9309), read once, before anything else."""

    def __init__(self, host: Host, netloc: str) -> None:
        """Read robots.txt.

        Raises:
            Unusable: feed.robots: it cannot be read, so nothing is fetched.
        """
        try:
            text = host.get(f"https://{netloc}/robots.txt", max_bytes=ROBOTS_BYTES).decode("utf-8", "replace")
        except Unusable as error:
            if error.code != "feed.gone":
                raise Unusable(
                    "feed.robots", f"The host's robots.txt cannot be read, so nothing is fetched: {error.why}"
                ) from None
            text = ""
        self._rules = Protego.parse(text)

    def require(self, url: str) -> None:
        """Raise unless the host lets programs fetch this address.

        Raises:
            Unusable: feed.robots.
        """
        if not self._rules.can_fetch(url, AGENT):
            raise Unusable("feed.robots", "The host's robots.txt does not allow programs to fetch this.")

    @property
    def pause(self) -> float:
        """Return the seconds between two requests that the host asks for; 0 if it asks for none."""
        return float(self._rules.crawl_delay(AGENT) or 0)


def _require_ok(status: int) -> None:
    if 300 <= status < 400:
        raise Unusable("feed.redirect", "The host answers with a redirect, which is never followed.")
    if status in (404, 410):
        raise Unusable("feed.gone", "The host does not have this file, or no longer has it.")
    if status in (429, 503):
        raise Unusable("feed.busy", "The host is busy; run the feed again later.")
    if status != 200:
        raise Unusable("feed.answer", f"The host answers with status {status}.")


def _body(answer: urllib3.BaseHTTPResponse, max_bytes: int) -> bytes:
    """Read at most `max_bytes`."""
    too_large = Unusable(
        "feed.too_large", f"The file has more than the {counted(max_bytes, 'byte')} that the feed allows."
    )
    stated = answer.headers.get("Content-Length", "")
    if stated.isdecimal() and int(stated) > max_bytes:
        raise too_large
    began, body = time.monotonic(), bytearray()
    while piece := answer.read(_PIECE):
        body += piece
        if len(body) > max_bytes:
            raise too_large
        if time.monotonic() - began > _WHOLE_S:
            raise Unusable("feed.unreachable", f"The host took more than {_WHOLE_S:.0f} s.")
    return bytes(body)
