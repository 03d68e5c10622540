"""The way of a request of the API: whose it is, which operation, its body, the act, its answer.

Owns what happens before and after every operation, in this order: its row of the table, the token, the rate, the
permission, the body. It must never let an operation run that the table does not name, read a token from an address, nor
look at a session: a browser's cookie opens nothing here.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404, path, resolve
from ninja.errors import HttpError, ValidationError

from plainview.api import bodies, problems, rates
from plainview.api.document import PREFIX, api
from plainview.api.operation import TUS_ABOUT, TUS_VERSION, Open, Operation
from plainview.api.operations import BY_NAME, OPERATIONS, operation_of
from plainview.api.problems import Unusable
from plainview.api.rekognition import entry as rekognition
from plainview.audit.logfile import LogFolderError
from plainview.casework.log.channel import Channel, acting_through
from plainview.casework.log.commit import require_unaltered
from plainview.casework.log.guard import permit, record_opened, require_shown_unaltered
from plainview.casework.models import Token
from plainview.casework.models.rows import reading
from plainview.casework.people import idempotency
from plainview.casework.people.bearers import token_of
from plainview.casework.people.tokens import scopes_held
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.recognition.errors import BadMedia, PackError
from plainview.serving.front import MEMBER
from plainview.storage.base import StorageError, is_full

Handler = Callable[[HttpRequest], HttpResponse]

_log = logging.getLogger("plainview.api")

_OPEN = frozenset({"openapi-json", "openapi-view"})
"""What anybody may read: the document of the API, and its page. They say nothing of a workspace."""

_RECORD_FAILED = (LogFolderError, StorageError, DatabaseError)
_MAX_AGENT = 300  # characters of a program's name that are stored
_MAX_KEY = 200  # characters of an idempotency key

urlpatterns = [path(PREFIX.lstrip("/") + "/", api.urls)]


def _route(template: str) -> str:
    return PREFIX.lstrip("/") + "/" + template.lstrip("/").replace("{", "<").replace("}", ">")


ROUTES: Mapping[str, tuple[Operation, ...]] = MappingProxyType(
    {
        route: tuple(operation for operation in OPERATIONS if _route(operation.route) == route)
        for route in dict.fromkeys(_route(operation.route) for operation in OPERATIONS)
    }
)
"""Address as Django reads it -> its operations."""


class Entry:
    """Answers everything below /api/, and the compatible interface; the layers behind it (sessions, cookies, pages) are never reached."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or pass the request of a page on."""
        if request.path_info.rstrip("/") == rekognition.PATH:
            response = rekognition.answered(request)
        elif request.path_info.startswith("/api/"):
            is_head = request.method == "HEAD"
            response = answered(request)
            if is_head:
                response.content = b""
        else:
            return self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def answered(request: HttpRequest) -> HttpResponse:
    """Return the answer to a request of the API, whatever happens."""
    try:
        with acting_through(Channel("api", _sealed(request))):
            return _answer(request)
    except Exception as error:
        return of_error(request, error)


def _sealed(request: HttpRequest) -> dict[str, str]:
    agent = request.META.get("HTTP_USER_AGENT", "")[:_MAX_AGENT]
    return {"address": str(request.META.get("REMOTE_ADDR", "")), "user_agent": agent}


def of_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the problem of an error."""
    match error:
        case Refused():
            return problems.of_refusal(error, operation_of(error.act))
        case BadMedia():
            return problems.of_media(error)
        case Unusable():
            return problems.of_request(error)
        case ValidationError():
            return problems.of_request(bodies.wrong_fields(error.errors))
        case PackError():
            return problems.of_pack(error)
        case RequestDataTooBig() | TooManyFilesSent():
            return problems.of_request(Unusable(413, "api.body", "The body is too large.", "Send less at once."))
        case MultiPartParserError() | SuspiciousOperation() | HttpError():
            return problems.of_request(Unusable(400, "api.body", "The body cannot be read.", "Correct the request."))
        case Http404():
            return problems.of_request(_no_operation(request))
    if isinstance(error, _RECORD_FAILED) or is_full(error):
        return problems.of_record(error)
    number = hashlib.sha256(f"{id(request)}{id(error)}".encode()).hexdigest()[:8].upper()
    _log.error("an operation failed", exc_info=error, extra={"known": {"reference": number}})
    return problems.of_failure(number)


def _no_operation(request: HttpRequest) -> Unusable:
    return Unusable(404, "api.no_operation", "The API has no such operation.", f"{PREFIX}/openapi.json lists them.")


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        match = resolve(request.path_info, __name__)
    except Resolver404:
        raise _no_operation(request) from None
    request.resolver_match = match
    if match.url_name in _OPEN and request.method in ("GET", "HEAD"):
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return answer
    if request.method == "OPTIONS":
        return _options(request, str(match.route))
    _override(request, str(match.route))
    operation = _operation(request, str(match.route))
    token = _bearer(request)
    request.user, request.auth = token.member, token  # type: ignore[attr-defined]
    request.META[MEMBER] = True
    channel = Channel("api", _sealed(request), token.public_id, scopes_held(token))
    with acting_through(channel), reading(require_unaltered):
        rate = rates.spend(token)
        try:
            answer = _permitted(request, operation, token, match.func, match.kwargs)
        except Exception as error:
            answer = of_error(request, error)
        for name, value in rate.items():
            answer.headers[name] = value
        if operation.headers:
            answer.headers.setdefault("Tus-Resumable", TUS_VERSION)  # on a refusal too
        return answer


def _override(request: HttpRequest, route: str) -> None:
    """Take the method of a client of tus that can send POST only (tus 1.0.0, X-HTTP-Method-Override)."""
    named = request.META.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
    if named and request.method == "POST" and any(o.headers and o.method == named for o in ROUTES.get(route, ())):
        request.method = named


def _operation(request: HttpRequest, route: str) -> Operation:
    rows = ROUTES.get(route)
    if not rows:
        raise _no_operation(request)
    for operation in rows:
        if operation.method == request.method:
            return operation
    if request.method == "HEAD":  # as GET, without its body (RFC 9110, section 9.3.2)
        for operation in rows:
            if operation.method == "GET":
                request.method = "GET"
                return operation
    allowed = _allowed(rows)
    raise Unusable(
        405,
        "api.method",
        f"This address does not answer {request.method}.",
        f"It answers {allowed}.",
        headers={"Allow": allowed},
    )


def _allowed(rows: Sequence[Operation]) -> str:
    """Return the header Allow of an address."""
    methods = {operation.method for operation in rows}
    return ", ".join(sorted({*methods, *({"HEAD"} if "GET" in methods else ()), "OPTIONS"}))


def _options(request: HttpRequest, route: str) -> HttpResponse:
    """Return what an address answers; the document of the API says the same to everybody."""
    rows = ROUTES.get(route)
    if not rows:
        raise _no_operation(request)
    about = TUS_ABOUT if any(operation.headers for operation in rows) else {}
    return HttpResponse(status=204, headers={"Allow": _allowed(rows), **about})


def _bearer(request: HttpRequest) -> Token:
    kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise Refused(
            "token.needed",
            "Refused",
            "The request has no token.",
            "Send the header Authorization: Bearer with your token.",
            act=Permission.TOKEN_OWN,
        )
    return token_of(text)


def _permitted(
    request: HttpRequest,
    operation: Operation,
    token: Token,
    view: Callable[..., HttpResponse],
    values: Mapping[str, Any],
) -> HttpResponse:
    member = token.member
    if isinstance(operation.who, Permission):
        permit(operation.who.value, operation.who, member)
    assert isinstance(operation.who, Permission | Open)  # noqa: S101  nothing else opens an operation
    record_opened(member, operation.name, request.get_full_path())
    bodies.check(request, operation, api)

    def act() -> HttpResponse:
        answer = view(request, **values)
        require_shown_unaltered(member)
        return answer

    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    return act() if key is None or not operation.makes else _once(request, token, key, act)


def _once(request: HttpRequest, token: Token, key: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer the first request of an idempotency key, and every further one in the same way."""
    if not 0 < len(key) <= _MAX_KEY or not all("!" <= char <= "~" for char in key):
        raise bodies.wrong_header("Idempotency-Key", "It has 1 to 200 printable ASCII characters without blanks.")
    begun = idempotency.begin(token, key, bodies.fingerprint(request))
    if isinstance(begun, idempotency.Stored):
        headers = {**begun.headers, "Idempotency-Replayed": "true"}
        return HttpResponse(begun.body, status=begun.status, headers=headers)
    try:
        answer = act()
    except BaseException:
        idempotency.give_up(begun)
        raise
    if answer.status_code < 400:
        stored = {name: answer.headers[name] for name in ("Content-Type", "ETag", "Location") if name in answer.headers}
        idempotency.finish(begun, idempotency.Stored(answer.status_code, stored, answer.content))
    else:
        idempotency.give_up(begun)  # nothing was made: the request may be corrected or sent again
    return answer


assert len(BY_NAME) == len(OPERATIONS)  # noqa: S101  else one would answer for another
