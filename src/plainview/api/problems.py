"""Answers that are not what was asked for, as RFC 9457 problems: what was refused, why, and what to do next.

Owns the form of every such answer, and the HTTP status of each rule. It must never contain a message of an exception
that was not written for people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from django.http import HttpResponse
from pydantic import BaseModel, ConfigDict, Field

from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia, PackError
from plainview.storage.base import said_of

MEDIA_TYPE = "application/problem+json"

MISMATCH = 460
"""HTTP status of a piece whose bytes are not those of its checksum: of the tus protocol, extension checksum."""

_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "token.needed": 401,
        "token.invalid": 401,
        "idempotency.running": 409,
        "idempotency.erased": 409,
        "idempotency.reused": 422,
        "case.number_taken": 409,
        "api.changed": 412,
        "video.other_bytes": 409,
    }
)
"""Rule -> HTTP status, where it is neither 404 (a rule that ends with `.unknown`) nor 403."""


RULES: Mapping[str, str] = MappingProxyType(
    {
        "api.accept": "The header Accept names no media type of the answer (406).",
        "api.body": "The body is too large, or cannot be read (400, 413).",
        "api.changed": "What If-Match names was changed since (412).",
        "api.checksum": "A piece of an upload is not that of its checksum (460), or the algorithm is unknown (400).",
        "api.cursor": "The cursor is not one of this list (422).",
        "api.cut": "A multipart body ends before its last boundary (400).",
        "api.encoding": "The body is compressed (415).",
        "api.failure": "The software failed; the answer has a reference for the operator (500).",
        "api.fields": "A field, a parameter or a header is wrong, missing, unknown or there twice (422).",
        "api.file": "A file is empty or too large (413, 422).",
        "api.json": "The body is not JSON in UTF-8, or deeper than anything of ours (400).",
        "api.letter": "There is no letter of this request, or it is not yours to read (404).",
        "api.media": "The body has another media type (415).",
        "api.method": "The address does not answer this method (405).",
        "api.no_operation": "The API has no such operation (404).",
        "api.not_taken": "The server did not take the request: too large, too many at once, or no valid token (401, 413, 429, 503).",
        "api.offset": "A piece of an upload does not begin where the last one ended (409).",
        "api.picture": "The picture was erased, or cannot be read (404).",
        "api.rate": "The token sent too many requests in this minute (429).",
        "api.tus": "The client speaks another version of the tus protocol (412).",
        "idempotency.erased": "The answer of this key was erased, because something that it may name was (409).",
        "idempotency.reused": "The idempotency key was used for another request (422).",
        "idempotency.running": "The first request of this key is still being answered (409).",
        "log.unwritable": "The log or the stored files cannot be used, so nothing was done (503).",
        "model.unusable": "No model pack can be used (503).",
        "rekognition.create_collection": "The interface for boto3 cannot state a passport.",
        "rekognition.delete_collection": "A gallery is not deleted at once.",
        "signature.replayed": "Exactly this signed request was sent before (the interface for boto3).",
    }
)
"""What refuses a request before any rule of the agency is asked: id -> when, with the status."""


class Fault(BaseModel):
    """What is wrong with one part of the request."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(description="JSON pointer of the field (RFC 6901), as a fragment.", examples=["#/offence"])
    where: str = Field(description="The part of the request: body, form, file, query, path or header.")
    detail: str


class Problem(BaseModel):
    """An answer that is not what was asked for (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Names the rule: urn:plainview:rule: and its id.")
    title: str = Field(description="What was refused.")
    status: int
    detail: str = Field(description="Why, in one sentence.")
    rule: str = Field(description="Id of the rule; the page of the rules lists them.")
    next: str = Field(description="What to do now.")
    act: str | None = Field(default=None, description="The operation that helps, if there is one.")
    errors: list[Fault] = Field(default_factory=list, description="What is wrong with which field.")


class Unusable(Exception):
    """A request that cannot be read: no rule was asked."""

    def __init__(
        self,
        status: int,
        rule: str,
        why: str,
        next_step: str,
        errors: Sequence[Fault] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(why)
        self.status, self.rule, self.why, self.next_step = status, rule, why, next_step
        self.errors, self.headers = tuple(errors), dict(headers or {})


def says_first(function: Callable[..., Any]) -> str:
    """Return the first sentence about an operation: the first line of its docstring."""
    return (function.__doc__ or function.__name__).strip().splitlines()[0]


def problem(answer: Problem, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return the answer."""
    body = json.dumps(answer.model_dump(exclude_defaults=True), ensure_ascii=False).encode()
    return HttpResponse(body, status=answer.status, content_type=MEDIA_TYPE, headers=dict(headers or {}))


def status_of(refused: Refused) -> int:
    """Return the HTTP status of a refusal; another agency's thing is answered as if it did not exist."""
    return _STATUS.get(refused.rule_id, 404 if refused.rule_id.endswith(".unknown") else 403)


def of_refusal(refused: Refused, act: str | None = None) -> HttpResponse:
    """Return a refusal; `act`: the operation of the act that helps."""
    status = status_of(refused)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return problem(_problem(status, refused.rule_id, refused.what, refused.why, refused.next_step, act=act), headers)


def of_media(bad: BadMedia, field: str = "image") -> HttpResponse:
    """Return why a picture cannot be used (422)."""
    fault = Fault(pointer=f"#/{field}", where="file", detail=bad.why)
    return problem(_problem(422, f"media.{bad.code}", "Picture refused", bad.why, bad.next_step, errors=[fault]))


def of_request(bad: Unusable) -> HttpResponse:
    """Return why a request cannot be read."""
    title = "Checksum Mismatch" if bad.status == MISMATCH else HTTPStatus(bad.status).phrase
    answer = _problem(bad.status, bad.rule, title, bad.why, bad.next_step, errors=list(bad.errors))
    return problem(answer, bad.headers)


def of_pack(error: PackError) -> HttpResponse:
    """Return that no model can be used (503)."""
    return problem(_problem(503, "model.unusable", "Nothing was done", error.why, error.next_step))


def of_failure(number: str) -> HttpResponse:
    """Return that the software failed (500), with the number under which the server's log has it."""
    return problem(
        _problem(
            500,
            "api.failure",
            "Something went wrong",
            f"Something went wrong here. Reference {number}.",
            "Tell the operator the reference and the time.",
        )
    )


def of_record(error: BaseException) -> HttpResponse:
    """Return that stored files or the log cannot be used, or that the disk is full (503): no act runs unrecorded."""
    return problem(
        _problem(
            503,
            "log.unwritable",
            "Nothing was done",
            said_of(error) or "The log cannot be written, so no act runs.",
            "Tell the operator, then send the request again.",
        )
    )


def without_an_operation(status: int, why: str) -> tuple[int, str, bytes]:
    """Return status, media type and body of what the front of the server refuses before an operation is asked."""
    if status == HTTPStatus.FORBIDDEN:  # a page would ask the person to sign in
        status, why = 401, "The token is missing or not valid, so this much is not accepted."
    answer = _problem(status, "api.not_taken", HTTPStatus(status).phrase, why, "Correct the request, or send it later.")
    return status, MEDIA_TYPE, json.dumps(answer.model_dump(exclude_defaults=True)).encode()


def _problem(status: int, rule: str, title: str, detail: str, next_step: str, **more: Any) -> Problem:
    return Problem(
        type=f"urn:plainview:rule:{rule}", title=title, status=status, detail=detail, rule=rule, next=next_step, **more
    )
