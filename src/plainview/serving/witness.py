"""The front of a witness: two addresses, answered one request at a time from a folder, without Django or a workspace.

Owns the way of a request to `audit.witness` and back. The limits of connections and bodies are those of every server of
ours. It must never hold more of a request than the protocol allows, nor let a flood of requests use up the threads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from plainview.audit.submission import MAX_BODY, PATH, SIZE_TYPE
from plainview.audit.witness import Rejected, Witness, WitnessRefused
from plainview.serving.bodies import Bodies, Gone, Limit, NotTaken, too_large
from plainview.serving.front import end_with
from plainview.serving.turns import Turns

MOST_WAITING: Final = 256
"""Requests that wait for their turn; more are refused with 503: chosen, some two seconds of work of a slow disk."""

TEXT: Final = "text/plain; charset=utf-8"

LOG = logging.getLogger("plainview.witness")


class WitnessFront:
    """An ASGI application for one witness."""

    def __init__(self, witness: Witness, prefix: str, folder: Path) -> None:
        """Take the witness, the path below which it is served ("" for the root), and a folder for large bodies."""
        self.turns = Turns(1)  # one writer of the folder; callers take turns
        self.bodies = Bodies(folder)
        self.answering = 0
        self.closing = self.refusing = False
        self._witness, self._prefix = witness, prefix.rstrip("/")

    def sweep(self) -> None:
        """Forget callers whose turns are long over."""
        self.turns.sweep()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        self.answering += 1
        try:
            status, body, kind, after = await self._answer(scope, receive)
        except NotTaken as refused:
            why = f"{refused.why}\n".encode()
            await end_with(refused.status, [(b"content-type", TEXT.encode())], why, receive, send)
            return
        except Gone:
            return
        finally:
            self.answering -= 1
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        if after:
            headers.append((b"retry-after", str(after).encode()))
        if self.closing:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]]
    ) -> tuple[int, bytes, str, int]:
        path, method = scope["path"], scope["method"]
        if path in (self._prefix, f"{self._prefix}/") and method in ("GET", "HEAD"):
            return 200, f"{self._witness.key.text}\n".encode(), TEXT, 0
        if path != f"{self._prefix}/{PATH}":
            return 404, b"There is nothing at this address.\n", TEXT, 0
        if method != "POST":
            return 405, b"Send a checkpoint with POST.\n", TEXT, 0
        if self.refusing or self.answering > MOST_WAITING:
            return 503, b"This witness has too much to do. Try again in a minute.\n", TEXT, 60
        body = await self._body(scope, receive)
        try:
            line = await self.turns.run(_address(scope), lambda: self._witness.add_checkpoint(body, int(time.time())))
        except Rejected as rejected:
            if rejected.size is not None:
                return rejected.status, f"{rejected.size}\n".encode(), SIZE_TYPE, 0
            return rejected.status, f"{rejected}\n".encode(), TEXT, 600 if rejected.status == 429 else 0
        except (WitnessRefused, OSError) as error:
            LOG.error("A checkpoint was not cosigned: %s", error)
            return 500, b"This witness is out of order. Its operator must look.\n", TEXT, 0
        return 200, line.encode(), TEXT, 0

    async def _body(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]]) -> bytes:
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        declared = int(lengths[0]) if lengths and lengths[0].isdigit() else None
        if declared is not None and declared > MAX_BODY:
            raise NotTaken(413, too_large(MAX_BODY))
        address = _address(scope)
        stream, size = await self.bodies.receive(receive, address, address, declared, _largest)
        with stream:
            if size > MAX_BODY:
                raise NotTaken(413, too_large(MAX_BODY))
            return stream.read()


def _address(scope: dict[str, Any]) -> str:
    return scope["client"][0] if scope.get("client") else ""


async def _largest() -> Limit:
    return Limit(MAX_BODY, members=False)
