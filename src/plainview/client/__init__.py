"""A client of the API for Python programs on other machines: typed, with and without asyncio.

Owns how the API is called: retries that cannot do a thing twice, uploads that are streamed, problems as exceptions. It
needs httpx (the extra `client`) and nothing else of Plainview, so this folder alone can be copied to another machine.

    with Client("https://faces.example", token) as faces:
        faces.open_case("C-1", "robbery")
        answer = faces.search("probe.jpg", case="C-1", purpose="find the rider", gallery="custody")
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast, overload

from plainview.client import calls, operations
from plainview.client.calls import Call, File
from plainview.client.operation import Answer, Operation
from plainview.client.types import Case, Enrolled, Picture, Result, Search

if TYPE_CHECKING:
    import httpx

RETRIES = 4
"""Times that a request is sent again after an answer that says "later", or none: with growing pauses, 0.5 s to 8 s."""

Progress = Callable[[int], None]
"""Is told how many bytes were sent so far."""

__all__ = ["AsyncClient", "Call", "Client", "Operation", "PlainviewError", "calls", "operations"]

_LATER = frozenset({429, 502, 503, 504})
_PIECE = 1 << 20  # bytes sent between two calls of `progress`


def _nothing(_: int) -> None:
    """Is told how much was sent, and says nothing."""


class PlainviewError(Exception):
    """An answer that is a problem (RFC 9457).

    Attributes:
        status: HTTP status.
        rule: id of the rule that refused.
        why, next_step: why, and what to do now.
        errors: what is wrong with which field.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.rule = status, str(problem.get("rule", ""))
        self.why, self.next_step = str(problem.get("detail", "")), str(problem.get("next", ""))
        self.errors: list[dict[str, str]] = list(problem.get("errors", ()))
        super().__init__(f"{problem.get('title', status)} [{self.rule}]: {self.why} {self.next_step}".strip())


class _Base:
    """What both clients share: the address, the token, and how a call becomes a request of httpx."""

    def __init__(
        self, url: str, token: str, *, timeout: float = 120.0, retries: int = RETRIES, transport: Any = None
    ) -> None:
        """Connect.

        Args:
            url: of the server, e.g. "https://faces.example".
            token: made by `plainview token new`.
            timeout: seconds for one answer.
            retries: see RETRIES.
            transport: of httpx, for tests and proxies.
        """
        self._retries = retries
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "plainview-client/1"}
        self._options: dict[str, Any] = {
            "base_url": f"{url.rstrip('/')}/api/v1",
            "headers": headers,
            "timeout": timeout,
            "transport": transport,
        }

    @staticmethod
    def _request(call: Call[Any], key: str, opened: ExitStack, progress: Progress) -> dict[str, Any]:
        """Return the arguments of a request; a key makes it safe to send it again."""
        headers = dict(call.headers) | ({"Idempotency-Key": key} if call.method != "GET" else {})
        options: dict[str, Any] = {"headers": headers, "params": call.query or None}
        if call.files:
            sent = _Sent(progress)
            files = [(name, _opened(file, opened, sent)) for name, several in call.files.items() for file in several]
            options |= {"data": call.fields, "files": files}
        elif call.fields:
            options["data"] = call.fields
        elif call.lines is not None:
            headers["Content-Length"] = str(calls.length_of(call.lines))
            options["content"] = _watched(calls.lines_of(call.lines), _Sent(progress))
        elif call.piece is not None:
            options["content"] = call.piece
        elif call.body is not None:
            options["json"] = call.body
        return options

    @staticmethod
    def _answer(response: httpx.Response) -> Any:
        if response.status_code >= 400:
            try:
                problem = response.json()
            except ValueError:
                problem = {"title": response.reason_phrase, "detail": response.text[:200]}
            raise PlainviewError(response.status_code, problem)
        if response.headers.get("content-type", "").startswith("application/x-ndjson"):
            return [json.loads(line) for line in response.text.splitlines() if line]
        if not response.content:
            return None
        return response.json() if "json" in response.headers.get("content-type", "") else response.content

    @classmethod
    def _arrived(cls, call: Call[Any], response: httpx.Response, progress: Progress) -> None:
        """Say how much of a video has arrived; raise the problem, unless it says where to continue."""
        if response.status_code != 409 or "upload-offset" not in response.headers:
            cls._answer(response)
        if call.piece is not None:
            progress(int(response.headers["upload-offset"]))

    def _pause(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Return the seconds after which to send again; None if not."""
        if attempt >= self._retries or (response is not None and not _is_later(response)):
            return None
        said = response.headers.get("retry-after", "") if response is not None else ""
        longest = min(0.5 * 2**attempt, 8.0)
        return float(said) if said.isdigit() else longest * (0.5 + random.random() / 2)  # noqa: S311  only a pause


def _is_later(response: httpx.Response) -> bool:
    """Say whether the same request may be sent again: also when the first one is still being answered."""
    running = response.status_code == 409 and "idempotency.running" in response.text
    return running or response.status_code in _LATER


class _Sent:
    """Bytes that were sent so far, of all files of a request."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._bytes = progress, 0

    def add(self, count: int) -> None:
        """Count bytes, and say the sum."""
        self._bytes += count
        self._progress(self._bytes)


class _Watched:
    """A file that says how many bytes were read from it."""

    def __init__(self, file: IO[bytes], sent: _Sent) -> None:
        self._file, self._sent = file, sent

    def read(self, size: int = -1) -> bytes:
        """Read a piece."""
        data = self._file.read(min(size, _PIECE) if size > 0 else size)
        self._sent.add(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _opened(file: File, opened: ExitStack, sent: _Sent) -> tuple[str, Any]:
    """Return the name and the stream of a file that is sent."""
    if isinstance(file, bytes):
        return "picture", file
    stream = opened.enter_context(Path(file).open("rb"))  # noqa: SIM115  closed by the caller
    return Path(file).name, _Watched(stream, sent)


def _watched(lines: Iterator[bytes], sent: _Sent) -> Iterator[bytes]:
    for line in lines:
        yield line
        sent.add(len(line))


async def _in_turn(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


class Client(_Base):
    """The client without asyncio."""

    def __enter__(self) -> Self:
        import httpx

        self._http = httpx.Client(**self._options)
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def _send(self, call: Call[Any], progress: Progress = _nothing) -> httpx.Response:
        """Send a call, again if the server says "later"; return whatever the answer is."""
        import httpx

        key = uuid.uuid4().hex
        for attempt in range(self._retries + 1):
            response = None
            try:
                with ExitStack() as opened:
                    response = self._http.request(call.method, call.path, **self._request(call, key, opened, progress))
            except httpx.TransportError:
                if attempt >= self._retries:
                    raise
            pause = self._pause(attempt, response)
            if response is not None and pause is None:
                return response
            time.sleep(pause or 0.0)
        raise AssertionError  # the last attempt has returned or raised

    def call(self, call: Call[Answer], progress: Progress = _nothing) -> Answer:
        """Send a call, again if the server says "later"; return the answer.

        Raises:
            PlainviewError: the answer is a problem.
            httpx.TransportError: no answer, after every retry.
        """
        return cast(Answer, self._answer(self._send(call, progress)))

    @overload
    def run(self, operation: Operation[Answer], /, *, progress: Progress = ..., **values: Any) -> Answer: ...

    @overload
    def run(self, operation: str, /, *, progress: Progress = ..., **values: Any) -> Any: ...

    def run(self, operation: Operation[Any] | str, /, *, progress: Progress = _nothing, **values: Any) -> Any:
        """Call any operation, e.g. `run(operations.proposal_approve, id="U...")`; return its answer.

        An operation of `plainview.client.operations` says the type of its answer; its id as a text ("proposal_approve")
        is called in the same way. A file (a picture, a letter, a package) is answered as bytes.
        """
        return self.call(calls.operation(operation, values), progress)

    def open_case(self, number: str, offence: str, jurisdiction: str = "") -> Case:
        """Open a case."""
        return self.call(calls.open_case(number, offence, jurisdiction))

    def search(self, image: File, *, progress: Progress = _nothing, **asked: Any) -> Search:
        """Search a gallery; arguments as of the function `search`."""
        return self.call(calls.search(image, **asked), progress)

    def enrol(self, gallery: str, image: File, *, progress: Progress = _nothing, **origin: str) -> Enrolled:
        """Enrol one picture; arguments as of the function `enrol`."""
        return self.call(calls.enrol(gallery, image, **origin), progress)

    def enrol_many(
        self, gallery: str, pictures: Iterable[Picture], *, at_once: int = 100, progress: Progress = _nothing
    ) -> Iterator[Result]:
        """Enrol pictures in requests of `at_once`; yield a result for each, in order."""
        for first, batch in _batches(pictures, at_once):
            for result in self.call(calls.enrol_many(gallery, batch), progress):
                yield _numbered(result, first)

    def upload_video(self, video: str | Path, *, case: str, progress: Progress = _nothing) -> str:
        """Upload a video piece by piece and return its id; a piece that broke off is continued where it did."""
        with Path(video).open("rb") as file:
            steps = calls.upload(file, Path(video).name, Path(video).stat().st_size, case)
            call = next(steps)
            while True:
                response = self._send(call)
                self._arrived(call, response, progress)
                try:
                    call = steps.send(response.headers)
                except StopIteration as end:
                    return str(end.value)

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, e.g. of "/cases"."""
        following: str | None = ""
        while following is not None:
            part = self.call(_part(path, query, following))
            yield from part["items"]
            following = part["next"]


class AsyncClient(_Base):
    """The client with asyncio."""

    async def __aenter__(self) -> Self:
        import httpx

        self._http = httpx.AsyncClient(**self._options)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()

    async def _send(self, call: Call[Any], progress: Progress = _nothing) -> httpx.Response:
        import httpx

        key = uuid.uuid4().hex
        for attempt in range(self._retries + 1):
            response = None
            try:
                with ExitStack() as opened:
                    options = self._request(call, key, opened, progress)
                    if call.lines is not None:
                        options["content"] = _in_turn(options["content"])
                    response = await self._http.request(call.method, call.path, **options)
            except httpx.TransportError:
                if attempt >= self._retries:
                    raise
            pause = self._pause(attempt, response)
            if response is not None and pause is None:
                return response
            await asyncio.sleep(pause or 0.0)
        raise AssertionError  # the last attempt has returned or raised

    async def call(self, call: Call[Answer], progress: Progress = _nothing) -> Answer:
        """As `Client.call`."""
        return cast(Answer, self._answer(await self._send(call, progress)))

    @overload
    async def run(self, operation: Operation[Answer], /, *, progress: Progress = ..., **values: Any) -> Answer: ...

    @overload
    async def run(self, operation: str, /, *, progress: Progress = ..., **values: Any) -> Any: ...

    async def run(self, operation: Operation[Any] | str, /, *, progress: Progress = _nothing, **values: Any) -> Any:
        """As `Client.run`."""
        return await self.call(calls.operation(operation, values), progress)

    async def open_case(self, number: str, offence: str, jurisdiction: str = "") -> Case:
        """Open a case."""
        return await self.call(calls.open_case(number, offence, jurisdiction))

    async def search(self, image: File, *, progress: Progress = _nothing, **asked: Any) -> Search:
        """Search a gallery; arguments as of the function `search`."""
        return await self.call(calls.search(image, **asked), progress)

    async def enrol(self, gallery: str, image: File, *, progress: Progress = _nothing, **origin: str) -> Enrolled:
        """Enrol one picture; arguments as of the function `enrol`."""
        return await self.call(calls.enrol(gallery, image, **origin), progress)

    async def enrol_many(
        self, gallery: str, pictures: Iterable[Picture], *, at_once: int = 100, progress: Progress = _nothing
    ) -> AsyncIterator[Result]:
        """As `Client.enrol_many`."""
        for first, batch in _batches(pictures, at_once):
            for result in await self.call(calls.enrol_many(gallery, batch), progress):
                yield _numbered(result, first)

    async def upload_video(self, video: str | Path, *, case: str, progress: Progress = _nothing) -> str:
        """As `Client.upload_video`."""
        with Path(video).open("rb") as file:
            steps = calls.upload(file, Path(video).name, Path(video).stat().st_size, case)
            call = next(steps)
            while True:
                response = await self._send(call)
                self._arrived(call, response, progress)
                try:
                    call = steps.send(response.headers)
                except StopIteration as end:
                    return str(end.value)

    async def pages(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """As `Client.pages`."""
        following: str | None = ""
        while following is not None:
            part = await self.call(_part(path, query, following))
            for item in part["items"]:
                yield item
            following = part["next"]


def _part(path: str, query: dict[str, Any], cursor: str) -> Call[Any]:
    return Call("", "GET", path, query=calls.fields_of(**query, cursor=cursor))


def _numbered(result: Result, first: int) -> Result:
    """Return a result with its number in the whole enrolment."""
    return Result(**(result | {"line": first + result["line"]}))


def _batches(pictures: Iterable[Picture], size: int) -> Iterator[tuple[int, list[Picture]]]:
    batch: list[Picture] = []
    first = 0
    for picture in pictures:
        batch.append(picture)
        if len(batch) == size:
            yield first, batch
            first, batch = first + size, []
    if batch:
        yield first, batch
