"""Runs the server of a workspace in this process, with its worker beside it, until a signal ends both."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time

from plainview.policy.decision import Refused
from plainview.serving.child import Child
from plainview.serving.connections import ENDS, Context, Served, Server
from plainview.serving.interpreters import SWITCH

_MARGIN = 0.5  # seconds after ENDS for the worker


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        Refused: serve.port: the port is taken, or the address is not one of this machine.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = addresses[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(2048)
    except (OSError, OverflowError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Refused(
            "serve.port",
            "Not served",
            f"Nothing can listen on {host}, port {port}: {why}.",
            "Choose another port or address, or stop the program that uses it.",
        ) from None
    return listener


def run(front: Served, listener: socket.socket, context: Context | None, worker: Child | None) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; a second one cuts the requests under way."""
    sys.setswitchinterval(SWITCH)
    server = Server(front, [listener], context)
    told_at: list[float] = []
    if worker is not None:
        server.tick, server.ending = worker.tick, worker.end

    async def serve() -> None:
        loop = asyncio.get_running_loop()

        def end() -> None:
            told_at.append(time.monotonic())
            server.force_exit, server.should_exit = server.should_exit, True

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        loop.call_soon(_ready)
        await server.serve()

    try:
        asyncio.run(serve())
    finally:
        if worker is not None:
            worker.end()
            left = ENDS + _MARGIN - (time.monotonic() - told_at[0]) if len(told_at) == 1 else _MARGIN
            worker.wait(left)


def _ready() -> None:
    """Tell the service manager that the server answers (sd_notify), if one asked."""
    name = os.environ.get("NOTIFY_SOCKET")
    if name:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect("\0" + name[1:] if name.startswith("@") else name)
            channel.send(b"READY=1")
