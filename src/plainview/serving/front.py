"""The front: one request from its head to the last byte of its answer.

Owns the way of a request: whose it is, its body, its turn, Django in a thread, the answer at the reader's own pace. No
thread waits for a body or a reader. It must never pass on a header by which a caller could pretend to be another one.
"""

from __future__ import annotations

import asyncio
import html
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from plainview.casework.workspace.serving import Caller, Network, Serving, caller, is_proxy, networks
from plainview.serving.bodies import SMALL, Bodies, Gone, Limit, NotTaken
from plainview.serving.interpreters import NOTES, Answer, Interpreters
from plainview.serving.turns import Turns

MEMBER = f"{NOTES}member"
"""Key of the WSGI environment: set by the pages for the request of a signed-in member."""

FORWARDED = f"{NOTES}forwarded"
"""Key of the WSGI environment: whether a header says that a proxy passed the request on, one that was named or not."""

ACTED = f"{NOTES}acted"
"""Key of the WSGI environment: when this session last acted or had news, by time.monotonic(); 0 if not known."""

NEWS = f"{NOTES}news"
"""Key of the WSGI environment: set by a page that showed its member something new."""

MEASURED = f"{NOTES}measured"
"""Key of the WSGI environment: what the metrics count of a request, for the process that answers their page."""

_PIECE = 64 << 10  # bytes sent at once: the size of a socket's buffer
_READER = 20.0  # seconds in which a reader takes one piece: 3 kB a second at least
_LINGER = 2.0  # seconds for which the rest of a refused body is read away, so that the refusal arrives
_SESSIONS = 10_000  # sessions that are remembered as signed in
_NEVER = frozenset(
    {"proxy", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "forwarded"}
)

_PASSED_ON = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the front asks the pages.

    Attributes:
        limit: path -> what the page accepts.
        signed_in: session key -> whether a member is signed in with it. Both may ask the database.
        session_cookie: name of the session's cookie.
        warn: writes a line for the operator, once.
        page: status and reason -> the page of a request that is not taken.
        own: path -> whether only the server's own process may answer it.
        count: what another process measured of a request -> counted in this one.
        programs: what is asked instead for the addresses that programs call.
    """

    limit: Callable[[str], Limit]
    signed_in: Callable[[str], bool]
    session_cookie: str
    warn: Callable[[str], None] = lambda text: None
    page: Callable[[int, str], bytes] = lambda status, why: html.escape(why).encode()
    own: Callable[[str], bool] = lambda path: False
    count: Callable[..., None] = lambda *measured: None
    programs: Programs | None = None


@dataclass(frozen=True, slots=True)
class Programs:
    """What the front asks the API.

    Attributes:
        concerns: path -> whether it is one of the API.
        limit: path -> what the operation accepts.
        credential: headers -> what stands for the caller in place of a session.
        known: credential -> whether it is one of a member; may ask the database.
        refusal: status and reason -> status, media type and body of an answer without Django.
    """

    concerns: Callable[[str], bool]
    limit: Callable[[str], Limit]
    credential: Callable[[Mapping[str, str]], str]
    known: Callable[[str], bool]
    refusal: Callable[[int, str], tuple[int, str, bytes]]


@dataclass(slots=True)
class _Request:
    scope: dict[str, Any]
    headers: dict[str, str]
    caller: Caller
    session: str
    lane: str


class Front:
    """An ASGI application around Django's WSGI application."""

    def __init__(self, interpreters: Interpreters, serving: Serving, rules: Rules, folder: Path) -> None:
        self.turns = Turns(pages=interpreters.number)
        self.bodies = Bodies(folder)
        self.answering = 0
        """Requests whose body has arrived and whose answer is not sent yet."""
        self.closing = self.refusing = False
        """Every answer ends its connection; new requests are refused."""
        self._interpreters, self._serving, self._rules = interpreters, serving, rules
        self._trusted: tuple[Network, ...] = networks(serving.trusted)
        self._sessions: OrderedDict[str, float] = OrderedDict()  # -> when it last acted, by time.monotonic()

    def sweep(self) -> None:
        """Forget callers whose turns are long over."""
        self.turns.sweep()

    def trusts(self, peer: str) -> bool:
        """Say whether this address is one of a trusted proxy."""
        return is_proxy(peer, self._trusted)

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        try:
            request = self._read(scope)
            if self.refusing:
                raise NotTaken(503, "Plainview is being stopped. Try again in a minute.", 60)
            body, size = await self._body(request, receive)
        except NotTaken as refused:
            await _refuse(refused, receive, send, self._rules, scope["path"])
            return
        except OSError as error:
            self._rules.warn(f"A request's body could not be stored: {error.strerror}.")
            await _refuse(_no_room(), receive, send, self._rules, scope["path"])
            return
        except Gone:
            return
        self.answering += 1
        try:
            with body:
                try:
                    answer = await self._turn(request, body, size, receive)
                except OSError as error:  # Django's own are answers by now
                    self._rules.warn(f"An answer could not be stored: {error.strerror}.")
                    await _refuse(_no_room(), receive, send, self._rules, scope["path"])
                    return
            if answer is not None:
                await self._send(answer, send)
        finally:
            self.answering -= 1

    def _read(self, scope: dict[str, Any]) -> _Request:
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            if "_" in name:  # X_Forwarded_For would become the same variable as X-Forwarded-For
                continue
            if name in headers:
                if name in ("host", "content-length", "content-type"):
                    raise NotTaken(400, f"The request has more than one {name.title()}.")
                value = f"{headers[name]}{'; ' if name == 'cookie' else ','}{value}"
            headers[name] = value
        if not scope["raw_path"].startswith(b"/"):
            raise NotTaken(400, "The request names no page of this server.")
        peer = scope["client"][0] if scope.get("client") else ""
        who = caller(peer, headers, scope["scheme"], self._trusted)
        if self._trusted and "x-forwarded-for" in headers and "x-forwarded-proto" not in headers:
            self._rules.warn("The proxy does not send X-Forwarded-Proto: set it to the scheme that people use.")
        programs = self._programs(scope["path"])
        session = (
            programs.credential(headers) if programs else _cookie(headers.get("cookie", ""), self._rules.session_cookie)
        )
        known = _digest(session)
        lane = f"session {known}" if known in self._sessions else f"address {who.address}"
        return _Request(scope, headers, who, session, lane)

    async def _body(self, request: _Request, receive: Callable[[], Awaitable[Any]]) -> tuple[BinaryIO, int]:
        chunked = "transfer-encoding" in request.headers
        declared = request.headers.get("content-length", "")
        if declared and not declared.isdecimal():
            raise NotTaken(400, "The length of the request is not a number.")
        size = None if chunked else int(declared or 0)

        async def allow() -> Limit:
            path, session = request.scope["path"], request.session
            limit = await self.turns.run(request.lane, lambda: self._allowed(path, session))
            assert isinstance(limit, Limit)  # noqa: S101
            return limit

        return await self.bodies.receive(receive, request.caller.address, request.lane, size, allow)

    def _allowed(self, path: str, session: str) -> Limit:
        programs = self._programs(path)
        limit = programs.limit(path) if programs else self._rules.limit(path)
        known = programs.known if programs else self._rules.signed_in
        if limit.most > SMALL and limit.members:
            return Limit(limit.most, not (session and known(session)))
        return Limit(limit.most, False)

    def _programs(self, path: str) -> Programs | None:
        programs = self._rules.programs
        return programs if programs is not None and programs.concerns(path) else None

    async def _turn(
        self, request: _Request, body: BinaryIO, size: int, receive: Callable[[], Awaitable[Any]]
    ) -> Answer | None:
        """Let Django answer when it is this caller's turn; None if the caller hung up before."""
        environ = self._environ(request, body, size)
        page = request.scope["method"] in ("GET", "HEAD")
        beside = page and not size and not self._rules.own(request.scope["path"])

        def work() -> Answer:
            return self._interpreters.answer(environ, self.bodies.keep, beside=beside)

        turn = asyncio.ensure_future(self.turns.run(request.lane, work, alone=page))
        hung_up = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait((turn, hung_up), return_when=asyncio.FIRST_COMPLETED)
            if not turn.done() and self.turns.withdraw(request.lane, work):
                return None
            answer = await turn  # begun is finished, also for someone who hung up
        finally:
            hung_up.cancel()
        assert isinstance(answer, Answer)  # noqa: S101
        if answer.notes.get(MEMBER):
            self._remember(request.session, acted=not page or bool(answer.notes.get(NEWS)))
        if MEASURED in answer.notes and answer.beside:
            self._rules.count(*answer.notes[MEASURED])
        return answer

    def _remember(self, session: str, *, acted: bool) -> None:
        known = _digest(session)
        self._sessions[known] = monotonic() if acted else self._sessions.get(known, 0.0)
        self._sessions.move_to_end(known)
        if len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)

    def _environ(self, request: _Request, body: BinaryIO, size: int) -> dict[str, Any]:
        scope, who = request.scope, request.caller
        host = self._host(request)
        name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdigit() else (host, "", "")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": scope["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_NAME": name or "localhost",
            "SERVER_PORT": port or ("443" if who.scheme == "https" else "80"),
            "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
            "REMOTE_ADDR": who.address,
            "CONTENT_LENGTH": str(size),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": who.scheme,
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            ACTED: self._sessions.get(_digest(request.session), 0.0),
            FORWARDED: any(header in request.headers for header in _PASSED_ON),
        }
        for header, value in request.headers.items():
            if header == "content-type":
                environ["CONTENT_TYPE"] = value
            elif header not in _NEVER and header not in ("content-length", "transfer-encoding"):
                environ[f"HTTP_{header.upper().replace('-', '_')}"] = value
        environ["HTTP_HOST"] = host
        return environ

    def _host(self, request: _Request) -> str:
        """Return the Host that the person typed: the request's own, unless only the proxy's other header has a name."""
        own, typed = request.headers.get("host", ""), request.caller.host
        names = self._serving.names
        return typed if typed and own.lower() not in names and typed.lower() in names else own

    async def _send(self, answer: Answer, send: Callable[[Any], Awaitable[None]]) -> None:
        if self.closing:
            answer.headers.append((b"connection", b"close"))
        with answer.body as body, suppress(TimeoutError):
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            piece = body.read(_PIECE)
            while piece:
                following = body.read(_PIECE)
                event = {"type": "http.response.body", "body": piece, "more_body": bool(following)}
                await asyncio.wait_for(send(event), _READER)
                if not following:
                    return
                piece = following
            await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _no_room() -> NotTaken:
    return NotTaken(503, "The server has no room for this now. Tell its operator.", 60)


async def _refuse(
    refused: NotTaken,
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
    rules: Rules,
    path: str,
) -> None:
    """Answer without a turn, and end the connection: the rest of a body could not be told from the next request."""
    programs = rules.programs if rules.programs and rules.programs.concerns(path) else None
    if programs is not None:
        status, media_type, page = programs.refusal(refused.status, str(refused))
    else:
        status, media_type = refused.status, "text/html; charset=utf-8"
        page = await asyncio.to_thread(rules.page, status, str(refused))
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(page)).encode()),
        (b"content-security-policy", b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'"),
        (b"cache-control", b"no-store"),
    ]
    if refused.after:
        headers.append((b"retry-after", str(refused.after).encode()))
    await end_with(status, headers, page, receive, send)


async def end_with(
    status: int,
    headers: list[tuple[bytes, bytes]],
    page: bytes,
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Answer a request whose body was not received, so that the answer arrives, and end the connection."""
    headers = [*headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            await _until_end(receive)
    await send({"type": "http.response.body", "body": b""})


async def _until_end(receive: Callable[[], Awaitable[Any]]) -> None:
    while True:
        event = await receive()
        if event["type"] == "http.disconnect" or not event.get("more_body", False):
            return


def _cookie(header: str, name: str) -> str:
    if name not in header:
        return ""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _digest(session: str) -> str:
    return blake2b(session.encode(), digest_size=16).hexdigest() if session else ""
