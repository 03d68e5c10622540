"""The way of a request of this interface: its operation, its signature, the rate, the permission, the act, its answer.

Owns the table of its operations, which is closed: what has no row is answered as unknown. No session is looked at.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel, ValidationError

from plainview.api import rates
from plainview.api.plain import read_json
from plainview.api.problems import Unusable
from plainview.api.rekognition import acts, errors, shapes
from plainview.api.rekognition.errors import AwsError
from plainview.api.rekognition.signature import token_of
from plainview.audit.logfile import LogFolderError
from plainview.casework.log.channel import Channel, acting_through
from plainview.casework.log.commit import require_unaltered
from plainview.casework.log.guard import permit, record_opened, require_shown_unaltered
from plainview.casework.models import Token
from plainview.casework.models.rows import reading
from plainview.casework.people import idempotency
from plainview.casework.people.tokens import scopes_held
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.recognition.errors import BadMedia, PackError
from plainview.storage.base import StorageError, is_full, said_of

PATH = "/compat/rekognition"

MOST_BYTES = 40 << 20
"""Bytes of a request: two pictures of 15 MB as base64 text."""

_TARGET = "RekognitionService."
_log = logging.getLogger("plainview.api")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its act, its parameters, the permission that its key needs, and whether its act is recorded."""

    act: Callable[[acts.Asked, Any], dict[str, Any]]
    parameters: type[BaseModel]
    who: Permission
    acts: bool = False


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateCollection": Operation(acts.create_collection, shapes.Collection, Permission.GALLERY_LIST),
        "DeleteCollection": Operation(acts.delete_collection, shapes.Collection, Permission.GALLERY_LIST),
        "ListCollections": Operation(acts.list_collections, shapes.Part, Permission.GALLERY_LIST),
        "DescribeCollection": Operation(acts.describe_collection, shapes.Collection, Permission.GALLERY_LIST),
        "IndexFaces": Operation(acts.index_faces, shapes.IndexFaces, Permission.GALLERY_ENROL, acts=True),
        "ListFaces": Operation(acts.list_faces, shapes.ListFaces, Permission.GALLERY_LIST),
        "DeleteFaces": Operation(acts.delete_faces, shapes.DeleteFaces, Permission.REFERENCE_EXPUNGE, acts=True),
        "DetectFaces": Operation(acts.detect_faces, shapes.DetectFaces, Permission.SEARCH_RUN),
        "CompareFaces": Operation(acts.compare_faces, shapes.CompareFaces, Permission.SEARCH_RUN, acts=True),
        "SearchFacesByImage": Operation(acts.search_by_image, shapes.SearchByImage, Permission.SEARCH_RUN, acts=True),
        "SearchFaces": Operation(acts.search_by_face, shapes.SearchByFace, Permission.SEARCH_RUN, acts=True),
    }
)
"""Every operation, by the name that boto3 gives it."""


def answered(request: HttpRequest) -> HttpResponse:
    """Return the answer to a request, whatever happens."""
    request_id = secrets.token_hex(16)
    sealed = {
        "address": str(request.META.get("REMOTE_ADDR", "")),
        "user_agent": request.META.get("HTTP_USER_AGENT", "")[:300],
        "interface": "rekognition",
    }
    try:
        with acting_through(Channel("api", sealed)):
            answer = _answer(request, sealed)
    except Exception as error:
        answer = errors.answer(_of_error(error, request_id), request_id)
    answer.headers["x-amzn-RequestId"] = request_id
    return answer


def _of_error(error: Exception, request_id: str) -> AwsError:
    match error:
        case AwsError():
            return error
        case Refused(rule_id="idempotency.running"):  # the same call, in the same second: boto3 sends it again, later
            return AwsError("ThrottlingException", f"{error.why} {error.next_step} [{error.rule_id}]")
        case Refused():
            return errors.of_refusal(error)
        case BadMedia():
            return errors.of_media(error)
        case Unusable():
            name = "ThrottlingException" if error.rule == rates.RULE else "SerializationException"
            return AwsError(name, f"{error.why} [{error.rule}]")
        case ValidationError():
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return errors.invalid(f"{where}: {first['msg']} [api.fields]")
        case PackError():
            return AwsError("InternalServerError", f"{error.why} {error.next_step} [model.pack]", 500)
    if isinstance(error, LogFolderError | StorageError | DatabaseError) or is_full(error):
        says = f"{said_of(error) or 'The log cannot be written.'} Nothing was done [log.unwritable]."
        return AwsError("InternalServerError", says, 500)
    _log.error("an operation failed", exc_info=error, extra={"known": {"reference": request_id}})
    return AwsError("InternalServerError", f"Something went wrong here. Reference {request_id}.", 500)


def _answer(request: HttpRequest, sealed: Mapping[str, str]) -> HttpResponse:
    if find_spec("botocore") is None:
        raise AwsError("ServiceUnavailableException", "This server was installed without the extra rekognition.", 503)
    if request.method != "POST":
        raise AwsError("UnknownOperationException", "Operations are called with POST.", 404)
    name = request.META.get("HTTP_X_AMZ_TARGET", "").removeprefix(_TARGET)
    operation = OPERATIONS.get(name)
    if operation is None:
        raise AwsError("UnknownOperationException", f"There is no operation {name[:60]!r} here.", 404)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise AwsError("ImageTooLargeException", f"The request has more than {MOST_BYTES >> 20} MB [api.body].")
    body = request.read()
    token, signature = token_of(request, body)
    member = token.member
    channel = Channel("api", sealed, token.public_id, scopes_held(token))
    with acting_through(channel), reading(require_unaltered):
        rates.spend(token)
        permit(operation.who.value, operation.who, member)
        record_opened(member, name, request.path)
        parameters = operation.parameters.model_validate(read_json(body))
        asked = acts.Asked(
            member,
            token,
            request.META.get("HTTP_X_PLAINVIEW_CASE", "") or token.case,
            request.META.get("HTTP_X_PLAINVIEW_PURPOSE", "") or token.purpose,
            request.META.get("HTTP_X_PLAINVIEW_ORIGIN", ""),
        )

        def act() -> bytes:
            content = json.dumps(operation.act(asked, parameters)).encode()
            require_shown_unaltered(member)
            return content

        content = _once(token, signature, act) if operation.acts else act()
    return HttpResponse(content, content_type=errors.MEDIA_TYPE)


def _once(token: Token, signature: str, act: Callable[[], bytes]) -> bytes:
    """Answer the first request of a signature, and every further one in the same way."""
    begun = idempotency.begin(token, f"sigv4:{signature}", signature)
    if isinstance(begun, idempotency.Stored):
        return begun.body
    try:
        content = act()
    except BaseException:
        idempotency.give_up(begun)
        raise
    idempotency.finish(begun, idempotency.Stored(200, {}, content))
    return content
