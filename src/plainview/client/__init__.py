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
from typing import IO, TYPE_CHECKING, Any, Self, cast

from plainview.client import calls
from plainview.client.calls import Call
from plainview.client.operations import Name
from plainview.client.types import Case, Enrolled, Picture, Result, Search

if TYPE_CHECKING:
    import httpx

RETRIES = 4
"""Times that a request is sent again after an answer that says "later", or none: with growing pauses, 0.5 s to 8 s."""

_LATER = frozenset({429, 502, 503, 504})
_PIECE = 1 << 20  # bytes sent between two calls of `progress`


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
    def _request(call: Call, key: str, opened: ExitStack, progress: Callable[[int], None]) -> dict[str, Any]:
        """Return the arguments of a request; a key makes it safe to send it again."""
        headers = dict(call.headers) | ({"Idempotency-Key": key} if call.method != "GET" else {})
        options: dict[str, Any] = {"headers": headers, "params": call.query or None}
        if call.image is not None:
            image = call.image
            name = "probe" if isinstance(image, bytes) else Path(image).name
            stream: Any = image
            if not isinstance(image, bytes):
                file = opened.enter_context(Path(image).open("rb"))  # noqa: SIM115  closed by the caller
                stream = _Watched(file, progress)
            options |= {"data": call.fields, "files": {call.file_field: (name, stream)}}
        elif call.lines is not None:
            options["content"] = b"".join(call.lines())
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


class _Watched:
    """A file that says how many bytes were read from it."""

    def __init__(self, file: IO[bytes], progress: Callable[[int], None]) -> None:
        self._file, self._progress, self._sent = file, progress, 0

    def read(self, size: int = -1) -> bytes:
        """Read a piece."""
        data = self._file.read(min(size, _PIECE) if size > 0 else size)
        self._sent += len(data)
        self._progress(self._sent)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Client(_Base):
    """The client without asyncio."""

    def __enter__(self) -> Self:
        import httpx

        self._http = httpx.Client(**self._options)
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def call(self, call: Call, progress: Callable[[int], None] = lambda _: None) -> Any:
        """Send a call, again if the server says "later"; return the answer.

        Raises:
            PlainviewError: the answer is a problem.
            httpx.TransportError: no answer, after every retry.
        """
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
                return self._answer(response)
            time.sleep(pause or 0.0)
        raise AssertionError  # the last attempt has returned or raised

    def run(self, operation: Name, /, **values: Any) -> Any:
        """Call any operation by its id in the document, e.g. `run("proposal_approve", id="U...")`; return its answer.

        A file (a picture, a letter, a package) is answered as bytes.
        """
        return self.call(calls.operation(operation, values))

    def open_case(self, number: str, offence: str, jurisdiction: str = "") -> Case:
        """Open a case."""
        return cast(Case, self.call(calls.open_case(number, offence, jurisdiction)))

    def search(
        self, image: str | Path | bytes, *, progress: Callable[[int], None] = lambda _: None, **asked: Any
    ) -> Search:
        """Search a gallery; arguments as of the function `search`."""
        return cast(Search, self.call(calls.search(image, **asked), progress))

    def enrol(
        self,
        gallery: str,
        image: str | Path | bytes,
        *,
        progress: Callable[[int], None] = lambda _: None,
        **origin: str,
    ) -> Enrolled:
        """Enrol one picture; arguments as of the function `enrol`."""
        return cast(Enrolled, self.call(calls.enrol(gallery, image, **origin), progress))

    def enrol_many(self, gallery: str, pictures: Iterable[Picture], *, at_once: int = 100) -> Iterator[Result]:
        """Enrol pictures in requests of `at_once`; yield a result for each, in order."""
        for first, batch in _batches(pictures, at_once):
            for result in self.call(calls.enrol_many(gallery, batch)):
                yield cast(Result, result | {"line": first + result["line"]})

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, e.g. of "/cases"."""
        following: str | None = ""
        while following is not None:
            part = self.call(Call("", "GET", path, query=calls.fields_of(**query, cursor=following)))
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

    async def call(self, call: Call, progress: Callable[[int], None] = lambda _: None) -> Any:
        """As `Client.call`."""
        import httpx

        key = uuid.uuid4().hex
        for attempt in range(self._retries + 1):
            response = None
            try:
                with ExitStack() as opened:
                    options = self._request(call, key, opened, progress)
                    response = await self._http.request(call.method, call.path, **options)
            except httpx.TransportError:
                if attempt >= self._retries:
                    raise
            pause = self._pause(attempt, response)
            if response is not None and pause is None:
                return self._answer(response)
            await asyncio.sleep(pause or 0.0)
        raise AssertionError  # the last attempt has returned or raised

    async def run(self, operation: Name, /, **values: Any) -> Any:
        """As `Client.run`."""
        return await self.call(calls.operation(operation, values))

    async def open_case(self, number: str, offence: str, jurisdiction: str = "") -> Case:
        """Open a case."""
        return cast(Case, await self.call(calls.open_case(number, offence, jurisdiction)))

    async def search(self, image: str | Path | bytes, **asked: Any) -> Search:
        """Search a gallery; arguments as of the function `search`."""
        return cast(Search, await self.call(calls.search(image, **asked)))

    async def enrol(self, gallery: str, image: str | Path | bytes, **origin: str) -> Enrolled:
        """Enrol one picture; arguments as of the function `enrol`."""
        return cast(Enrolled, await self.call(calls.enrol(gallery, image, **origin)))

    async def enrol_many(
        self, gallery: str, pictures: Iterable[Picture], *, at_once: int = 100
    ) -> AsyncIterator[Result]:
        """As `Client.enrol_many`."""
        for first, batch in _batches(pictures, at_once):
            for result in await self.call(calls.enrol_many(gallery, batch)):
                yield cast(Result, result | {"line": first + result["line"]})


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
