"""Connections: uvicorn's HTTP/1.1 protocol with limits of time and number, and a server that ends when it is told to.

Owns the limits of a connection that is not a request yet, or no longer is. It must never wait for a peer longer than
these limits say.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD = 20.0
"""Seconds in which the head of a request arrives: Apache's mod_reqtimeout has header=20."""

HANDSHAKE = 10.0
"""Seconds for a TLS handshake: ten round trips to the other side of the earth, and more."""

IDLE = 15.0
"""Seconds for which a connection stays open between two requests: longer than between two clicks, mostly."""

PROXY_IDLE = 620.0
"""Seconds of the same for a trusted proxy: longer than any load balancer keeps a connection (Google's: 600 s, Caddy: 120 s,
Amazon's: 60 s). One that is closed while the proxy sends on it is a 502 that nobody here sees."""

STUCK = 20.0
"""Seconds without progress after which an answer that nobody reads is given up."""

ENDS = 4.0
"""Seconds in which the server ends: requests under way are finished, then whatever is left is cut."""

FRESH, BODIES_END = 0.5, 1.0
"""Seconds of these for connections that have not sent their request yet, and for bodies that are still arriving."""

_MOST = 4096  # connections; each costs a file descriptor and some 10 kB

LOG = logging.getLogger("plainview.serving")


class Served(Protocol):
    """What a server needs of its application, beside ASGI.

    Attributes:
        answering: requests whose body has arrived and whose answer is not sent yet.
        closing: every answer ends its connection.
        refusing: new requests are refused.
    """

    answering: int
    closing: bool
    refusing: bool

    def sweep(self) -> None:
        """Forget what is no longer needed; called once a second."""

    def trusts(self, peer: str) -> bool:
        """Say whether this address is one of a trusted proxy."""


class Connection(H11Protocol):
    """One connection, which knows since when it waits for the head of a request or for its reader."""

    head_since: float | None = None
    unread, unread_since = 0, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or another one's place."""
        super().connection_made(transport)
        self.head_since = time.monotonic()
        if cast(Served, self.config.app).trusts(self.address):
            self.timeout_keep_alive = int(PROXY_IDLE)
        if len(self.connections) > self.config.limit_max_connections:  # type: ignore[attr-defined]
            _make_room(cast("set[Connection]", self.connections)).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Count the time of a head from its first byte."""
        if self.resting and self.head_since is None:
            self.head_since = time.monotonic()
        super().data_received(data)
        if not self.resting:
            self.head_since = None

    @property
    def resting(self) -> bool:
        """Say whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def fresh(self) -> bool:
        """Say whether a request may have been sent that was not read yet, or only its body is missing."""
        waits = self.resting and self.head_since is not None and time.monotonic() - self.head_since < FRESH
        return waits or self.arriving

    @property
    def arriving(self) -> bool:
        """Say whether a request's body is under way."""
        return not self.resting and self.cycle.more_body

    @property
    def address(self) -> str:
        """The address at the other end."""
        return self.client[0] if self.client else ""

    def check(self, now: float) -> None:
        """End the connection if it has waited too long."""
        unread = self.transport.get_write_buffer_size()
        if unread != self.unread or not unread:
            self.unread, self.unread_since = unread, now
        slow_head = self.resting and self.head_since is not None and now - self.head_since > HEAD
        if slow_head or (unread and now - self.unread_since > STUCK):
            self.transport.abort()


def _make_room(connections: set[Connection]) -> Connection:
    """Return the connection to give up: of the address with most of them, the oldest that is not being answered."""
    of_each = Counter(connection.address for connection in connections)
    most = of_each.most_common(1)[0][0]
    theirs = [connection for connection in connections if connection.address == most]
    return min(
        theirs, key=lambda connection: (not connection.resting, not connection.arriving, connection.head_since or 0)
    )


class Server(uvicorn.Server):
    """The server of one process: listens, looks after connections, and ends within ENDS seconds of being told to."""

    def __init__(self, front: Served, sockets: list[socket.socket], context: Context | None) -> None:
        config = uvicorn.Config(
            cast(Any, front),
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=int(IDLE),
            h11_max_incomplete_event_size=32 << 10,
        )
        config.limit_max_connections = _descriptors()  # type: ignore[attr-defined]
        super().__init__(config)
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        self._front, self._sockets, self._context = front, sockets, context
        self._swept = 0.0
        self.tick: Callable[[], None] = lambda: None
        self.ending: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return Connection(config=self.config, server_state=self.server_state, app_state={}, _loop=loop)

        context = self._context.ssl if self._context else None
        self.servers = [
            await loop.create_server(
                protocol, sock=sock, ssl=context, backlog=2048, ssl_handshake_timeout=HANDSHAKE if context else None
            )
            for sock in self._sockets
        ]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Look after connections once a second."""
        now = time.monotonic()
        if not self.should_exit:
            self.tick()
        if now - self._swept > 1.0:
            self._swept = now
            for connection in list(self.server_state.connections):
                cast(Connection, connection).check(now)
            self._front.sweep()
            if self._context is not None:
                self._context.renew()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was sent before, finish the requests under way, then cut what is left."""
        began, self._front.closing = time.monotonic(), True
        self.ending()
        for server in self.servers:
            server.close()
        while not self.force_exit and (took := time.monotonic() - began) < ENDS:
            connections = [cast(Connection, connection) for connection in self.server_state.connections]
            if took >= FRESH:
                self._front.refusing = True
            for connection in connections:
                if connection.resting and not (connection.fresh and took < FRESH):
                    connection.shutdown()
            if not self._front.answering and not any(
                connection.fresh if took < FRESH else connection.arriving and took < BODIES_END
                for connection in connections
            ):
                break
            await asyncio.sleep(0.02)
        for unfinished in list(self.server_state.connections):
            cast(Connection, unfinished).transport.abort()
        await asyncio.sleep(0.05)  # in which their requests learn it

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the code that runs the server."""
        yield


class Context:
    """The TLS context of a certificate and its key, renewed when the files are replaced."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both files: TLS 1.2 and newer, the ciphers of Python's own choice.

        Raises:
            OSError, ssl.SSLError: a file cannot be read, or the two do not belong together.
        """
        self._files = (certificate, key)
        self._read_at = _changed(self._files)
        self.ssl = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self.ssl.set_alpn_protocols(["http/1.1"])
        self.ssl.load_cert_chain(certificate, key, password=lambda: b"")

    def renew(self) -> None:
        """Read files that were replaced; if they cannot be used, the certificate of before stays in use."""
        changed = _changed(self._files)
        if changed == self._read_at:
            return
        self._read_at = changed
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*self._files, password=lambda: b"")
            self.ssl.load_cert_chain(*self._files, password=lambda: b"")
        except (OSError, ssl.SSLError) as error:
            LOG.warning("The new certificate cannot be used, the one before stays in use: %s", error)
        else:
            LOG.warning("The new certificate is in use.")


def _changed(files: tuple[Path, Path]) -> float:
    try:
        return max(file.stat().st_mtime for file in files)
    except OSError:
        return 0.0


def _descriptors() -> int:
    """Raise the limit of open files as far as allowed; return how many connections fit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if most != resource.RLIM_INFINITY else 1 << 16
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(64, min(_MOST, soft - 256))
