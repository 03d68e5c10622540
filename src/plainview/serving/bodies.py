"""Bodies of requests: received in full before a thread is asked for, with limits of time, size and number.

Owns these limits. A body is in memory while it is small and in an encrypted temporary file beyond that; it must never
be written in the clear, and a body that nobody has a right to send is refused before it is read.
"""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from plainview.storage.scratch import Scratch

SMALL = 256 << 10
"""Bytes of a body that anybody may send to any page: forms, sign-in, the answer of a SAML provider (some 20 kB)."""

AT_ONCE, ALL_AT_ONCE = 64, 512
"""Small bodies under way from one address, and from all together (128 MiB of memory at most). Beyond that the one that
has taken longest is given up: a form takes milliseconds, a slow one gives way."""

LARGE_AT_ONCE = 4
"""Bodies larger than SMALL under way from one caller; a fifth is refused. Four uploads fill a line."""

_GRACE, _RATE = 20.0, 500
"""Seconds for the first bytes, then bytes a second: Apache's mod_reqtimeout has body=20,MinRate=500."""

_MEMORY = 1 << 20  # bytes of one body or answer in memory; beyond it is in a file


class Limit(NamedTuple):
    """What a page accepts: the most bytes, and whether more than SMALL needs a signed-in member."""

    most: int
    members: bool


class NotTaken(Exception):
    """A body that is not received.

    Attributes:
        status: HTTP status.
        why: one sentence for people.
        after: seconds after which another try makes sense; 0 if none does.
    """

    def __init__(self, status: int, why: str, after: int = 0) -> None:
        super().__init__(why)
        self.status, self.why, self.after = status, why, after


class Gone(Exception):
    """The caller has hung up."""


@dataclass(eq=False, slots=True)
class _Arriving:
    """A body under way."""

    address: str
    began: float
    clock: asyncio.Timeout
    given_up: bool = False

    def give_up(self) -> None:
        self.given_up = True
        self.clock.reschedule(0.0)


class Bodies:
    """What every address is sending now. Every method belongs to the event loop's thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arriving: dict[_Arriving, None] = {}  # oldest first
        self._large: Counter[str] = Counter()

    async def receive(
        self,
        receive: Callable[[], Awaitable[Any]],
        address: str,
        lane: str,
        declared: int | None,
        allow: Callable[[], Awaitable[Limit]],
    ) -> tuple[BinaryIO, int]:
        """Return the whole body, at its beginning, and its size.

        Args:
            receive: the next event of the connection (ASGI).
            address: the caller's.
            lane: names the caller, as `turns` does.
            declared: Content-Length; None if the body comes in chunks.
            allow: what this caller may send to this page; asked only for more than SMALL.

        Raises:
            NotTaken: too large, too slow, too many at once, or not signed in.
            Gone: the caller hung up.
        """
        if declared == 0:
            return io.BytesIO(), 0
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            clock = asyncio.timeout(_GRACE)
            arriving = _Arriving(address, loop.time(), clock)
            stack.callback(self.arriving.pop, arriving, None)
            size, most, target = 0, SMALL, cast(BinaryIO, io.BytesIO())
            large = declared is not None and declared > SMALL
            if large:
                most = await self._admit(declared or 0, lane, allow, stack)
            try:
                async with clock:
                    if not large:
                        self._make_room(address)
                        self.arriving[arriving] = None
                    while True:
                        event = await receive()
                        if event["type"] == "http.disconnect":
                            raise Gone
                        data = event.get("body", b"")
                        size += len(data)
                        if size > most and not large:  # in chunks, and more than SMALL
                            large, most = True, await self._admit(size, lane, allow, stack)
                            self.arriving.pop(arriving, None)
                        if size > most:
                            raise NotTaken(413, too_large(most))
                        target = self._write(target, data, size)
                        if not event.get("more_body", False):
                            break
                        if not arriving.given_up:
                            clock.reschedule(arriving.began + _GRACE + size / _RATE)
            except TimeoutError:
                target.close()
                raise NotTaken(408, "The request arrived too slowly.") from None
            except BaseException:
                target.close()
                raise
        target.seek(0)
        return target, size

    async def _admit(self, size: int, lane: str, allow: Callable[[], Awaitable[Limit]], stack: AsyncExitStack) -> int:
        limit = await allow()
        if size > limit.most:
            raise NotTaken(413, too_large(limit.most))
        if limit.members:
            raise NotTaken(403, "Only signed-in members can send this much. Sign in, then send it again.")
        if self._large[lane] >= LARGE_AT_ONCE:
            raise NotTaken(429, "You are already sending as much as is accepted at once. Try again in a minute.", 60)
        self._large[lane] += 1
        stack.callback(self._left, lane)
        return limit.most

    def _left(self, lane: str) -> None:
        self._large[lane] -= 1
        if not self._large[lane]:
            del self._large[lane]

    def _make_room(self, address: str) -> None:
        """Give up the slowest body of this address, or of the address that sends most, if there are too many."""
        waiting = [arriving for arriving in self.arriving if not arriving.given_up]
        of_each = Counter(arriving.address for arriving in waiting)
        if of_each[address] >= AT_ONCE:
            next(arriving for arriving in waiting if arriving.address == address).give_up()
        elif len(waiting) >= ALL_AT_ONCE:
            most = of_each.most_common(1)[0][0]
            next(arriving for arriving in waiting if arriving.address == most).give_up()

    def _write(self, target: BinaryIO, data: bytes, size: int) -> BinaryIO:
        if isinstance(target, io.BytesIO) and size > _MEMORY:
            scratch = Scratch(self.folder)
            scratch.write(target.getbuffer())
            target = cast(BinaryIO, _Buffered(scratch))
        target.write(data)
        return target

    def keep(self, parts: Iterable[bytes]) -> BinaryIO:
        """Return an answer that waits for a slow reader."""
        size, target = 0, cast(BinaryIO, io.BytesIO())
        for part in parts:
            size += len(part)
            target = self._write(target, part, size)
        target.seek(0)
        return target


class _Buffered(io.BufferedRandom):
    """A scratch file whose reads are gathered."""

    def __init__(self, scratch: Scratch) -> None:
        super().__init__(scratch, 256 << 10)


def too_large(most: int) -> str:
    """Say how much a page accepts."""
    size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} kB"
    return f"The request is larger than what is accepted here ({size})."
