"""A program that calls the API in this process: a token of a sample person, and requests with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories.work import person

from plainview.casework.models import Member
from plainview.casework.people.tokens import Wish, make_token

V1 = "/api/v1"


@dataclass
class Answer:
    """An answer: its status, its headers, its body as JSON where it is JSON."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def rule(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json", self.raw
        return str(self.json["rule"])


@dataclass
class Program:
    """Sends requests with a token; a session's cookie is never sent."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def send(self, method: str, path: str, data: Any = None, kind: str = "", **headers: str) -> Answer:
        """Send a request; `data` is JSON unless `kind` says its media type."""
        extra = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        extra |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = data if isinstance(data, bytes) else json.dumps(data).encode() if data is not None else b""
        kind = kind or ("application/json" if data is not None else "")
        options = {"content_type": kind} if kind else {}
        answer = self.client.generic(method, V1 + path, body, headers=extra, **options)
        return Answer(
            answer.status_code,
            dict(answer.headers),
            b"".join(answer.streaming_content) if answer.streaming else answer.content,
        )

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, **headers)

    def post(self, path: str, data: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, data, **headers)

    def form(
        self, path: str, image: Path | bytes, name: str = "image", headers: dict[str, str] | None = None, **fields: Any
    ) -> Answer:
        """Send a multipart form with a picture."""
        data = image if isinstance(image, bytes) else image.read_bytes()
        extra = ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | (headers or {})
        file = SimpleUploadedFile(image.name if isinstance(image, Path) else "picture.png", data)
        answer = self.client.post(V1 + path, {name: file, **fields}, headers=extra)
        return Answer(answer.status_code, dict(answer.headers), answer.content)


def program(who: str | Member = "examiner", *scopes: str, **wish: Any) -> Program:
    """A program with a token of a sample person, for everything unless scopes are named."""
    member = person(who) if isinstance(who, str) else who
    _, text = make_token(Wish(scopes or ("all",), **wish), acting_member=member)
    return Program(text)
