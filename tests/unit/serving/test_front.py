"""An answer that a full disk cannot hold back for a slow reader is a line that says so, not a broken connection."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import pytest
from tests.factories import loops

from plainview.casework.workspace.serving import Serving
from plainview.serving.bodies import Limit
from plainview.serving.front import Front, Rules
from plainview.serving.interpreters import Interpreters


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

    scope = {
        "method": "GET",
        "path": "/export/",
        "raw_path": b"/export/",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
    }

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    loops.run(asyncio.wait_for(front(scope, receive, send), 30))
    assert (sent[0]["status"], b"no room" in sent[1]["body"]) == (503, True)
    assert said == ["An answer could not be stored: No space left on device."]
    assert front.answering == 0
