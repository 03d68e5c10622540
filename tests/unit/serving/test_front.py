"""The way of a request: an answer for which there is no room, and what the application is told of its session."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from tests.factories import loops

from plainview.casework.workspace.serving import Serving
from plainview.serving.bodies import Limit
from plainview.serving.front import ACTED, MEASURED, MEMBER, NEWS, Front, Rules
from plainview.serving.interpreters import Answer, Interpreters

SCOPE: dict[str, Any] = {
    "method": "GET",
    "path": "/export/",
    "raw_path": b"/export/",
    "query_string": b"",
    "http_version": "1.1",
    "scheme": "http",
    "headers": [(b"host", b"localhost")],
    "client": ("127.0.0.1", 1),
}


def test_an_answer_that_finds_no_room_is_a_line_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pages(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        return [bytes(1 << 20), b"the rest"]

    said: list[str] = []
    asked: list[bool] = []
    rules = Rules(lambda path: Limit(1000, False), lambda session: False, "sessionid", said.append)
    front, sent = Front(Interpreters(pages), Serving(), rules, tmp_path), []

    async def receive() -> dict[str, Any]:
        if sent:
            return {"type": "http.disconnect"}
        if asked:
            await asyncio.Event().wait()
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    loops.run(asyncio.wait_for(front(SCOPE, receive, send), 30))
    assert (sent[0]["status"], b"no room" in sent[1]["body"]) == (503, True)
    assert said == ["An answer could not be stored: No space left on device."]
    assert front.answering == 0


def test_the_application_is_told_when_the_session_last_acted_or_had_news(tmp_path: Path) -> None:
    """Counts that a process keeps are made again then, whichever process the act went to."""
    told: list[tuple[str, float]] = []

    def pages(environ: dict[str, Any], start: Any) -> list[bytes]:
        told.append((environ["PATH_INFO"], environ[ACTED]))
        environ[MEMBER] = True
        if environ["PATH_INFO"] == "/news":
            environ[NEWS] = True
        start("200 OK", [])
        return [b"x"]

    rules = Rules(lambda path: Limit(1000, False), lambda session: True, "sessionid")
    front = Front(Interpreters(pages), Serving(), rules, tmp_path)

    async def ask(method: str, path: str, session: str) -> float:
        sent: list[dict[str, Any]] = []
        asked: list[bool] = []

        async def receive() -> dict[str, Any]:
            if asked:
                await asyncio.Event().wait()
            asked.append(True)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(event: dict[str, Any]) -> None:
            sent.append(event)

        cookie = (b"cookie", f"sessionid={session}".encode())
        await front(
            SCOPE | {"method": method, "path": path, "raw_path": path.encode(), "headers": [cookie]}, receive, send
        )
        assert sent[0]["status"] == 200
        return told[-1][1]

    async def test() -> None:
        assert await ask("GET", "/", "hers") == 0.0
        assert await ask("POST", "/act", "hers") == 0.0
        acted = await ask("GET", "/", "hers")
        assert acted > 0
        assert await ask("HEAD", "/", "hers") == acted
        assert await ask("GET", "/", "his") == 0.0
        assert await ask("GET", "/news", "hers") == acted
        assert await ask("GET", "/", "hers") > acted

    loops.run(asyncio.wait_for(test(), 30))


def test_what_another_process_measured_is_counted_in_this_one(tmp_path: Path) -> None:
    counted: list[tuple[Any, ...]] = []
    interpreters = MagicMock(number=1)
    rules = Rules(
        lambda path: Limit(1000, False), lambda session: False, "sessionid", count=lambda *of: counted.append(of)
    )
    asked: list[bool] = []
    front, sent = Front(interpreters, Serving(), rules, tmp_path), []

    async def receive() -> dict[str, Any]:
        if asked:
            await asyncio.Event().wait()
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    for beside in (False, True):
        measured = ("home", "2xx", 0.25)
        interpreters.answer.return_value = Answer(200, notes={MEASURED: measured}, beside=beside)
        asked.clear()
        loops.run(asyncio.wait_for(front(SCOPE, receive, send), 30))
        assert counted == ([measured] if beside else [])
