"""Connections to other people's hosts, for feeds and webhooks: one guard for both.

Owns which addresses may be reached: the host's name is looked up once for each connection, every address must be
public, and the connection goes to that same address, so that a second look-up cannot lead elsewhere (DNS rebinding).
It must never follow a redirect, use a proxy or a password file of the environment, read more than it is allowed to, or
wait without limit.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as TookTooLong

from plainview.casework.workspace.services import services
from plainview.policy.addresses import is_open
from plainview.policy.wording import counted

_PIECE = 1 << 16
Resolver = Callable[[str, int], list[str]]


class Unanswered(Exception):
    """A host that was not reached, or an answer that cannot be used.

    Attributes:
        code: a stable word: address, unreachable, too_large.
        why: one sentence.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach hosts. The default suits the internet; intranets and tests set it in workspace.toml.

    Attributes:
        private: allow addresses that are not public, except link-local ones.
        ca_file: certificates to trust instead of the system's.
        resolver: looks up names.
    """

    private: bool = False
    ca_file: str | None = None
    resolver: Resolver | None = None

    @classmethod
    def of_workspace(cls, table: str) -> Connection:
        """Return the settings of a table of workspace.toml, such as "feeds": `private_addresses`, `ca_file`."""
        outgoing = services().workspace.settings().get(table)
        outgoing = outgoing if isinstance(outgoing, dict) else {}
        return cls(outgoing.get("private_addresses") is True, outgoing.get("ca_file"))


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one exchange: seconds to connect, between two pieces, and in all; bytes of the answer."""

    connect_s: float = 10.0
    read_s: float = 30.0
    whole_s: float = 120.0
    max_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its headers by lower-case name, and its body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def retry_after(self) -> float | None:
        """Return the seconds that the host asks to wait (RFC 9110, 10.2.3), or None."""
        stated = self.headers.get("retry-after", "").strip()
        if stated.isdecimal():
            return float(stated)
        try:
            moment = parsedate_to_datetime(stated)
        except (TypeError, ValueError):
            return None
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises:
        OSError: the host has no address.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted({str(address[4][0]) for address in addresses})


class Host:
    """One host, reached at one address for as long as this object lives."""

    def __init__(self, url: str, connection: Connection) -> None:
        """Look up the host of an address.

        Args:
            url: an https address (http only where the caller allows it), of which the host and port count.
            connection: which addresses are allowed, and which certificates.

        Raises:
            Unanswered: address, unreachable.
        """
        parts = urlsplit(url)
        self._name = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self.netloc = _netloc(self._name, parts)
        try:
            addresses = (connection.resolver or resolve)(self._name, port)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise Unanswered("unreachable", f"The host {self._name} cannot be found ({why}).") from None
        closed = [address for address in addresses if not is_open(address, private=connection.private)]
        if not addresses or closed:
            raise Unanswered(
                "address",
                f"The host {self._name} resolves to {closed[0] if closed else 'no address'}, "
                "which is not on the public internet.",
            )
        options: dict[str, Any] = {"maxsize": 1, "retries": False}
        self._sockets: list[socket.socket] = []
        self._pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            self._pool = urllib3.HTTPSConnectionPool(
                addresses[0],
                port,
                server_hostname=self._name,
                assert_hostname=self._name,
                cert_reqs="CERT_REQUIRED",
                ca_certs=connection.ca_file,
                **options,
            )
        else:
            self._pool = urllib3.HTTPConnectionPool(addresses[0], port, **options)
        self._pool.ConnectionCls = _watched(self._pool.ConnectionCls, self._sockets)

    def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, limits: Limits
    ) -> Reply:
        """Send one request and return its answer, whatever its status.

        Raises:
            Unanswered: unreachable, too_large.
        """
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # The time limits of a socket begin again with every byte; this one does not.
        late = threading.Event()
        alarm = threading.Timer(limits.whole_s, self._hang_up, [late])
        alarm.daemon = True
        alarm.start()
        try:
            answer = self._pool.request(
                method,
                target,
                body=body,
                headers={"Host": self.netloc, "Accept-Encoding": "gzip", **headers},
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=limits.connect_s, read=limits.read_s),
            )
            try:
                headers_of = {name.lower(): value for name, value in answer.headers.items()}
                reply = Reply(answer.status, headers_of, _body(answer, limits))
            finally:
                answer.close()  # the rest of the answer stays unread
            if late.is_set():
                raise OSError  # an answer that was cut off may look like a whole one
            return reply
        except (HTTPError, OSError, ValueError) as error:
            why = "it took too long" if late.is_set() else _reason(error)
            raise Unanswered("unreachable", f"{self._name} did not answer: {why}.") from None
        finally:
            alarm.cancel()

    def _hang_up(self, late: threading.Event) -> None:
        late.set()
        for opened in self._sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


def _body(answer: urllib3.BaseHTTPResponse, limits: Limits) -> bytes:
    """Read the body, unpacked if it is packed, up to the limit."""
    too_large = Unanswered(
        "too_large", f"The answer has more than the {counted(limits.max_bytes, 'byte')} that are allowed."
    )
    stated = answer.headers.get("Content-Length", "")
    if stated.isdecimal() and int(stated) > limits.max_bytes:
        raise too_large
    body = bytearray()
    while piece := answer.read(_PIECE, decode_content=True):
        body += piece
        if len(body) > limits.max_bytes:
            raise too_large
    return bytes(body)


def _watched(base: Any, opened: list[socket.socket]) -> Any:
    """Return the connection class of a pool, made to list each socket that it opens."""

    class Watched(base):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            opened[:] = [self.sock]

    return Watched


def _netloc(name: str, parts: SplitResult) -> str:
    shown = f"[{name}]" if ":" in name else name
    return shown if parts.port in (None, 443 if parts.scheme == "https" else 80) else f"{shown}:{parts.port}"


def _reason(error: Exception) -> str:
    if isinstance(error, SSLError):
        return "its certificate is not trusted"
    if isinstance(error, NewConnectionError):  # a kind of timeout to urllib3, however soon it was refused
        return "it takes no connections"
    if isinstance(error, TookTooLong):
        return "it took too long"
    return f"the connection broke ({type(error).__name__})"
