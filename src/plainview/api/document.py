"""The API itself: its addresses, made from the table of operations, and its OpenAPI document.

Owns what django-ninja is asked for. The document says of every operation which scope it needs and how it is refused.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from ninja import NinjaAPI, Router
from ninja.openapi.docs import DocsBase
from ninja.parser import Parser

from plainview.api import bulk
from plainview.api.operation import Open, Operation
from plainview.api.operations import OPERATIONS
from plainview.api.problems import MEDIA_TYPE, MISMATCH, Problem, says_first

VERSION = "1"
PREFIX = "/api/v1"

_REFUSALS = {
    400: "The request cannot be read.",
    401: "The token is missing or not valid.",
    403: "A rule refuses this; it is named.",
    404: "There is no such thing, or it is another agency's.",
    406: "The header Accept names no media type of the answer.",
    409: "It contradicts what is there.",
    413: "The body is too large.",
    415: "The body has another media type.",
    422: "A field is wrong; it is named.",
    412: "It was changed since you read it.",
    429: "Too many requests.",
    503: "The log cannot be written, so nothing is done.",
}

_RATE = {
    f"RateLimit-{name}": {"description": says, "schema": {"type": "integer"}}
    for name, says in {
        "Limit": "Requests a minute for this token.",
        "Remaining": "Requests that are left, as far as this process of the server knows.",
        "Reset": "Seconds until the next minute.",
    }.items()
}
_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}

_ABOUT = """\
Face search that can account for every search: the same acts, permissions, rules and log as its pages and commands.

Send `Authorization: Bearer TOKEN`. Every error is a problem (RFC 9457) with the id of its rule. Times are UTC. A list
is cut: take `next` as `cursor` of the following request. A request that makes something may have an `Idempotency-Key`:
sent again within 24 hours, it gets the same answer.
"""


class _Read(Parser):
    """Takes the body as the entry has read it: checked for its encoding, for duplicate names and for depth."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body."""
        return getattr(request, "plain_body", None)


class _Page(DocsBase):
    """The document as a page on which operations can be tried; it comes from this server whole."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Return the page; no session is read for it."""
        settings = json.dumps({"url": f"{PREFIX}/openapi.json", "layout": "BaseLayout", "deepLinking": True})
        return HttpResponse(render_to_string("ninja/swagger.html", {"swagger_settings": settings, "api": api}))


class Api(NinjaAPI):
    """The API of django-ninja, with a document that is complete."""

    def get_openapi_operation_id(self, operation: Any) -> str:
        """Return the name of the operation."""
        return str(operation.view_func.__name__)

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """Let every error out: the entry answers it."""
        raise exc

    def get_openapi_schema(self, **options: Any) -> Any:
        """Return the document."""
        return copy.deepcopy(_document(self))


def _router() -> Router:
    router = Router()
    for operation in OPERATIONS:
        router.add_api_operation(
            operation.route,
            [operation.method],
            operation.function,
            response={operation.status: str if operation.gives else operation.answer},
            url_name=operation.name,
            tags=[operation.group],
            summary=says_first(operation.function).rstrip("."),
        )
    return router


api = Api(
    title="Plainview",
    version=VERSION,
    description=_ABOUT,
    parser=_Read(),
    urls_namespace="api",
    docs_url="/docs",
    docs=_Page(),
)
api.add_router("", _router())


@cache
def _document(own: Api) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        json.dumps(NinjaAPI.get_openapi_schema(own, path_prefix="api/v1/"), default=str)
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    components["responses"] = {
        f"Problem{status}": {
            "description": says,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, says in (_REFUSALS | {MISMATCH: "The piece is not that of its checksum."}).items()
    }
    rows = {(operation.method.lower(), operation.shown): operation for operation in OPERATIONS}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            _complete(described, rows[method, path.removeprefix(PREFIX)])
    text = json.dumps(document["paths"]) + json.dumps(components["responses"])
    for name in [name for name in schemas if f'/{name}"' not in text + json.dumps(schemas)]:
        del schemas[name]  # parameters of a query or a form: they are described where they are sent
    document["tags"] = [{"name": group} for group in dict.fromkeys(operation.group for operation in OPERATIONS)]
    document["servers"] = [{"url": "/", "description": "This server"}]
    return document


def _complete(described: dict[str, Any], operation: Operation) -> None:
    scope = [] if isinstance(operation.who, Open) else [operation.who.value]
    described["security"] = [{"bearer": scope}]
    for status in _REFUSALS:
        described["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    text = {"schema": {"type": "string"}}
    described["responses"][str(operation.status)]["headers"] = _RATE | (_ETAG if operation.versioned else {})
    if operation.versioned and operation.method != "GET":
        says = "ETag of the version that the change was made of; another one refuses it (412)."
        described.setdefault("parameters", []).append(_header("If-Match", says))
    described.setdefault("parameters", []).extend(
        {"name": name, "in": "header", "required": required, "schema": {"type": "string"}}
        for name, required in operation.headers
    )
    if operation.media:
        described["requestBody"] = {"required": True, "content": {operation.media: text}}
    if operation.gives:
        whole = {"schema": {"type": "string", "format": "binary"}}  # else generated clients decode a picture as a text
        content = {operation.gives: text if operation.gives.startswith(("text/", bulk.MEDIA_TYPE)) else whole}
        described["responses"][str(operation.status)]["content"] = content
    if operation.name == "video_piece":
        described["responses"][str(MISMATCH)] = {"$ref": f"#/components/responses/Problem{MISMATCH}"}
    if operation.name == "job_events":
        described["responses"]["204"] = {"description": "The job is over, and you have its last event."}
    if operation.makes:
        says = "Sent again with the same key within 24 hours, the request gets the same answer."
        key = {"minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
        described.setdefault("parameters", []).append(_header("Idempotency-Key", says, **key))


def _header(name: str, says: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": says,
        "schema": {"type": "string", **more},
    }
